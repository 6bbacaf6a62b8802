# SPDX-License-Identifier: Apache-2.0
"""Pulls over HTTPS."""

from harness.data import HEADERS, PROGRAMS, REAL_HEADERS, REAL_PROGRAMS, next_ref
from harness.rows import Outcome, faster, row

from . import limits
from .pulling import OSTREE, OURS, changes, fresh, lacks, ostree, ours
from .pushing import fixed, later, only


def _pull(bench, ref, mode, target):
    """Ours beside ostree's, each into an empty repository of that mode."""
    bench.data.in_archive(ref)
    what = fixed(ref), fresh(bench, mode), only(ref)
    options = ["--mirror"] if mode == "archive" else []
    # Many small files are a matter of requests; a few large ones of what is done with the bytes.
    is_small = ref in (HEADERS, REAL_HEADERS)
    limit, remark = (limits.REQUESTS, limits.REQUESTS_REMARK) if is_small else (limits.NAME, limits.REMARK)
    theirs, own, bare = bench.race({
        " ".join([OSTREE, *options]): ostree(bench, *what, options=options),
        OURS: ours(bench, *what),
        limit: limits.requests(bench, fixed(ref)) if is_small else limits.pull_over_https(bench, fixed(ref), mode),
    })
    return Outcome([theirs, own, bare], [faster(own, theirs, target, bare)], [lacks(OSTREE), remark])


@row("pull-headers", "pull headers into a bare-user repository, over HTTPS")
def pull_headers(bench):
    return _pull(bench, HEADERS, "bare-user", 4)


@row("pull-real-headers", "the same with this machine's /usr/include", is_drawn=False)
def pull_real_headers(bench):
    return _pull(bench, REAL_HEADERS, "bare-user", 4)


@row("pull-programs", "pull three large programs into a bare-user repository, over HTTPS")
def pull_programs(bench):
    return _pull(bench, PROGRAMS, "bare-user", 2)


@row("pull-real-programs", "the same with the Swift toolchain's", is_drawn=False)
def pull_real_programs(bench):
    return _pull(bench, REAL_PROGRAMS, "bare-user", 2)


@row("pull-headers-archive", "pull headers into an archive repository, over HTTPS")
def pull_headers_archive(bench):
    return _pull(bench, HEADERS, "archive", 4)


@row("pull-programs-archive", "pull three large programs into an archive repository, over HTTPS")
def pull_programs_archive(bench):
    return _pull(bench, PROGRAMS, "archive", 8)


@row("pull-next", "pull headers of which 1 % changed, where the others are")
def pull_next(bench):
    theirs, own, bare = bench.race({
        OSTREE: changes(bench, ostree, HEADERS, next_ref),
        OURS: changes(bench, ours, HEADERS, next_ref),
        limits.REQUESTS: limits.requests(bench, later(next_ref), HEADERS),
    })
    return Outcome([theirs, own, bare], [faster(own, theirs, 3, bare)], [lacks(OSTREE), limits.REQUESTS_REMARK])
