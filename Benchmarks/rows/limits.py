# SPDX-License-Identifier: Apache-2.0
"""The least that a push or a pull can be: contestants that do its bare work through the same connection.

They read objects, deflate or inflate and hash files, write and sync all of them, on all cores. They know the names before
they begin, check and publish nothing, and leave nothing that a killed one could be continued from."""

import shlex

from harness.errors import BenchError
from harness.measure import Attempt

NAME = "bare work"
# As many transfers as bst-artifact pull has under way.
TRANSFERS = 128
REQUESTS = f"curl -Z --parallel-max {TRANSFERS}"

# The compression of bst-artifact push by default: of files up to 1 MiB, and of larger ones.
SMALL, LARGE = "1", "isal"
# That of `--compression small`.
SMALLEST = "6"

ONE_BY_ONE = "curl --http2"
ONE_BY_ONE_REMARK = (f"{ONE_BY_ONE}: the same requests, one after the other, with names that are known before. Ours is at the "
                     "limit if it misses the target, and ours takes at most 1.5 × of it")

REQUESTS_REMARK = (f"{REQUESTS}: the same requests to the same server, with names that are known before, no inflating, no "
                   "checks, no sync and no refs. Ours is at the limit if it misses the target, and ours takes at most 1.5 × of it")
REMARK = ("bare work: the same objects through the same connection, deflated, inflated, hashed, written and synced on all "
          "cores, with names that are known before, no checks and no refs. It takes each file whole, on one core, so it is no "
          "bound for a few large files. Ours is at the limit if the bare work misses the target, and ours takes at most 1.5 × "
          "of it")


def push(bench, ref, base=None, method=SMALL, port=None):
    """Deflates on this side of ssh; inflates, hashes, writes and syncs on the other."""
    return _over_ssh(bench, bench.data.cache, bench.data.in_cache, ref, base,
                     lambda listed, directory: (f"{bench.tools.bare_work} send {method} <{listed}",
                                                f"{bench.tools.bare_work} receive {directory}"), is_push=True, port=port)


def files(bench, ref):
    """A list of the files of a commit, as a push reads them."""
    return _list(bench, bench.data.cache, bench.data.cache.closure(bench.data.in_cache(ref)))


def push_over_pipe(bench, ref):
    """The same through a pipe in place of ssh."""

    def prepare(number):
        names, directory = _names(bench, bench.data.cache, bench.data.in_cache, ref, None), bench.fresh("bare")
        return _pipeline(f"{bench.tools.bare_work} send {SMALL} <{_list(bench, bench.data.cache, names)}",
                         f"{bench.tools.bare_work} receive {directory}", directory, names)

    return prepare


def pull_over_ssh(bench, ref):
    """Reads on the other side of ssh; inflates, hashes, writes and syncs on this one."""
    return _over_ssh(bench, bench.data.archive, bench.data.in_archive, ref, None,
                     lambda listed, directory: (f"{bench.tools.bare_work} send as-is <{listed}",
                                                f"{bench.tools.bare_work} unpack {directory}"), is_push=False)


def pull_over_https(bench, ref, mode="bare-user"):
    """Fetches all objects as one file with curl; inflates, hashes, writes and syncs."""
    word = "receive" if mode == "archive" else "unpack"

    def prepare(number):
        names = _names(bench, bench.data.archive, bench.data.in_archive, ref(number), None)
        directory = bench.fresh("bare")
        url = bench.servers.url(_stream(bench, names))
        fetch = ["curl", "-sS", "-f", "--cacert", bench.servers.authority, url]
        return _pipeline(shlex.join(map(str, fetch)), f"{bench.tools.bare_work} {word} {directory}", directory, names)

    return prepare


def requests(bench, ref, base=None, archive=None, port=None, program=REQUESTS):
    """The same requests by curl, which keeps what comes as it comes."""
    archive = archive or bench.data.archive

    def prepare(number):
        names = sorted(f"{name}z" if name.endswith(".file") else name
                       for name in _names(bench, archive, archive.commit, ref(number), base))
        directory, config = bench.fresh("bare"), bench.fresh("list") / "curl"
        url = bench.servers.url(archive.path, port)
        places = {"ref": f"refs/heads/{ref(number)}"} | {name: f"objects/{name[:2]}/{name[2:]}" for name in names}
        config.write_text("".join(f'url = "{url}/{place}"\noutput = "{directory}/{name}"\n'
                                  for name, place in places.items()))
        return Attempt([*program.split(), "-sS", "-f", "--cacert", bench.servers.authority, "--config", config],
                       verify=lambda: count(directory, len(places)))

    return prepare


def receive(bench, ref):
    """Takes a stream of all objects on its standard input; inflates, hashes, writes and syncs."""

    def prepare(number):
        names, directory = _names(bench, bench.data.archive, bench.data.in_archive, ref, None), bench.fresh("bare")
        return Attempt([bench.tools.bare_work, "receive", directory], stdin=_stream(bench, names),
                       verify=lambda: count(directory, len(names)))

    return prepare


def _stream(bench, names):
    """One file with objects of the archive, each behind a header."""
    path = bench.fresh("stream") / "objects"
    with open(path, "wb") as file:
        listed = _list(bench, bench.data.archive, names)
        bench.tools.run("sh", "-c", f"{bench.tools.bare_work} send as-is <{listed}", stdout=file)
    return path


def _over_ssh(bench, repository, commit, ref, base, commands, is_push, port=None):
    ssh = f"{bench.servers.ssh(port)} localhost"

    def prepare(number):
        names, directory = _names(bench, repository, commit, ref(number), base), bench.fresh("bare")
        send, receive = commands(_list(bench, repository, names), directory)
        if is_push:
            return _pipeline(send, f"{ssh} {shlex.quote(receive)}", directory, names)
        return _pipeline(f"{ssh} {shlex.quote(send)} </dev/null", receive, directory, names)

    return prepare


def _names(bench, repository, commit, ref, base):
    names = repository.closure(commit(ref))
    return sorted(names - repository.closure(commit(base)) if base else names)


def _list(bench, repository, names):
    listed = bench.fresh("list") / "objects"
    suffix = "z" if repository is bench.data.archive else ""
    listed.write_text("".join(
        f"{repository.path}/objects/{name[:2]}/{name[2:]}{suffix if name.endswith('.file') else ''}\n"
        for name in names))
    return listed


def _pipeline(send, receive, directory, names):
    return Attempt(["bash", "-o", "pipefail", "-c", f"{send} | {receive}"],
                   verify=lambda: count(directory, len(names)))


def count(directory, expected):
    present = sum(1 for _ in directory.iterdir())
    if present != expected:
        raise BenchError(f"{directory} has {present} files, not {expected}")
