# SPDX-License-Identifier: Apache-2.0
"""Links to other places, which tools/relay.py imitates."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """A round trip in seconds, bits a second in each direction, and the share of packets that are lost."""

    round_trip: float
    rate: float = 0
    loss: float = 0

    @property
    def options(self):
        return ["--delay", self.round_trip / 2, "--rate", self.rate, "--loss", self.loss]


FAR = Link(round_trip=0.040)
POOR = Link(round_trip=0.040, rate=20e6, loss=0.01)
