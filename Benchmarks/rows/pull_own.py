# SPDX-License-Identifier: Apache-2.0
"""Pulls from servers of this project's own."""

from harness.data import HEADERS
from harness.rows import Outcome, at_most, faster, mebibytes, row

from .pulling import OSTREE, OURS_SERVE, OURS_SSH, fresh, lacks, ostree, ours, over_ssh
from .pushing import fixed, only

SERVER_LIMIT = 64 << 20


@row("pull-headers-ssh", "pull headers into a bare-user repository, over ssh")
def pull_headers_ssh(bench):
    bench.data.in_archive(HEADERS)
    what = fixed(HEADERS), fresh(bench, "bare-user"), only(HEADERS)
    theirs, own = bench.race({OSTREE: ostree(bench, *what), OURS_SSH: over_ssh(bench, *what)})
    return Outcome([theirs, own], [faster(own, theirs, 8)], [lacks(OSTREE)])


@row("pull-headers-serve", "pull headers into a bare-user repository from 'bst-artifact serve'")
def pull_headers_serve(bench):
    bench.data.in_archive(HEADERS)
    archive = bench.data.archive.path
    what = fixed(HEADERS), fresh(bench, "bare-user"), only(HEADERS)
    theirs, own = bench.race({
        OSTREE: ostree(bench, *what),
        OURS_SERVE: ours(bench, *what, address=bench.servers.serve_url(archive)),
    })
    return Outcome([theirs, own], [
        faster(own, theirs, 8),
        at_most(bench.servers.serve_peak(archive), SERVER_LIMIT, "peak memory of 'serve'", mebibytes)],
        [lacks(OSTREE)])
