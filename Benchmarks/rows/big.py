# SPDX-License-Identifier: Apache-2.0
"""A cache so large that whatever is in proportion to it shows."""

import os

from harness import big
from harness.errors import BenchError
from harness.measure import Attempt
from harness.rows import Figures, Outcome, at_most, faster, mebibytes, row

from . import pushing
from .pushing import fixed

LIMIT = 64 << 20


@row("big-cache", "a cache of 1,000,000 objects and 200,000 refs: push, list, summary, stats, fsck, expire; one run each",
     is_drawn=False)
def big_cache(bench):
    cache = big.cache(bench)
    own, program = {}, bench.programs / "bst-artifact"

    def run(name, *command, verify=lambda: None):
        figures = Figures(name)
        bench.attempt(Attempt(command, verify=verify), figures)
        return figures

    def bst_artifact(*words, verify=lambda: None):
        name = "bst-artifact " + " ".join(word for word in words if word.isalpha())
        own[name] = run(name, program, *words, verify=verify)
        return own[name]

    their_summary = run("ostree summary -u", "ostree", "summary", "-u", f"--repo={cache.path}")
    their_fsck = run("ostree fsck", "ostree", "fsck", "--quiet", f"--repo={cache.path}")
    summary = bst_artifact("repo", "summary", "--repo", str(cache.path))
    push = own["bst-artifact push"] = Figures("bst-artifact push")
    bench.attempt(_push(bench, cache), push)
    bst_artifact("list", "--quiet", "--remote", str(cache.path))
    bst_artifact("repo", "stats", "--quiet", "--repo", str(cache.path))
    fsck = bst_artifact("repo", "fsck", "--quiet", "--repo", str(cache.path))
    refs, size = len(cache.refs()), _disk_space(cache)
    bst_artifact("repo", "expire", "--quiet", "--repo", str(cache.path), "--max-size", str(size - size // 1000),
                 verify=lambda: _check_expired(cache, refs))

    verdicts = [faster(summary, their_summary, 1), faster(fsck, their_fsck, 4)]
    verdicts += [at_most(each.peak_bytes(), LIMIT, f"{name}, peak memory", mebibytes) for name, each in own.items()]
    verdicts.append(at_most(push.peak_bytes("receiver"), LIMIT, "its receiver, peak memory", mebibytes))
    return Outcome([their_summary, their_fsck, *own.values()], verdicts)


def _push(bench, cache):
    """A push of a ref that no earlier measurement has pushed, over a pipe."""
    source, ref = bench.data.repository("bare-user", "one"), f"one/{bench.directory.name}"
    directory = bench.fresh("one")
    (directory / "file").write_text(f"{ref}\n")
    bench.tools.run("ostree", "commit", f"--repo={source.path}", f"--branch={ref}", "--owner-uid=0", "--owner-gid=0",
                    "--no-xattrs", f"--tree=dir={directory}")
    attempt = pushing.ours(bench, fixed(ref), fixed(cache), fixed([ref]), local=True, source=source)(0)

    def verify():
        if cache.commit(ref) != source.commit(ref):
            raise BenchError(f"{ref} has not arrived in {cache.path}")

    attempt.verify, attempt.figures = verify, dict
    return attempt


def _disk_space(repository):
    """The disk space of all objects, in bytes."""
    return sum(entry.stat().st_blocks * 512
               for directory in os.scandir(repository.path / "objects") for entry in os.scandir(directory.path))


def _check_expired(cache, before):
    """Requires that something was removed, and not much more than was asked for."""
    after = len(cache.refs())
    if not before * 0.9 <= after < before:
        raise BenchError(f"of {before} refs in {cache.path}, {after} are left, where a thousandth of it had to go")
