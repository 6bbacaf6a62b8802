# SPDX-License-Identifier: Apache-2.0
"""The summary of a large cache."""

from harness.data import HEADERS, next_ref
from harness.errors import BenchError, NotMeasurable
from harness.measure import Attempt
from harness.rows import Outcome, faster, row

REFS = 100_000


@row("summary", "update the summary of a cache with 100,000 refs after a push of one")
def summary(bench):
    if bench.tools.help("repo", "summary") is None:
        raise NotMeasurable("there is no command 'bst-artifact repo summary'")
    commit = bench.data.in_archive(HEADERS)
    for number in range(bench.runs):
        bench.data.in_archive(next_ref(number))
    commands = {
        "ostree summary -u": ["ostree", "summary", "-u", "--repo"],
        "bst-artifact repo summary --changed": [
            bench.programs / "bst-artifact", "repo", "summary", "--changed", "--repo"],
    }

    # Our own receiver would write the summary itself, so the ref comes in by other means.
    def push(remote, ref):
        bench.tools.run("ostree", "pull-local", f"--repo={remote.path}", bench.data.archive.path, ref)

    def contestant(name):
        remote = bench.data.repository("archive", "remote")
        push(remote, HEADERS)
        remote.write_refs((f"project-{number % 100}/{number}" for number in range(REFS)), commit)
        bench.tools.run(*commands[name], remote.path)

        def prepare(number):
            push(remote, next_ref(number))
            return Attempt([*commands[name], remote.path], repository=remote,
                           verify=lambda: _check(bench, remote, next_ref(number)))

        return prepare

    theirs, own = bench.race({name: contestant(name) for name in commands})
    return Outcome([theirs, own], [faster(own, theirs, 10)])


def _check(bench, remote, ref):
    listed = bench.tools.run("ostree", "summary", "-v", f"--repo={remote.path}")
    lines = sum(1 for line in listed.splitlines() if line.startswith("* "))
    if lines < REFS + 1 or f"* {ref}" not in listed:
        raise BenchError(f"the summary of {remote.path} has {lines} refs, or lacks {ref}")
