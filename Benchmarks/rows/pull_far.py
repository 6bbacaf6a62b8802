# SPDX-License-Identifier: Apache-2.0
"""Pulls over a link with latency, and over one that also loses packets."""

from harness.data import DEPTH, HEADERS, deep_ref, next_ref
from harness.links import FAR, POOR
from harness.rows import Outcome, at_most, faster, milliseconds, row, within
from harness.seeded import LEVELS

from . import limits
from .pulling import (OSTREE, OURS, OURS_SERVE, OURS_SSH, can_pull_over_ssh, changes, curl, fresh, lacks, ostree, ours,
                      over_ssh, with_deltas)
from .pushing import LOGIN, fixed, later, login, only

# TCP, TLS, the ref and its commit take one round trip each.
BEFORE_TREES = 4
# The root above the levels, and the file below them.
AROUND = 2
ROUND_TRIPS = 4


@row("pull-headers-far", "pull headers over 40 ms of round trip")
def pull_headers_far(bench):
    bench.data.in_archive(HEADERS)
    port = bench.servers.through(bench.servers.https_port, FAR)
    what = fixed(HEADERS), fresh(bench, "bare-user"), only(HEADERS)
    theirs, own = bench.race({OSTREE: ostree(bench, *what, port=port), OURS: ours(bench, *what, port=port)})
    return Outcome([theirs, own], [faster(own, theirs, 8)], [lacks(OSTREE)])


@row("pull-headers-poor", "pull headers over 40 ms of round trip, 20 Mbit/s and 1 % loss")
def pull_headers_poor(bench):
    archive, servers = bench.data.archive.path, bench.servers
    stream = bench.data.stream(HEADERS)
    what = fixed(HEADERS), fresh(bench, "bare-user"), only(HEADERS)
    port, own_port = (servers.through(each, POOR) for each in (servers.https_port, servers.serve_port(archive)))
    contestants = {
        "its bytes by curl": curl(bench, servers.url(stream, port)),
        OSTREE: ostree(bench, *what, port=port),
        OURS: ours(bench, *what, port=port),
        OURS_SERVE: ours(bench, *what, address=servers.serve_url(archive, own_port)),
        limits.REQUESTS: limits.requests(bench, fixed(HEADERS), port=port),
    }
    if can_pull_over_ssh(bench):
        contestants[OURS_SSH] = over_ssh(bench, *what, port=servers.through(servers.ssh_port, POOR))
    bare, theirs, own, serve, requests, *others = bench.race(contestants)
    return Outcome([bare, theirs, own, serve, requests, *others],
                   [within(own, bare, 1.5, requests)] + [within(each, bare, 1.5) for each in (serve, *others)]
                   + [faster(own, theirs, 1)], [lacks(OSTREE), limits.REQUESTS_REMARK])


def _change(bench, base, change, levels, is_chain=False):
    """A small change, of which the same pull without the link tells what is not latency.

    A static server tells the name of a directory only in the directory above it, so without a static delta each level
    takes a round trip, whoever pulls. In a chain one object changes on each level, so that curl can show what that takes.
    """
    port = bench.servers.through(bench.servers.https_port, FAR)
    near, delta = f"{OURS} (without the link)", f"{OURS} (a static delta)"
    deltas = with_deltas(bench, base, change)
    theirs, close, own, leap, *bare = bench.race({
        OSTREE: changes(bench, ostree, base, change, port=port),
        near: changes(bench, ours, base, change),
        OURS: changes(bench, ours, base, change, port=port),
        delta: changes(bench, ours, base, change, address=bench.servers.url(deltas.path, port)),
    } | ({limits.ONE_BY_ONE: limits.requests(bench, later(change), base, port=port, program=limits.ONE_BY_ONE)}
         if is_chain else {}))

    def count(figures):
        return (figures.seconds - close.seconds) / FAR.round_trip

    def trips(figures, limit, name, bare=()):
        return at_most(count(figures), limit, f"round trips of {name} for {levels} levels", "{:.1f}".format,
                       *map(count, bare))

    return Outcome([theirs, close, own, leap, *bare], [
        trips(own, BEFORE_TREES + AROUND + levels, own.name, bare), trips(leap, BEFORE_TREES + levels / 2, leap.name),
        faster(own, theirs, 1)],
        [lacks(OSTREE), "a web server names a directory only in the directory above it: without a static delta, each "
                        "level takes a round trip, whoever pulls"] + [limits.ONE_BY_ONE_REMARK] * len(bare))


@row("pull-next-far", "pull headers of which 1 % changed, over 40 ms of round trip")
def pull_next_far(bench):
    return _change(bench, HEADERS, next_ref, len(LEVELS))


@row("pull-deep-far", "pull a tree of which one file below 60 directories changed, over 40 ms of round trip")
def pull_deep_far(bench):
    return _change(bench, deep_ref(0), deep_ref, DEPTH, is_chain=True)


def _change_over_ssh(bench, base, change):
    port = bench.servers.through(bench.servers.ssh_port, FAR)
    ssh, own = bench.race({LOGIN: login(bench, port), OURS_SSH: changes(bench, over_ssh, base, change, port=port)})
    return Outcome([ssh, own], [
        at_most(own.seconds - ssh.seconds, ROUND_TRIPS * FAR.round_trip,
                f"time more than '{LOGIN}', {ROUND_TRIPS} round trips:", milliseconds)])


@row("pull-next-far-ssh", "pull headers of which 1 % changed, over ssh and 40 ms of round trip")
def pull_next_far_ssh(bench):
    return _change_over_ssh(bench, HEADERS, next_ref)


@row("pull-deep-far-ssh", "pull a tree of which one file below 60 directories changed, over ssh and 40 ms")
def pull_deep_far_ssh(bench):
    return _change_over_ssh(bench, deep_ref(0), deep_ref)


def _change_from_serve(bench, base, change):
    archive = bench.data.archive.path
    port = bench.servers.through(bench.servers.serve_port(archive), FAR)
    url = bench.servers.serve_url(archive, port)
    one, own = bench.race({
        "curl of one file": curl(bench, f"{url}/config"),
        OURS_SERVE: changes(bench, ours, base, change, address=url),
    })
    return Outcome([one, own], [
        at_most(own.seconds - one.seconds, ROUND_TRIPS * FAR.round_trip,
                f"time more than {one.name}, {ROUND_TRIPS} round trips:", milliseconds)])


@row("pull-next-far-serve", "pull headers of which 1 % changed, from 'bst-artifact serve' over 40 ms of round trip")
def pull_next_far_serve(bench):
    return _change_from_serve(bench, HEADERS, next_ref)


@row("pull-deep-far-serve", "pull a tree of which one file below 60 directories changed, from 'serve' over 40 ms")
def pull_deep_far_serve(bench):
    return _change_from_serve(bench, deep_ref(0), deep_ref)
