# SPDX-License-Identifier: Apache-2.0
"""Pulls over HTTPS."""

from harness.data import HEADERS, PROGRAMS, REAL_HEADERS, REAL_PROGRAMS, next_ref
from harness.rows import Outcome, faster, row

from .pulling import OSTREE, OURS, changes, fresh, lacks, ostree, ours
from .pushing import fixed, only


def _pull(bench, ref, mode, target):
    """Ours beside ostree's, each into an empty repository of that mode."""
    bench.data.in_archive(ref)
    what = fixed(ref), fresh(bench, mode), only(ref)
    options = ["--mirror"] if mode == "archive" else []
    theirs, own = bench.race({
        " ".join([OSTREE, *options]): ostree(bench, *what, options=options),
        OURS: ours(bench, *what),
    })
    return Outcome([theirs, own], [faster(own, theirs, target)], [lacks(OSTREE)])


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
    theirs, own = bench.race({OSTREE: changes(bench, ostree, HEADERS, next_ref),
                              OURS: changes(bench, ours, HEADERS, next_ref)})
    return Outcome([theirs, own], [faster(own, theirs, 3)], [lacks(OSTREE)])
