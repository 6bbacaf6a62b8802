# SPDX-License-Identifier: Apache-2.0
"""Looking for damage in a cache."""

from harness.data import HEADERS, PROGRAMS
from harness.measure import Attempt
from harness.rows import Outcome, faster, row


@row("fsck", "read every object of a cache with headers and three large programs, and verify it")
def fsck(bench):
    for ref in [HEADERS, PROGRAMS]:
        bench.data.in_archive(ref)
    commands = {
        "ostree fsck": ["ostree", "fsck", "--quiet", f"--repo={bench.data.archive.path}"],
        "bst-artifact repo fsck": [
            bench.programs / "bst-artifact", "repo", "fsck", "--quiet", "--repo", bench.data.archive.path],
    }

    def contestant(name):
        return lambda number: Attempt(commands[name], repository=bench.data.archive)

    theirs, own = bench.race({name: contestant(name) for name in commands})
    return Outcome([theirs, own], [faster(own, theirs, 4)])
