# SPDX-License-Identifier: Apache-2.0
"""Ceph, with two S3 gateways and one bucket, and what it does for a run: requests, processor time."""

import collections
import os
import re
import time
import urllib.parse
import xml.etree.ElementTree
from functools import lru_cache
from pathlib import Path

from .errors import BenchError
from .servers import free_port

SCRIPT = Path(__file__).resolve().parent.parent.parent / "Interop/Peers/ceph"
BUCKET = "bench"
POLICY = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bench/*"}]}"""
# A line of a gateway's log for each request that has ended.
REQUEST = re.compile(r'beast: .* "(\S+) (\S+) HTTP/[\d.]+" (\d+) ')
PROGRAMS = ("radosgw", "ceph-osd")
# The script's own, in the form for curl and in that of the AWS tools.
SIGNED = """aws-sigv4 = "aws:amz:us-east-1:s3"
user = "access:secret"
header = "x-amz-content-sha256: UNSIGNED-PAYLOAD"
"""
PROFILE = """[{name}]
region = us-east-1
aws_access_key_id = access
aws_secret_access_key = secret
endpoint_url = {endpoint}
"""


class Ceph:
    """Started when it is first needed. Its data are in memory."""

    def __init__(self, bench):
        self._bench = bench
        self._directory = bench.fresh("ceph") / "run"
        ports = [free_port(2), free_port()]
        self._script = bench.servers.start([SCRIPT, "run", self._directory, *ports], ports[1])
        for _ in range(500):
            if (self._directory / "endpoints").exists():
                break
            time.sleep(0.02)
        self.gateways = (self._directory / "endpoints").read_text().split()
        self._add_profile("default", self.gateways[0])
        self._add_profile("profile second", self.gateways[1])
        self.curl = bench.fresh("curl") / "signed"
        self.curl.write_text(SIGNED)
        self._request("PUT", "")
        self._request("PUT", "?policy=", "--data-binary", POLICY)
        self._read = [0 for _ in self.gateways]
        self._marks, self._caches = 0, 0

    def _add_profile(self, name, endpoint):
        with open(self._bench.aws_settings, "a") as settings:
            settings.write(PROFILE.format(name=name, endpoint=endpoint))

    @lru_cache(maxsize=None)
    def through(self, link):
        """The profile with which programs reach the first gateway through a relay."""
        port = self._bench.servers.through(int(self.gateways[0].rpartition(":")[2]), link)
        self._add_profile(f"profile port-{port}", f"http://127.0.0.1:{port}")
        return f"port-{port}"

    def _request(self, method, rest, *options):
        """Sends a signed request for the bucket or what is in it."""
        return self._bench.tools.run("curl", "-sS", "-f", "-K", self.curl, "-X", method, *options,
                                     f"{self.gateways[0]}/{BUCKET}{rest}")

    def cache(self, *, is_new=True):
        """A place in the bucket for a cache, which is made there."""
        self._caches += 1
        cache = Cache(self._bench, f"cache-{self._caches}")
        if is_new:
            self._bench.tools.run(self._bench.programs / "bst-artifact", "init", "--quiet", cache.path)
        return cache

    def list(self, prefix):
        """The keys below a prefix, and the size of each."""
        found, last = {}, ""
        while True:
            query = urllib.parse.urlencode({"list-type": 2, "prefix": prefix, "start-after": last})
            page = xml.etree.ElementTree.fromstring(self._request("GET", f"?{query}"))
            space = page.tag.removesuffix("ListBucketResult")
            for entry in page.iter(f"{space}Contents"):
                last = entry.findtext(f"{space}Key")
                found[last] = int(entry.findtext(f"{space}Size"))
            if page.findtext(f"{space}IsTruncated") != "true":
                return found

    def read(self, key):
        return self._request("GET", f"/{key}")

    # -- Use -------------------------------------------------------------------------------

    def use(self):
        """The requests by kind since this was called last, and the processor time of each program so far.

        A request of our own ends what a gateway's log has of the others.
        """
        self._marks += 1
        used = collections.Counter()
        for index, gateway in enumerate(self.gateways):
            mark = f"/{BUCKET}/mark-{self._marks}"
            self._bench.tools.run("curl", "-sS", "-o", "/dev/null", gateway + mark)
            for method, target in self._log(index, mark):
                used["LIST" if "list-type=2" in target else method] += 1
        return used, self._processor_time()

    def _log(self, index, mark):
        with open(self._directory / f"log/client.rgw{index}.log") as log:
            log.seek(self._read[index])
            for _ in range(500):
                for line in iter(log.readline, ""):
                    found = REQUEST.search(line)
                    if found and found[2] == mark:
                        self._read[index] = log.tell()
                        return
                    if found and not found[2].startswith(f"/{BUCKET}/mark-"):
                        yield found[1], found[2]
                time.sleep(0.02)
        raise BenchError(f"the log of the gateway {self.gateways[index]} does not have the last request")

    def _processor_time(self):
        """The seconds that the programs have used so far, together for those of one name."""
        seconds = collections.Counter()
        children = Path(f"/proc/{self._script.pid}/task/{self._script.pid}/children").read_text()
        for child in children.split():
            name, fields = re.search(r"\((.*)\) (.*)", Path(f"/proc/{child}/stat").read_text()).groups()
            if name in PROGRAMS:
                user, system = fields.split()[11:13]
                seconds[name] += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        return seconds


class Cache:
    """A cache in the bucket, as the benchmark looks at it: as much of a Repository as its checks need."""

    def __init__(self, bench, prefix):
        self._bench, self.prefix = bench, prefix
        self.path = f"s3://{BUCKET}/{prefix}"

    def url(self, gateway=0):
        return f"{self._bench.ceph.gateways[gateway]}/{BUCKET}/{self.prefix}"

    def commit(self, ref):
        return self._bench.ceph.read(f"{self.prefix}/refs/heads/{ref}").strip()

    def _list(self):
        """The sizes of objects, by name."""
        top = f"{self.prefix}/objects/"
        return {key.removeprefix(top).replace("/", ""): size for key, size in self._bench.ceph.list(top).items()}

    def objects(self):
        """The names of all objects, files as `.file`."""
        return {name.removesuffix("z") if name.endswith(".filez") else name for name in self._list()}

    def size(self):
        """The bytes of all objects."""
        return sum(self._list().values())

    def fsck(self, tools):
        """Lets ostree pull all refs, and look at every object."""
        local = self._bench.data.repository("archive", "pulled")
        tools.run("ostree", "remote", "add", f"--repo={local.path}", "--no-gpg-verify", "bench", self.url())
        tools.run("ostree", "pull", "--mirror", f"--repo={local.path}", "bench")
        local.fsck(tools)
