# SPDX-License-Identifier: Apache-2.0
"""Peak memory of each program, with more and more objects, and with one that is very large."""

from harness.rows import Figures, Outcome, at_most, mebibytes, row

from . import pulling, pushing
from .pushing import fixed, only

LIMIT, GROWTH = 64 << 20, 16 << 20


@row("memory", "peak memory with 10,000 and 100,000 objects, and with one of 4 GiB")
def memory(bench):
    """Peaks hardly differ between runs, so there is one of each."""
    return _peaks(bench, 10_000, 100_000, {"4 GiB": (bench.data.huge, "huge")})


@row("memory-short", "peak memory with 5,000 and 50,000 objects, as `make check` looks at it")
def memory_short(bench):
    """A few hundred bytes that stay for each object show by then."""
    return _peaks(bench, 5_000, 50_000, {})


def _peaks(bench, few, many, others):
    cases = {f"{count:,} objects": (bench.data.many(count), "many") for count in (few, many)} | others
    contestants, peaks = [], {}
    for case, (source, ref) in cases.items():
        push, pull = Figures(f"push, {case}"), Figures(f"pull, {case}")
        remote = bench.data.remote()
        bench.attempt(pushing.ours(bench, fixed(ref), fixed(remote), only(ref), local=True, source=source)(0), push)
        # From a path, since no server brings objects so fast that more of them could wait.
        bench.attempt(pulling.ours(bench, fixed(ref), pulling.fresh(bench, "bare-user"), only(ref), source=source,
                                   address=remote.path)(0), pull)
        contestants += [push, pull]
        peaks[case] = {"client of a push": push.peak_bytes(), "receiver": push.peak_bytes("receiver"),
                       "client of a pull": pull.peak_bytes()}
    verdicts = []
    for program in ("client of a push", "receiver", "client of a pull"):
        verdicts += [at_most(peaks[case][program], LIMIT, f"{program}, {case}:", mebibytes) for case in cases]
        growth = peaks[f"{many:,} objects"][program] - peaks[f"{few:,} objects"][program]
        verdicts.append(at_most(growth, GROWTH, f"{program}, growth:", mebibytes))
    return Outcome(contestants, verdicts)
