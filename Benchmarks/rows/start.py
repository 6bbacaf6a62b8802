# SPDX-License-Identifier: Apache-2.0
"""The programs' start."""

from harness.measure import Attempt
from harness.rows import Outcome, at_most, milliseconds, row

RUNS, LIMIT = 100, 0.015


@row("start", "start of each program, by --version")
def start(bench):
    names = ["bst-artifact", "bst-artifact-receive"]
    commands = {"ostree": "ostree"} | {name: bench.programs / name for name in names}

    def contestant(program):
        return lambda number: Attempt([program, "--version"])

    # It writes nothing that a later run would have to wait for.
    figures = bench.race({f"{name} --version": contestant(program) for name, program in commands.items()}, runs=RUNS,
                         is_writing=False)
    return Outcome(figures, [at_most(each.seconds, LIMIT, each.name, milliseconds) for each in figures[1:]])
