# SPDX-License-Identifier: Apache-2.0
"""The programs' start."""

from harness.measure import Attempt
from harness.rows import Outcome, at_most, milliseconds, row

RUNS, LIMIT = 100, 0.015
EMPTY = "an empty program with the same libraries"


@row("start", "start of each program, by --version")
def start(bench):
    names = ["bst-artifact", "bst-artifact-receive"]
    commands = {"ostree": "ostree"} | {name: bench.programs / name for name in names}

    def contestant(*command):
        return lambda number: Attempt(command)

    # It writes nothing that a later run would have to wait for.
    figures = bench.race(
        {f"{name} --version": contestant(program, "--version") for name, program in commands.items()}
        | {EMPTY: contestant(bench.tools.empty)}, runs=RUNS, is_writing=False)
    own, empty = figures[1:-1], figures[-1]
    return Outcome(figures, [at_most(each.seconds, LIMIT, each.name, milliseconds, empty.seconds) for each in own],
                   [f"{EMPTY}: the bare work. Ours is at the limit if it misses the target, and ours takes at most 1.5 × of it"])
