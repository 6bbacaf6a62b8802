# SPDX-License-Identifier: Apache-2.0
"""The programs that measure and are measured, and how each is called."""

import os
import subprocess
from functools import cached_property
from pathlib import Path

from .errors import BenchError, NotMeasurable

TOP = Path(__file__).resolve().parent.parent.parent
SOURCES = TOP / "Benchmarks/tools"


class Tools:
    def __init__(self, bench):
        self._bench = bench
        self._directory = bench.fresh("tools")
        self.measured = self._compiled("measured")
        self.peer = ["/usr/bin/python3", TOP / "Interop/Peers/artifact_peer.py"]

    def _compiled(self, name, *options):
        program = self._directory / name
        command = ["gcc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(SOURCES / f"{name}.c"), *options]
        try:
            built = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        except FileNotFoundError:
            raise BenchError("there is no gcc, which builds the benchmarks' own tools: "
                             "install it with 'apt-get install gcc libc6-dev'") from None
        if built.returncode != 0:
            raise BenchError(f"'{' '.join(command)}' fails: {built.stderr.strip()}")
        return program

    @cached_property
    def bare_work(self):
        """Deflates, hashes and writes objects, and does nothing else."""
        has_isal = Path("/usr/include/isa-l/igzip_lib.h").exists()
        isal = ["-DHAVE_ISAL", "-lisal"] if has_isal else []
        return self._compiled("bare_work", *isal[:1], "-ldeflate", "-lcrypto", "-lpthread", *isal[1:])

    @cached_property
    def empty(self):
        """Does nothing, with the libraries loaded that our programs are linked with."""
        libraries = self.run("pkg-config", "--libs", "glib-2.0", "libcrypto", "libdeflate", "libisal", "liblzma", "zlib",
                             "yaml-0.1", "libmicrohttpd").split()
        return self._compiled("empty", "-Wl,--no-as-needed", *libraries)

    @cached_property
    def ostree_push(self):
        """The directory with ostree-push and its receivers."""
        directory = Path(os.environ.get("PEERS_VENV", TOP / ".build/peers-venv")) / "bin"
        if not (directory / "ostree-push").exists():
            raise NotMeasurable(f"there is no ostree-push in {directory}: run Interop/Peers/install")
        return directory

    def help(self, *command):
        """The help text of one of our commands, or None where there is no such command."""
        program = [str(self._bench.programs / "bst-artifact"), *command]
        shown = subprocess.run([*program, "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, check=False)
        # An unknown subcommand gets the help of the command above it.
        return shown.stdout if f"USAGE: bst-artifact {' '.join(command)}" in shown.stdout else None

    def run(self, *command, environment=None, stdout=subprocess.PIPE):
        """Runs what is not measured; returns what it says."""
        words = [str(word) for word in command]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, check=False,
                              env=environment or self._bench.environment)
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise BenchError(f"'{' '.join(words)}' ends with status {done.returncode}: {said}")
        return done.stdout.decode() if done.stdout is not None else ""
