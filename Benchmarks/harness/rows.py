# SPDX-License-Identifier: Apache-2.0
"""Rows of the table: contestants' figures, and how they compare with targets."""

import statistics
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional

from .measure import Sample

# All rows by name, in the order of the table.
ROWS = {}


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    measure: Callable
    # Indicates that the picture has the row, if contestants raced.
    is_drawn: bool


def row(name, title, is_drawn=True):
    """Registers a function, which gets the Bench and returns an Outcome, as a row."""

    def register(function):
        ROWS[name] = Row(name, title, function, is_drawn)
        return function

    return register


@dataclass
class Figures:
    """All runs of one contestant."""

    name: str
    samples: List[Sample] = field(default_factory=list)
    parts: Dict[str, List[Sample]] = field(default_factory=dict)
    others: Dict[str, List[float]] = field(default_factory=dict)

    @property
    def seconds(self):
        return statistics.median(sample.seconds for sample in self.samples)

    @property
    def spread(self):
        """The quickest and the slowest run."""
        times = [sample.seconds for sample in self.samples]
        return min(times), max(times)

    @property
    def cpu_seconds(self):
        """Of all of its programs together."""
        own = statistics.median(sample.cpu_seconds for sample in self.samples)
        return own + sum(statistics.median(sample.cpu_seconds for sample in samples)
                         for samples in self.parts.values())

    def peak_bytes(self, part=None):
        return max(sample.peak_bytes for sample in (self.parts[part] if part else self.samples))

    def other(self, name):
        return statistics.median(self.others[name])


@dataclass(frozen=True)
class Verdict:
    """A figure beside its target."""

    target: str
    measured: str
    is_met: bool
    # For the picture and for whoever reads the JSON.
    value: float
    limit: float
    # Indicates that contestants did the same work, so that their times can be drawn side by side.
    is_race: bool = False
    # Indicates that the bare work, measured in the same run, takes longer than the target allows, and ours little more.
    is_at_limit: bool = False


@dataclass
class Outcome:
    """The result of a row. Ratios are to the first contestant."""

    contestants: List[Figures]
    verdicts: List[Verdict]
    remarks: List[str] = field(default_factory=list)


@dataclass
class Result:
    row: Row
    outcome: Optional[Outcome] = None
    # Why it could not be measured.
    reason: Optional[str] = None


# -- Comparisons ---------------------------------------------------------------------------


# Ours is at the limit if it takes at most so many times what the bare work takes.
NEAR_LIMIT = 1.5


def faster(ours, theirs, times, bare=None, beyond=None, most=None):
    """Ours takes at most 1/times of what theirs takes.

    `bare` does the bare work, which bounds what can be reached. What `beyond` takes is counted in neither. `most` is the ratio
    with which all processors would be at work.
    """
    start = beyond.seconds if beyond else 0
    ratio = (theirs.seconds - start) / (ours.seconds - start)
    target = f"{ours.name} {times:g} × as fast as {theirs.name}" + (f", beyond '{beyond.name}'" if beyond else "")
    measured, is_at_limit = f"{ratio:.2f} ×", False
    if bare:
        bound = (theirs.seconds - start) / (bare.seconds - start)
        measured += f" ({bare.name}: {bound:.2f} ×)"
        is_at_limit = bound < times and ours.seconds <= NEAR_LIMIT * bare.seconds
    elif most is not None:
        measured += f" (all processors at work: {most:.2f} ×)"
        is_at_limit = most < times and ratio * NEAR_LIMIT >= most
    return Verdict(target, measured, ratio >= times, ratio, times, is_race=True, is_at_limit=is_at_limit)


def within(ours, theirs, times, bare=None):
    """Ours takes at most so many times what theirs takes. `bare` does the bare work, which bounds what can be reached."""
    ratio = ours.seconds / theirs.seconds
    measured, is_at_limit = f"{ratio:.2f} ×", False
    if bare:
        measured += f" ({bare.name}: {bare.seconds / theirs.seconds:.2f} ×)"
        is_at_limit = bare.seconds > times * theirs.seconds and ours.seconds <= NEAR_LIMIT * bare.seconds
    return Verdict(f"{ours.name} within {times:g} × of {theirs.name}", measured, ratio <= times, ratio, times,
                   is_race=True, is_at_limit=is_at_limit)


def at_most(value, limit, what, shown, bound=None):
    """A figure of any kind; `shown` makes text of it. `bound` is what the bare work reaches."""
    measured, is_at_limit = shown(value), False
    if bound is not None:
        measured += f" (bare work: {shown(bound)})"
        is_at_limit = bound > limit and value <= NEAR_LIMIT * bound
    return Verdict(f"{what} at most {shown(limit)}", measured, value <= limit, value, limit, is_at_limit=is_at_limit)


def mebibytes(count):
    return f"{count / (1 << 20):.1f} MiB"


def milliseconds(seconds):
    return f"{seconds * 1000:.0f} ms"


def times(ratio):
    return f"{ratio:.3f} ×"
