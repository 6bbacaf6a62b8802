# SPDX-License-Identifier: Apache-2.0
"""Who pulls, and how: each function returns what prepares a run, given its number."""

from harness.measure import Attempt

OURS, OSTREE = "bst-artifact pull", "ostree pull"


def fresh(bench, mode):
    """An empty repository for each run."""
    return lambda number: bench.data.repository(mode, "local")


def ours(bench, ref, local, expected, port=None, source=None, address=None):
    """bst-artifact pull over HTTPS from the archive, unless another address is named."""

    def prepare(number):
        target = local(number)
        return Attempt(
            [bench.programs / "bst-artifact", "pull", "--quiet", "--repo", target.path, "--ca",
             bench.servers.authority, "--remote",
             address or bench.servers.url(bench.data.archive.path, port), ref(number)],
            verify=lambda: bench.data.check(target, expected(number), source), repository=target)

    return prepare


def ostree(bench, ref, local, expected, options=(), port=None):
    """ostree pull over HTTPS, which verifies what it gets."""

    def prepare(number):
        target = local(number)
        bench.tools.run("ostree", "remote", "add", f"--repo={target.path}", "--if-not-exists", "--no-gpg-verify",
                        f"--set=tls-ca-path={bench.servers.authority}", "bench",
                        bench.servers.url(bench.data.archive.path, port))
        return Attempt(["ostree", "pull", f"--repo={target.path}", *options, "bench", ref(number)],
                       verify=lambda: bench.data.check(target, expected(number)), repository=target)

    return prepare
