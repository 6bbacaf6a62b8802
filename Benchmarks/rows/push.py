# SPDX-License-Identifier: Apache-2.0
"""Pushes over ssh."""

from harness.data import HEADERS, PROGRAMS, next_ref
from harness.measure import Attempt
from harness.rows import Outcome, at_most, faster, milliseconds, row, times

from .pushing import BUILDSTREAM, OSTREE_PUSH, OURS, buildstream, fixed, fresh, only, ostree_push, ours


@row("push-headers", "push /usr/include to an empty cache, over ssh")
def push_headers(bench):
    bench.data.in_cache(HEADERS)
    what = fixed(HEADERS), fresh(bench), only(HEADERS)
    peer, own = bench.race({BUILDSTREAM: buildstream(bench, *what), OURS: ours(bench, *what)})
    return Outcome([peer, own], [faster(own, peer, 4)])


@row("push-programs", "push three large programs to an empty cache, over ssh")
def push_programs(bench):
    bench.data.in_cache(PROGRAMS)
    what = fixed(PROGRAMS), fresh(bench), only(PROGRAMS)
    contestants = {BUILDSTREAM: buildstream(bench, *what), OURS: ours(bench, *what)}
    has_levels = "--compression" in bench.tools.help("push")
    if has_levels:
        contestants[f"{OURS} --compression small"] = ours(bench, *what, options=["--compression", "small"])
    peer, own, *small = bench.race(contestants)

    def stored(figures, limit):
        ratio = figures.other("stored_bytes") / peer.other("stored_bytes")
        return at_most(ratio, limit, f"{figures.name}: stored size, of {peer.name}'s,", times)

    verdicts = [faster(own, peer, 4), stored(own, 1.15)]
    for figures in small:
        verdicts += [faster(figures, peer, 1.4), stored(figures, 1.02)]
    remarks = [] if has_levels else [
        "bst-artifact push has no --compression: its only level is measured, and ‘small’ is not"]
    return Outcome([peer, own, *small], verdicts, remarks)


@row("push-next", "push headers of which 1 % changed, to a cache that has the others, over ssh")
def push_next(bench):
    refs = [HEADERS, *map(next_ref, range(bench.runs + 1))]
    for ref in refs:
        bench.data.in_archive(ref)
    source = bench.data.repository("archive", "source")
    bench.tools.run("ostree", "pull-local", f"--repo={source.path}", bench.data.archive.path, *refs)
    remotes = {name: bench.data.repository("archive", "remote") for name in (BUILDSTREAM, OSTREE_PUSH, OURS)}
    for name, remote in remotes.items():
        # Ours got them from its own receiver, which remembers what is complete.
        bench.tools.run(*(
            [bench.programs / "bst-artifact", "push", "--quiet", "--repo", bench.data.cache.path, "--remote",
             remote.path, HEADERS] if name == OURS else
            ["ostree", "pull-local", f"--repo={remote.path}", bench.data.archive.path, HEADERS]))

    # Each run pushes another hundredth, so that no run needs a copy of the cache.
    def what(name):
        return next_ref, fixed(remotes[name]), lambda number: [HEADERS, *map(next_ref, range(number + 1))]

    peer, other, own = bench.race({
        BUILDSTREAM: buildstream(bench, *what(BUILDSTREAM)),
        OSTREE_PUSH: ostree_push(bench, next_ref, fixed(remotes[OSTREE_PUSH]), source),
        OURS: ours(bench, *what(OURS)),
    })
    wire, changed = _wire(bench, remotes[OURS], what(OURS))
    own.others["wire_bytes"], own.others["changed_bytes"] = [wire], [changed]
    limit = 1.25 * changed + (64 << 10)
    return Outcome([peer, other, own], [
        faster(own, peer, 10), faster(own, other, 5),
        at_most(wire, limit, "bytes on the wire", lambda count: f"{count / 1024:.0f} KiB")])


def _wire(bench, remote, what):
    """How many bytes one more push sends and receives, encrypted, and how many its changed objects have, compressed."""
    number, before = bench.runs, remote.objects()
    port, count = bench.servers.counting(bench.servers.ssh_port)
    attempt = ours(bench, *what, port=port)(number)
    bench.tools.run(*attempt.command)
    attempt.verify()
    return int(count.read_text()), remote.size(remote.objects() - before)


@row("push-noop", "push what the cache has, over ssh")
def push_noop(bench):
    bench.data.in_cache(HEADERS)
    remote = bench.data.repository("archive", "remote")
    bench.tools.run(bench.programs / "bst-artifact", "push", "--quiet", "--repo", bench.data.cache.path, "--remote",
                    remote.path, HEADERS)
    login = bench.servers.ssh().split() + ["localhost", "true"]
    ssh, own = bench.race({
        "ssh HOST true": lambda number: Attempt(login),
        OURS: ours(bench, fixed(HEADERS), fixed(remote), only(HEADERS)),
    })
    return Outcome([ssh, own], [
        at_most(own.seconds - ssh.seconds, 0.080, "time more than ‘ssh HOST true’", milliseconds)])
