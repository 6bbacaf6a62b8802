# SPDX-License-Identifier: Apache-2.0
"""A push of very many refs."""

from harness.errors import BenchError
from harness.measure import Attempt
from harness.rows import Outcome, at_most, faster, mebibytes, row

REFS, COMMITS, OBJECTS = 100_000, 4, 100
LIMIT = 64 << 20


@row("push-refs", f"push {REFS:,} refs to {COMMITS} commits to an empty cache, over a pipe; one run",
     is_drawn=False)
def push_refs(bench):
    refs, several = bench.data.several(COMMITS, OBJECTS)
    source = bench.data.repository("archive", "refs")
    bench.tools.run("ostree", "pull-local", f"--repo={source.path}", several.path, *refs)
    names = [f"project-{number % 100}/{number}" for number in range(REFS - COMMITS)]
    for number, ref in enumerate(refs):
        source.write_refs(names[number::COMMITS], source.commit(ref))

    def prepare(command):
        def attempt(number):
            remote, sample = bench.data.remote(), bench.fresh("receiver") / "sample"
            return Attempt(command(remote, sample), repository=remote, verify=lambda: _check(bench, source, remote, refs),
                           parts={"receiver": sample} if command is push else {})

        return attempt

    def pull_local(remote, sample):
        return ["ostree", "pull-local", f"--repo={remote.path}", source.path]

    def push(remote, sample):
        receiver = f"{bench.tools.measured} --apart {sample} {bench.programs}/bst-artifact-receive"
        return [bench.programs / "bst-artifact", "push", "--quiet", "--all", "--repo", source.path, "--receiver",
                receiver, "--remote", remote.path]

    theirs, own = bench.race({"ostree pull-local": prepare(pull_local), "bst-artifact push": prepare(push)},
                             runs=1)
    return Outcome([theirs, own], [
        faster(own, theirs, 1),
        at_most(own.peak_bytes(), LIMIT, "client's peak memory", mebibytes),
        at_most(own.peak_bytes("receiver"), LIMIT, "receiver's peak memory", mebibytes)],
        ["ostree pull-local works within one machine, compares no ref with what its user knew, and writes no summary"])


def _check(bench, source, remote, refs):
    """Requires all refs, and all objects, which some refs need."""
    present = remote.refs()
    if present != source.refs():
        raise BenchError(f"{remote.path} has {len(present)} refs, or other ones than the {REFS} that were pushed")
    bench.data.check(remote, refs, source)
