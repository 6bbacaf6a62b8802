# SPDX-License-Identifier: Apache-2.0
"""Programs that pull: each function returns what prepares a run, given its number."""

from harness.errors import NotMeasurable
from harness.measure import Attempt

from .pushing import fixed, later, only, since

OURS, OSTREE = "bst-artifact pull", "ostree pull"
OURS_SSH, OURS_SERVE = "bst-artifact pull (ssh)", "bst-artifact pull (serve)"

LACKS = {
    OSTREE: "verifies what it fetches and moves its refs together, as ours does; for objects that were there before, "
            "its users would have to add 'ostree fsck'",
}


def lacks(name):
    """A remark on what users of another program would have to add to get the same."""
    return f"{name} {LACKS[name]}"


def fresh(bench, mode):
    """An empty repository for each run."""
    return lambda number: bench.data.repository(mode, "local")


def changes(bench, make, base, change, **way):
    """A contestant that pulls another change in each run, so that no run needs a copy of the repository.

    The base is there, got by the same program; `way` says where changes come from.
    """
    for ref in [base, *map(change, range(1, bench.runs + 1))]:
        bench.data.in_archive(ref)
    local = fixed(bench.data.repository("bare-user", "local"))
    start = make(bench, fixed(base), local, only(base))(0)
    bench.tools.run(*start.command)
    start.verify()
    return make(bench, later(change), local, since(base, change), **way)


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


def with_deltas(bench, base, change):
    """An archive with the static deltas from a base to its changes, as `ostree static-delta generate` makes them."""
    refs = [base, *map(change, range(1, bench.runs + 1))]
    for ref in refs:
        bench.data.in_archive(ref)
    deltas = bench.data.repository("archive", "deltas")
    bench.tools.run("ostree", "pull-local", f"--repo={deltas.path}", bench.data.archive.path, *refs)
    for ref in refs[1:]:
        bench.tools.run("ostree", "static-delta", "generate", f"--repo={deltas.path}", f"--from={base}", f"--to={ref}")
    bench.tools.run("ostree", "static-delta", "reindex", f"--repo={deltas.path}")
    return deltas


def can_pull_over_ssh(bench):
    return "--via" in bench.tools.help("pull")


def over_ssh(bench, ref, local, expected, port=None):
    """bst-artifact pull from the receiver, over ssh, of the archive."""
    if not can_pull_over_ssh(bench):
        raise NotMeasurable("'bst-artifact pull' has no --via: it cannot pull over ssh yet")

    def prepare(number):
        target, sample = local(number), bench.fresh("receiver") / "sample"
        receiver = f"{bench.tools.measured} --apart {sample} {bench.programs}/bst-artifact-receive"
        return Attempt(
            [bench.programs / "bst-artifact", "pull", "--quiet", "--via", "ssh", "--repo", target.path, "--ssh",
             bench.servers.ssh(port), "--receiver", receiver, "--remote", f"localhost:{bench.data.archive.path}",
             ref(number)],
            verify=lambda: bench.data.check(target, expected(number)), repository=target,
            parts={"receiver": sample})

    return prepare


def curl(bench, url):
    """curl fetching one file over HTTPS, which no pull can be quicker than."""
    return lambda number: Attempt(["curl", "-sS", "-f", "--cacert", bench.servers.authority, "-o", "/dev/null", url])


def ostree(bench, ref, local, expected, options=(), port=None, source=None, address=None):
    """ostree pull over HTTPS, which verifies what it gets."""

    def prepare(number):
        target = local(number)
        bench.tools.run("ostree", "remote", "add", f"--repo={target.path}", "--force", "--no-gpg-verify",
                        f"--set=tls-ca-path={bench.servers.authority}", "bench",
                        address or bench.servers.url(bench.data.archive.path, port))
        return Attempt(["ostree", "pull", f"--repo={target.path}", *options, "bench", ref(number)],
                       verify=lambda: bench.data.check(target, expected(number), source), repository=target)

    return prepare
