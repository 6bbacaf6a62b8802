# SPDX-License-Identifier: Apache-2.0
"""sshd, nginx, bst-artifact serve and relays of the benchmark's own, on free ports of 127.0.0.1."""

import contextlib
import getpass
import os
import re
import socket
import subprocess
import sys
import time
from functools import cached_property, lru_cache
from pathlib import Path

from .errors import BenchError

RELAY = Path(__file__).resolve().parent.parent / "tools/relay.py"

SSHD_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {directory}/host_key
PidFile none
AuthorizedKeysFile {directory}/user_key.pub
AuthenticationMethods publickey
PermitRootLogin yes
StrictModes no
UseDNS no
PrintMotd no
MaxStartups 100
SetEnv {environment}
"""

SSH_CONFIG = """\
Host *
HostName 127.0.0.1
HostKeyAlias bench
Port {port}
User {user}
IdentityFile {directory}/user_key
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile {directory}/known_hosts
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking yes
UpdateHostKeys no
BatchMode yes
"""

# One connection carries all objects of a pull: nginx ends it after 1,000 requests unless told otherwise, and neither
# contestant is to be measured at reconnecting.
NGINX_CONFIG = """\
{user}
worker_processes {cores};
pid {directory}/nginx.pid;
lock_file {directory}/nginx.lock;
error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        listen 127.0.0.1:{plain};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {directory}/tls.pem;
        ssl_certificate_key {directory}/tls_key.pem;
        root {root};
    }}
}}
"""


class Servers:
    """Each is started when it is first needed, and stopped by its process number at the end."""

    def __init__(self, bench):
        self._bench = bench
        self._running = []
        self._serving = {}

    # -- ssh -------------------------------------------------------------------------------

    @cached_property
    def ssh_port(self):
        """The port of a running sshd that lets ssh in with ssh_config."""
        directory, port = self.ssh_directory, free_port()
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        for name in ("host_key", "user_key"):
            self._bench.tools.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", directory / name)
        key = (directory / "host_key.pub").read_text()
        (directory / "known_hosts").write_text(f"bench {key}")
        (directory / "ssh_config").write_text(SSH_CONFIG.format(port=port, directory=directory, user=getpass.getuser()))
        # Without PAM, sshd turns away users whose password is locked; PAM itself needs root.
        pam = "UsePAM yes\n" if os.geteuid() == 0 and Path("/etc/pam.d/sshd").exists() else ""
        names = ["PATH", "XDG_CACHE_HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]
        environment = " ".join(f'"{name}={self._bench.environment[name]}"' for name in names)
        (directory / "sshd_config").write_text(SSHD_CONFIG.format(
            port=port, directory=directory, environment=environment) + pam)
        self.start(["/usr/sbin/sshd", "-D", "-e", "-f", directory / "sshd_config"], port)
        return port

    @cached_property
    def ssh_directory(self):
        return self._bench.fresh("ssh")

    def ssh(self, port=None):
        """ssh and its options, as one text; through a relay, if that port is named."""
        return f"ssh -F {self.ssh_directory}/ssh_config -p {port or self.ssh_port}"

    @lru_cache(maxsize=None)
    def ssh_on_path(self, port=None):
        """A directory with an ssh that knows our sshd, for programs that cannot be told another."""
        directory = self._bench.fresh("bin")
        (directory / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/{self.ssh(port)} "$@"\n')
        (directory / "ssh").chmod(0o755)
        return directory

    # -- HTTPS -----------------------------------------------------------------------------

    @cached_property
    def https_port(self):
        """The port of a running nginx that serves the whole directory of the benchmark."""
        directory, port = self._https_directory, free_port()
        (directory / "nginx.conf").write_text(NGINX_CONFIG.format(
            user="user root;" if os.geteuid() == 0 else "", cores=os.cpu_count(), directory=directory, port=port,
            plain=self._plain_port, root=self._bench.directory))
        self.start(["/usr/sbin/nginx", "-p", directory, "-e", directory / "error.log", "-c", directory / "nginx.conf",
                     "-g", "daemon off;"], port)
        return port

    @cached_property
    def _plain_port(self):
        return free_port()

    def plain_url(self, repository):
        """The address at which the same nginx serves a repository without TLS, by HTTP/1.1."""
        secure, plain = f"https://localhost:{self.https_port}/", f"http://localhost:{self._plain_port}/"
        return self.url(repository).replace(secure, plain)

    @cached_property
    def _https_directory(self):
        directory = self._bench.fresh("https")
        self._bench.tools.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
            directory / "tls_key.pem", "-out", directory / "tls.pem")
        return directory

    @property
    def authority(self):
        """The certificate to trust."""
        return self._https_directory / "tls.pem"

    def url(self, repository, port=None):
        """The address at which nginx serves a repository; through a relay, if that port is named."""
        return f"https://localhost:{port or self.https_port}/{repository.relative_to(self._bench.directory)}"

    @lru_cache(maxsize=None)
    def serve_port(self, repository):
        """The port of a running `bst-artifact serve` of one repository."""
        port = free_port()
        # A quarter of all connections is for one address, which clients share here.
        self._serving[repository] = self.start(
            [self._bench.programs / "bst-artifact", "serve", "--listen", f"127.0.0.1:{port}", "--max-connections", 4096,
             "--certificate", self.authority, "--key", self._https_directory / "tls_key.pem", repository], port)
        return port

    def serve_url(self, repository, port=None):
        """The address at which `bst-artifact serve` serves a repository; through a relay, if that port is named."""
        return f"https://localhost:{port or self.serve_port(repository)}"

    def serve_peak(self, repository):
        """The most memory that `bst-artifact serve` of a repository has taken so far, in bytes."""
        status = Path(f"/proc/{self._serving[repository].pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+)", status).group(1)) * 1024

    # -- Relays ----------------------------------------------------------------------------

    @lru_cache(maxsize=None)
    def through(self, port, link):
        """The port of a relay that passes everything on as a link does; without a link, the port itself."""
        if link is None:
            return port
        relay = free_port()
        self.start([sys.executable, RELAY, *link.options, relay, port], relay)
        return relay

    def counting(self, port):
        """The port of a relay that counts what passes, and the file in which its count is."""
        relay, count = free_port(), self._bench.fresh("count") / "bytes"
        self.start([sys.executable, RELAY, "--count", count, relay, port], relay)
        return relay, count

    # -- All -------------------------------------------------------------------------------

    def start(self, command, port):
        """Starts a server, and waits until it takes connections at a port."""
        log = self._bench.fresh("server") / "log"
        with open(log, "wb") as output:
            # In a session of its own, so that Ctrl-C reaches the driver only, which then stops it.
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, start_new_session=True, env=self._bench.environment)
        self._running.append(process)
        for _ in range(500):
            if process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            time.sleep(0.02)
        raise BenchError(f"{Path(command[0]).name} does not start: {log.read_text(errors='replace').strip()}")

    def stop(self):
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running = []


def free_port(count=1):
    """The first of so many free ports that follow each other."""
    while True:
        with contextlib.ExitStack() as probes:
            first = 0
            try:
                for offset in range(count):
                    probe = probes.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", first + offset))
                    first = first or probe.getsockname()[1]
                return first
            except OSError:
                pass
