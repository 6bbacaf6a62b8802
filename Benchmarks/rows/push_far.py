# SPDX-License-Identifier: Apache-2.0
"""Pushes over ssh, over a link with latency, and over one that also loses packets."""

from harness.data import HEADERS, deep_ref, next_ref
from harness.links import FAR, POOR
from harness.measure import Attempt
from harness.rows import Outcome, at_most, faster, milliseconds, row, within

from . import limits
from .pushing import (BUILDSTREAM, LOGIN, OSTREE_PUSH, OURS, buildstream, fixed, fresh, having, lacks, later, login,
                      only, ostree_push, ours, since)

ROUND_TRIPS = 4


def _change(bench, base, change):
    """A small change beside a login over the same link."""
    port = bench.servers.through(bench.servers.ssh_port, FAR)
    refs = [change(number + 1) for number in range(bench.runs)]
    for ref in refs:
        bench.data.in_archive(ref)
    remotes = {name: having(bench, name, base) for name in (OSTREE_PUSH, OURS)}
    source = bench.data.repository("archive", "source")
    bench.tools.run("ostree", "pull-local", f"--repo={source.path}", bench.data.archive.path, base, *refs)
    ssh, other, own = bench.race({
        LOGIN: login(bench, port),
        OSTREE_PUSH: ostree_push(bench, later(change), fixed(remotes[OSTREE_PUSH]), source, port),
        OURS: _building(bench, base, change, fixed(remotes[OURS]), port),
    })
    return Outcome([ssh, other, own], [
        at_most(own.seconds - ssh.seconds, ROUND_TRIPS * FAR.round_trip,
                f"time more than '{LOGIN}', {ROUND_TRIPS} round trips:", milliseconds),
        faster(own, other, 1)], lacks(OSTREE_PUSH))


def _building(bench, base, change, remote, port):
    """Our push by a builder whose cache has what was built so far."""
    cache, builder = bench.data.cache.path, bench.data.repository("bare-user", "builder")
    bench.tools.run("ostree", "pull-local", f"--repo={builder.path}", cache, base)
    push = ours(bench, later(change), remote, since(base, change), port=port, source=builder)

    def prepare(number):
        bench.tools.run("ostree", "pull-local", f"--repo={builder.path}", cache, change(number + 1))
        return push(number)

    return prepare


@row("push-next-far", "push headers of which 1 % changed, over ssh and 40 ms of round trip", is_drawn=False)
def push_next_far(bench):
    return _change(bench, HEADERS, next_ref)


@row("push-deep-far", "push a tree of which one file below 60 directories changed, over ssh and 40 ms of round trip",
     is_drawn=False)
def push_deep_far(bench):
    return _change(bench, deep_ref(0), deep_ref)


@row("push-headers-far", "push headers to an empty cache, over ssh and 40 ms of round trip")
def push_headers_far(bench):
    bench.data.in_cache(HEADERS)
    port = bench.servers.through(bench.servers.ssh_port, FAR)
    what = fixed(HEADERS), fresh(bench), only(HEADERS)
    ssh, peer, own, bare = bench.race({
        LOGIN: login(bench, port),
        BUILDSTREAM: buildstream(bench, *what, port=port),
        OURS: ours(bench, *what, port=port),
        limits.NAME: limits.push(bench, fixed(HEADERS), port=port),
    })
    return Outcome([ssh, peer, own, bare], [faster(own, peer, 4, bare)], [lacks(BUILDSTREAM), limits.REMARK])


@row("push-headers-poor", "push headers over ssh, 40 ms of round trip, 20 Mbit/s and 1 % loss")
def push_headers_poor(bench):
    port = bench.servers.through(bench.servers.ssh_port, POOR)
    stream = bench.data.stream(HEADERS)
    what = fixed(HEADERS), fresh(bench), only(HEADERS)
    small = f"{OURS} --compression small"
    sink = bench.servers.ssh(port).split() + ["localhost", "cat > /dev/null"]
    bare, peer, balanced, own = bench.race({
        "its bytes through ssh": lambda number: Attempt(sink, stdin=stream),
        BUILDSTREAM: buildstream(bench, *what, port=port),
        OURS: ours(bench, *what, port=port),
        small: ours(bench, *what, options=["--compression", "small"], port=port),
    })
    return Outcome([bare, peer, balanced, own], [within(own, bare, 1.5), within(balanced, bare, 1.5)],
                   lacks(BUILDSTREAM))
