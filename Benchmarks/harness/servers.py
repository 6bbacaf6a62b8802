# SPDX-License-Identifier: Apache-2.0
"""sshd, nginx and relays of the benchmark's own, on free ports of 127.0.0.1."""

import getpass
import os
import socket
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path

from .errors import BenchError

RELAY = Path(__file__).resolve().parent.parent / "tools/relay.py"

SSHD_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/user_key.pub
AuthenticationMethods publickey
PermitRootLogin yes
StrictModes no
UseDNS no
PrintMotd no
MaxStartups 100
SetEnv "PATH={path}"
"""

SSH_CONFIG = """\
Host *
HostName 127.0.0.1
HostKeyAlias bench
Port {port}
User {user}
IdentityFile {folder}/user_key
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile {folder}/known_hosts
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
pid {folder}/nginx.pid;
lock_file {folder}/nginx.lock;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {folder}/tls.pem;
        ssl_certificate_key {folder}/tls_key.pem;
        root {root};
    }}
}}
"""


class Servers:
    """Each is started when it is first needed, and stopped by its process number at the end."""

    def __init__(self, bench):
        self._bench = bench
        self._running = []

    # -- ssh -------------------------------------------------------------------------------

    @cached_property
    def ssh_port(self):
        """The port of a running sshd that lets ssh in with ssh_config."""
        folder, port = self.ssh_folder, free_port()
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        for name in ("host_key", "user_key"):
            self._bench.tools.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", folder / name)
        key = (folder / "host_key.pub").read_text()
        (folder / "known_hosts").write_text(f"bench {key}")
        (folder / "ssh_config").write_text(SSH_CONFIG.format(port=port, folder=folder, user=getpass.getuser()))
        # Without PAM, sshd turns away users whose password is locked; PAM itself needs root.
        pam = "UsePAM yes\n" if os.geteuid() == 0 and Path("/etc/pam.d/sshd").exists() else ""
        path = self._bench.environment["PATH"]
        (folder / "sshd_config").write_text(SSHD_CONFIG.format(port=port, folder=folder, path=path) + pam)
        self._start(["/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config"], port)
        return port

    @cached_property
    def ssh_folder(self):
        return self._bench.fresh("ssh")

    def ssh(self, port=None):
        """ssh and its options, as one text; through a relay, if that port is named."""
        return f"ssh -F {self.ssh_folder}/ssh_config -p {port or self.ssh_port}"

    @cached_property
    def ssh_on_path(self):
        """A folder with an ssh that knows our sshd, for programs that cannot be told another."""
        self.ssh_port
        folder = self._bench.fresh("bin")
        (folder / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {self.ssh_folder}/ssh_config "$@"\n')
        (folder / "ssh").chmod(0o755)
        return folder

    # -- HTTPS -----------------------------------------------------------------------------

    @cached_property
    def https_port(self):
        """The port of a running nginx that serves the whole folder of the benchmark."""
        folder, port = self.https_folder, free_port()
        self._bench.tools.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
            folder / "tls_key.pem", "-out", folder / "tls.pem")
        (folder / "nginx.conf").write_text(NGINX_CONFIG.format(
            user="user root;" if os.geteuid() == 0 else "", cores=os.cpu_count(), folder=folder, port=port,
            root=self._bench.folder))
        self._start(["/usr/sbin/nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf", "-g",
                     "daemon off;"], port)
        return port

    @cached_property
    def https_folder(self):
        return self._bench.fresh("https")

    @property
    def authority(self):
        """The certificate to trust."""
        return self.https_folder / "tls.pem"

    def url(self, repository, port=None):
        """Where a repository is served; through a relay, if that port is named."""
        return f"https://localhost:{port or self.https_port}/{repository.relative_to(self._bench.folder)}"

    # -- Relays ----------------------------------------------------------------------------

    def delaying(self, port, milliseconds):
        """The port of a relay that passes everything on after so long a time, in each direction."""
        relay = free_port()
        self._start([sys.executable, RELAY, "--delay", milliseconds / 1000, relay, port], relay)
        return relay

    def counting(self, port):
        """The port of a relay that counts what passes, and the file in which its count is."""
        relay, count = free_port(), self._bench.fresh("count") / "bytes"
        self._start([sys.executable, RELAY, "--count", count, relay, port], relay)
        return relay, count

    # -- All -------------------------------------------------------------------------------

    def _start(self, command, port):
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
                    return
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
