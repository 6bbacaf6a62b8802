# SPDX-License-Identifier: Apache-2.0
"""The machine and the versions that results belong to."""

import os
import platform
import re
import subprocess
from pathlib import Path


def describe(top):
    """Facts that the results are to be read with."""
    cpu = _find(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo"))
    memory = int(_find(r"MemTotal:\s*(\d+)", Path("/proc/meminfo")) or 0) * 1024
    commit = _output("git", "-C", str(top), "rev-parse", "HEAD")
    changed = _output("git", "-C", str(top), "status", "--porcelain", "--untracked-files=no")
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory,
        "kernel": platform.release(),
        "debian": _read(Path("/etc/debian_version")),
        "commit": commit + (" with changes" if changed else ""),
        "load_at_start": os.getloadavg()[0],
        "versions": {
            "ostree": _find(r"Version: '([^']*)'", _output("ostree", "--version")),
            "curl": _find(r"curl (\S+)", _output("curl", "--version")),
            "openssl": _find(r"OpenSSL (\S+)", _output("openssl", "version")),
            "swift": _find(r"Swift version (\S+)", _output("swift", "--version")),
            "nginx": _find(r"nginx/(\S+)", _output("nginx", "-v")),
            "openssh": _find(r"OpenSSH_(\S+?),?\s", _output("ssh", "-V")),
        },
    }


def _output(*command):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _read(path):
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _find(pattern, source):
    found = re.search(pattern, _read(source) if isinstance(source, Path) else source)
    return found.group(1).strip() if found else ""
