# SPDX-License-Identifier: Apache-2.0
"""Pushes over ssh."""

from harness.data import HEADERS, PROGRAMS, REAL_HEADERS, REAL_PROGRAMS, next_ref
from harness.rows import Outcome, at_most, faster, milliseconds, row, times

from . import limits
from .pushing import (BUILDSTREAM, LOGIN, OSTREE_PUSH, OURS, buildstream, fixed, fresh, having, lacks, later, login,
                      only, ostree_push, ours, since)


def _headers(bench, ref):
    bench.data.in_cache(ref)
    what = fixed(ref), fresh(bench), only(ref)
    peer, own, bare = bench.race({
        BUILDSTREAM: buildstream(bench, *what), OURS: ours(bench, *what), limits.NAME: limits.push(bench, fixed(ref))})
    return Outcome([peer, own, bare], [faster(own, peer, 4, bare)], [*lacks(BUILDSTREAM), limits.REMARK])


@row("push-headers", "push headers to an empty cache, over ssh")
def push_headers(bench):
    return _headers(bench, HEADERS)


@row("push-real-headers", "the same with this machine's /usr/include", is_drawn=False)
def push_real_headers(bench):
    return _headers(bench, REAL_HEADERS)


def _programs(bench, ref):
    bench.data.in_cache(ref)
    what = fixed(ref), fresh(bench), only(ref)
    contestants = {BUILDSTREAM: buildstream(bench, *what), OURS: ours(bench, *what)}
    has_levels = "--compression" in bench.tools.help("push")
    if has_levels:
        contestants[f"{OURS} --compression small"] = ours(bench, *what, options=["--compression", "small"])
        contestants[f"{limits.NAME}, small"] = limits.push(bench, fixed(ref), method=limits.SMALLEST)
    contestants[limits.NAME] = limits.push(bench, fixed(ref), method=limits.LARGE)
    peer, own, *small, bare = bench.race(contestants)

    def stored(figures, limit):
        ratio = figures.other("stored_bytes") / peer.other("stored_bytes")
        return at_most(ratio, limit, f"{figures.name}: stored size, of {peer.name}'s,", times)

    verdicts = [faster(own, peer, 4, bare), stored(own, 1.15)]
    if small:
        verdicts += [faster(small[0], peer, 1.4, small[1]), stored(small[0], 1.02)]
    remarks = [*lacks(BUILDSTREAM), limits.REMARK]
    if not has_levels:
        remarks.append("bst-artifact push has no --compression: its only level is measured, and 'small' is not")
    return Outcome([peer, own, *small, bare], verdicts, remarks)


@row("push-programs", "push three large programs to an empty cache, over ssh")
def push_programs(bench):
    return _programs(bench, PROGRAMS)


@row("push-real-programs", "the same with the Swift toolchain's", is_drawn=False)
def push_real_programs(bench):
    return _programs(bench, REAL_PROGRAMS)


@row("push-next", "push headers of which 1 % changed, to a cache that has the others, over ssh")
def push_next(bench):
    refs = [HEADERS, *map(next_ref, range(1, bench.runs + 2))]
    for ref in refs:
        bench.data.in_archive(ref)
    source = bench.data.repository("archive", "source")
    bench.tools.run("ostree", "pull-local", f"--repo={source.path}", bench.data.archive.path, *refs)
    remotes = {name: having(bench, name, HEADERS) for name in (BUILDSTREAM, OSTREE_PUSH, OURS)}

    # Each run pushes another hundredth, so that no run needs a copy of the cache.
    def what(name):
        return later(next_ref), fixed(remotes[name]), since(HEADERS, next_ref)

    peer, other, own, bare, ssh = bench.race({
        BUILDSTREAM: buildstream(bench, *what(BUILDSTREAM)),
        OSTREE_PUSH: ostree_push(bench, later(next_ref), fixed(remotes[OSTREE_PUSH]), source),
        OURS: ours(bench, *what(OURS)),
        limits.NAME: limits.push(bench, later(next_ref), HEADERS),
        LOGIN: login(bench),
    })
    wire, changed = _wire(bench, remotes[OURS], what(OURS))
    own.others["wire_bytes"], own.others["changed_bytes"] = [wire], [changed]
    limit = 1.25 * changed + (64 << 10)
    return Outcome([peer, other, own, bare, ssh], [
        faster(own, peer, 10, bare), faster(own, other, 5, bare, beyond=ssh),
        at_most(wire, limit, "bytes on the wire", lambda count: f"{count / 1024:.0f} KiB")],
        [*lacks(BUILDSTREAM, OSTREE_PUSH), limits.REMARK])


def _wire(bench, remote, what):
    """The bytes that one more push sends and receives, encrypted, and those of its changed objects, compressed."""
    number, before = bench.runs, remote.objects()
    port, count = bench.servers.counting(bench.servers.ssh_port)
    attempt = ours(bench, *what, port=port)(number)
    bench.tools.run(*attempt.command)
    attempt.verify()
    return int(count.read_text()), remote.size(remote.objects() - before)


@row("push-noop", "push what the cache has, over ssh")
def push_noop(bench):
    remote = having(bench, OURS, HEADERS)
    ssh, own = bench.race({
        LOGIN: login(bench),
        OURS: ours(bench, fixed(HEADERS), fixed(remote), only(HEADERS)),
    })
    return Outcome([ssh, own], [
        at_most(own.seconds - ssh.seconds, 0.080, f"time more than '{LOGIN}'", milliseconds)])
