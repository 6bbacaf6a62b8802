# SPDX-License-Identifier: Apache-2.0
"""Times of pushes beside what they should not depend on."""

from harness.data import HEADERS, next_ref
from harness.rows import Outcome, at_most, row, times

from .pushing import fixed, fresh, only, ours

COUNTS = [1_000, 10_000, 100_000]
# The largest takes long, and little else disturbs it.
RUNS_OF_LARGEST = 3


@row("scale-objects", "time per object of a push of 1,000, 10,000 and 100,000 objects, over a pipe")
def scale_objects(bench):
    def contestant(count):
        source = bench.data.many(count)
        return ours(bench, fixed("many"), fresh(bench), only("many"), local=True, source=source)

    for count in COUNTS:
        bench.data.many(count)
    names = [f"{count:,} objects" for count in COUNTS]
    figures = bench.race({names[0]: contestant(COUNTS[0]), names[1]: contestant(COUNTS[1])})
    figures += bench.race({names[2]: contestant(COUNTS[2])}, runs=min(bench.runs, RUNS_OF_LARGEST))
    for each, count in zip(figures, COUNTS):
        objects = bench.data.count("many", bench.data.many(count))
        each.others["microseconds_per_object"] = [sample.seconds / objects * 1e6 for sample in each.samples]
    costs = [each.other("microseconds_per_object") for each in figures]
    return Outcome(figures, [
        at_most(costs[index + 1] / costs[index], 1.15, f"time per object, {names[index + 1]} of {names[index]},",
                times)
        for index in range(2)
    ], [", ".join(f"{name}: {cost:.0f} µs each" for name, cost in zip(names, costs))])


@row("scale-refs", "push 1 % of the headers to a cache with 10 and with 100,000 refs, over a pipe")
def scale_refs(bench):
    for number in range(bench.runs):
        bench.data.in_cache(next_ref(number))
    commit = bench.data.in_cache(HEADERS)
    counts = [10, 100_000]
    contestants = {}
    for count in counts:
        remote = bench.data.remote()
        bench.tools.run(bench.programs / "bst-artifact", "push", "--quiet", "--repo", bench.data.cache.path,
                        "--remote", remote.path, HEADERS)
        remote.write_refs((f"project-{number % 100}/{number}" for number in range(count)), commit)
        contestants[f"{count:,} refs"] = ours(
            bench, next_ref, fixed(remote), lambda number: [HEADERS, *map(next_ref, range(number + 1))], local=True)
    few, many = bench.race(contestants)
    return Outcome([few, many], [
        at_most(many.seconds / few.seconds, 1.10, f"time with {many.name}, of that with {few.name},", times)])
