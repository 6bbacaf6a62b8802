# SPDX-License-Identifier: Apache-2.0
"""The receiver by itself: a recorded push on its standard input."""

from harness.data import HEADERS
from harness.measure import Attempt
from harness.rows import Outcome, faster, row

from . import limits


@row("receive-headers", "receive headers from a recorded stream, without ssh")
def receive_headers(bench):
    bench.data.in_archive(HEADERS)
    stream = bench.fresh("stream") / "push.bin"
    with open(stream, "wb") as file:
        bench.tools.run(*bench.tools.peer, "stream", "--repo", bench.data.archive.path, "--ref", HEADERS, stdout=file)

    def receiver(*command):
        def prepare(number):
            target = bench.data.remote()
            return Attempt([*command, target.path], stdin=stream, repository=target,
                           verify=lambda: bench.data.check(target, [HEADERS]))

        return prepare

    peer, own, bare = bench.race({
        "the peer's receiver": receiver(*bench.tools.peer, "receive"),
        "bst-artifact-receive": receiver(bench.programs / "bst-artifact-receive"),
        limits.NAME: limits.receive(bench, HEADERS),
    })
    return Outcome([peer, own, bare], [faster(own, peer, 2, bare)],
                   [limits.REMARK, "the peer's receiver verifies nothing: its users would have to add 'ostree fsck'"])
