# SPDX-License-Identifier: Apache-2.0
"""Results for people on the terminal, and for programs in JSON."""

import dataclasses
import json

from .rows import mebibytes


def print_machine(facts):
    versions = ", ".join(f"{name} {version or '?'}" for name, version in facts["versions"].items())
    print(f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_bytes'] / (1 << 30):.0f} GiB, "
          f"Linux {facts['kernel']}, Debian {facts['debian']}\ncommit {facts['commit']}\n{versions}")
    if facts["load_at_start"] > 0.5:
        print(f"others are at work on this machine (load {facts['load_at_start']:.1f}): trust no figure")


def print_row(result):
    """A row, once it was measured."""
    print(f"\n{result.row.name}: {result.row.title}")
    if result.outcome is None:
        print(f"  NOT MEASURED: {result.reason}")
        return
    first = result.outcome.contestants[0]
    for figures in result.outcome.contestants:
        low, high = figures.spread
        parts = "".join(f", {part} {mebibytes(figures.peak_bytes(part))}" for part in figures.parts)
        ratio = first.seconds / figures.seconds
        print(f"  {figures.name:38} {figures.seconds:8.3f} s  ({low:.3f}–{high:.3f})  {ratio:6.2f} ×"
              f"   cpu {figures.cpu_seconds:6.2f} s, peak {mebibytes(figures.peak_bytes())}{parts}")
    for verdict in result.outcome.verdicts:
        print(f"    {verdict.target}: {verdict.measured}  {word(verdict)}")
    for remark in result.outcome.remarks:
        print(f"    note: {remark}")


def print_table(results):
    """All rows in short, each target on a line."""
    lines = []
    for result in results:
        if result.outcome is None:
            lines.append((result.row.name, result.reason, "", "NOT MEASURED"))
        for verdict in result.outcome.verdicts if result.outcome else []:
            lines.append((result.row.name, verdict.target, verdict.measured, word(verdict)))
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    print(f"\n{'row':{widths[0]}}  {'target':{widths[1]}}  {'measured':>{widths[2]}}")
    for name, target, measured, state in lines:
        print(f"{name:{widths[0]}}  {target:{widths[1]}}  {measured:>{widths[2]}}  {state}")
    met, at_limit = (sum(1 for line in lines if line[3] == state) for state in ("met", "at the limit"))
    print(f"{met} of {len(lines)} targets met, {at_limit} at the limit")


def word(verdict):
    return "met" if verdict.is_met else "at the limit" if verdict.is_at_limit else "missed"


def write(path, facts, runs, results):
    """Everything, for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": facts, "runs": runs, "rows": [_row(result) for result in results]}, indent=1,
                      ensure_ascii=False)
    path.write_text(text + "\n")


def _row(result):
    fields = {"name": result.row.name, "title": result.row.title}
    if result.outcome is None:
        return {**fields, "not_measured": result.reason}
    return {
        **fields,
        "contestants": [{
            "name": figures.name,
            "median_seconds": figures.seconds,
            "spread_seconds": figures.spread,
            "cpu_seconds": figures.cpu_seconds,
            "peak_bytes": figures.peak_bytes(),
            "runs": [dataclasses.asdict(sample) for sample in figures.samples],
            "parts": {part: [dataclasses.asdict(sample) for sample in samples]
                      for part, samples in figures.parts.items()},
            "other": figures.others,
        } for figures in result.outcome.contestants],
        "targets": [dataclasses.asdict(verdict) for verdict in result.outcome.verdicts],
        "remarks": result.outcome.remarks,
    }
