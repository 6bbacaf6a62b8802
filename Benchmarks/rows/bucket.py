# SPDX-License-Identifier: Apache-2.0
"""A cache in a bucket of Ceph: pushes into it, with and without a receiver, and pulls."""

from harness.data import HEADERS, next_ref
from harness.rows import Figures, Outcome, at_most, faster, milliseconds, row, within

from . import limits, pulling, pushing
from .bucketing import (DIRECT, RECEIVED, aws_sync, bare_put, bare_requests, bills, counted, curl_get, curl_put, direct,
                        fresh, pull, requests, small)
from .pushing import LOGIN, OURS, fixed, having, later, login, only, since

# As many requests as bst-artifact pull has under way with HTTP/1.1.
TRANSFERS = 32
NOOP_REQUESTS = 6


def _received(bench, *what):
    """bst-artifact push over ssh to a receiver on the bucket."""
    return counted(bench, pushing.ours(bench, *what))


def _having(bench):
    """A cache in the bucket that has the headers."""
    bench.data.in_cache(HEADERS)
    cache = bench.ceph.cache()
    start = direct(bench, fixed(HEADERS), fixed(cache), only(HEADERS))(0)
    bench.tools.run(*start.command)
    start.verify()
    return cache


@row("bucket-push-headers", "push headers to an empty cache in a bucket")
def push_headers(bench):
    archive = having(bench, OURS, HEADERS)
    what = fixed(HEADERS), fresh(bench), only(HEADERS)
    curl, aws, bare, own, received = figures = bench.race({
        "curl -Z --parallel-max 32": curl_put(bench, archive),
        "aws s3 sync": aws_sync(bench, archive),
        limits.NAME: bare_put(bench, archive, HEADERS),
        DIRECT: direct(bench, *what),
        RECEIVED: _received(bench, *what),
    })
    return Outcome(figures, [
        within(own, curl, 1.5), within(received, curl, 1.5), faster(own, aws, 3, bare),
        faster(received, aws, 3, bare), *small(own, received)],
        [*bills(*figures), "curl and aws put the objects that our push has made, without conditions, and no ref",
         f"{limits.NAME}: curl, while the same files are read and deflated on all cores, without checks and a log. Ours is at "
         "the limit if that misses the target, and ours takes at most 1.5 × of it"])


@row("bucket-push-next", "push headers of which 1 % changed, to a cache in a bucket that has the others")
def push_next(bench):
    for number in range(bench.runs):
        bench.data.in_archive(next_ref(number + 1))
    what = later(next_ref), since(HEADERS, next_ref)
    folder, caches = having(bench, OURS, HEADERS), [_having(bench), _having(bench)]
    directory, own, received = figures = bench.race({
        OURS: pushing.ours(bench, what[0], fixed(folder), what[1]),
        DIRECT: direct(bench, what[0], fixed(caches[0]), what[1]),
        RECEIVED: _received(bench, what[0], fixed(caches[1]), what[1]),
    })
    return Outcome(figures, [within(own, directory, 3), within(received, directory, 3), *small(own, received)],
                   bills(own, received))


@row("bucket-push-noop", "push what the cache in a bucket has")
def push_noop(bench):
    what = fixed(HEADERS), fixed(_having(bench)), only(HEADERS)
    contestants = {DIRECT: direct(bench, *what), RECEIVED: _received(bench, *what)}
    counts = {}
    for name, prepare in contestants.items():
        figures = Figures(name)
        bench.attempt(prepare(0), figures)
        counts[name] = sum(requests(figures).values())
    bare, more, ssh, own, received = figures = bench.race({
        f"{counts[DIRECT]} requests by curl": bare_requests(bench, what[1](0), counts[DIRECT]),
        f"{counts[RECEIVED]} requests by curl, as ssh": bare_requests(bench, what[1](0), counts[RECEIVED]),
        LOGIN: login(bench),
        **contestants,
    })
    return Outcome(figures, [
        at_most(own.seconds - bare.seconds, 0.1, f"{own.name}: time more than its requests", milliseconds),
        at_most(received.seconds - more.seconds - ssh.seconds, 0.1,
                f"{received.name}: time more than its requests and '{LOGIN}'", milliseconds),
        *(at_most(sum(requests(each).values()), NOOP_REQUESTS, f"{each.name}: requests", str)
          for each in (own, received))],
        bills(own, received))


@row("bucket-pull-headers", "pull headers from a bucket into a bare-user repository, over HTTP/1.1 without TLS")
def pull_headers(bench):
    archive, cache = having(bench, OURS, HEADERS), _having(bench)
    names = sorted(f"{name}z" if name.endswith(".file") else name for name in archive.objects())
    local = pulling.fresh(bench, "bare-user")
    nginx, bare, public, signed = figures = bench.race({
        "bst-artifact pull (nginx)": pulling.ours(bench, fixed(HEADERS), local, only(HEADERS),
                                                  address=bench.servers.plain_url(archive.path)),
        f"curl -Z --parallel-max {TRANSFERS} (bucket)": curl_get(bench, names, cache.url(), TRANSFERS),
        "bst-artifact pull (bucket)": pull(bench, HEADERS, local, cache, is_signed=False),
        "bst-artifact pull (s3)": pull(bench, HEADERS, local, cache, is_signed=True),
    })
    return Outcome(figures, [
        *(within(each, nginx, 1.3, bare) for each in (public, signed)),
        *(within(each, bare, 1.3) for each in (public, signed)),
        *small(public, signed)], bills(bare, public, signed))
