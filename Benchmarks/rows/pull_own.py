# SPDX-License-Identifier: Apache-2.0
"""Pulls from servers of this project's own."""

from harness.data import HEADERS
from harness.rows import Outcome, at_most, faster, mebibytes, row

from . import limits
from .pulling import OSTREE, OURS_SERVE, OURS_SSH, fresh, lacks, ostree, ours, over_ssh
from .pushing import fixed, only

SERVER_LIMIT = 64 << 20


@row("pull-headers-ssh", "pull headers into a bare-user repository, over ssh")
def pull_headers_ssh(bench):
    bench.data.in_archive(HEADERS)
    what = fixed(HEADERS), fresh(bench, "bare-user"), only(HEADERS)
    theirs, own, bare = bench.race({
        OSTREE: ostree(bench, *what), OURS_SSH: over_ssh(bench, *what),
        limits.NAME: limits.pull_over_ssh(bench, fixed(HEADERS))})
    return Outcome([theirs, own, bare], [faster(own, theirs, 8, bare)], [lacks(OSTREE), limits.REMARK])


@row("pull-headers-serve", "pull headers into a bare-user repository from 'bst-artifact serve'")
def pull_headers_serve(bench):
    bench.data.in_archive(HEADERS)
    archive = bench.data.archive.path
    what = fixed(HEADERS), fresh(bench, "bare-user"), only(HEADERS)
    theirs, own, bare = bench.race({
        OSTREE: ostree(bench, *what),
        OURS_SERVE: ours(bench, *what, address=bench.servers.serve_url(archive)),
        limits.NAME: limits.pull_over_https(bench, fixed(HEADERS)),
    })
    return Outcome([theirs, own, bare], [
        faster(own, theirs, 8, bare),
        at_most(bench.servers.serve_peak(archive), SERVER_LIMIT, "peak memory of 'serve'", mebibytes)],
        [lacks(OSTREE), limits.REMARK])
