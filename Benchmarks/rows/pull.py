# SPDX-License-Identifier: Apache-2.0
"""Pulls over HTTPS."""

from harness.data import HEADERS, PROGRAMS, next_ref
from harness.rows import Outcome, faster, row

from .pulling import OSTREE, OURS, fresh, ostree, ours
from .pushing import fixed, only


def _pull(bench, ref, mode, target, milliseconds=0):
    """Ours beside ostree's, each into an empty repository of that mode."""
    bench.data.in_archive(ref)
    port = bench.servers.delaying(bench.servers.https_port, milliseconds / 2) if milliseconds else None
    what = fixed(ref), fresh(bench, mode), only(ref)
    options = ["--mirror"] if mode == "archive" else []
    theirs, own = bench.race({
        " ".join([OSTREE, *options]): ostree(bench, *what, options=options, port=port),
        OURS: ours(bench, *what, port=port),
    })
    return Outcome([theirs, own], [faster(own, theirs, target)])


@row("pull-headers", "pull /usr/include into a bare-user repository, over HTTPS")
def pull_headers(bench):
    return _pull(bench, HEADERS, "bare-user", 4)


@row("pull-programs", "pull three large programs into a bare-user repository, over HTTPS")
def pull_programs(bench):
    return _pull(bench, PROGRAMS, "bare-user", 2)


@row("pull-headers-archive", "pull /usr/include into an archive repository, over HTTPS")
def pull_headers_archive(bench):
    return _pull(bench, HEADERS, "archive", 4)


@row("pull-programs-archive", "pull three large programs into an archive repository, over HTTPS")
def pull_programs_archive(bench):
    return _pull(bench, PROGRAMS, "archive", 8)


@row("pull-next", "pull headers of which 1 % changed, where the others are")
def pull_next(bench):
    for ref in [HEADERS, *map(next_ref, range(bench.runs))]:
        bench.data.in_archive(ref)

    # Each run pulls another hundredth, so that no run needs a copy of the repository.
    def contestant(make):
        local = fixed(bench.data.repository("bare-user", "local"))
        start = make(bench, fixed(HEADERS), local, only(HEADERS))(0)
        bench.tools.run(*start.command)
        start.verify()
        return make(bench, next_ref, local, lambda number: [HEADERS, *map(next_ref, range(number + 1))])

    theirs, own = bench.race({OSTREE: contestant(ostree), OURS: contestant(ours)})
    return Outcome([theirs, own], [faster(own, theirs, 3)])


@row("pull-delay", "pull /usr/include over 40 ms of round trip")
def pull_delay(bench):
    return _pull(bench, HEADERS, "bare-user", 8, milliseconds=40)
