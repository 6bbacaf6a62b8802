# SPDX-License-Identifier: Apache-2.0
"""Who pushes, and how: each function returns what prepares a run, given its number."""

import shlex

from harness.measure import Attempt

OURS, BUILDSTREAM, OSTREE_PUSH = "bst-artifact push", "BuildStream 1.0's way", "ostree-push 1.2.0"


def fixed(value):
    """For what is the same in each run."""
    return lambda number: value


def fresh(bench):
    """An empty remote for each run."""
    return lambda number: bench.data.repository("archive", "remote")


def only(ref):
    """What a fresh remote must have afterwards."""
    return lambda number: [ref]


def ours(bench, ref, remote, expected, options=(), port=None, local=False, source=None):
    """bst-artifact push to bst-artifact-receive, over ssh or over a pipe."""

    def prepare(number):
        source_path, target = (source or bench.data.cache).path, remote(number)
        sample = bench.fresh("receiver") / "sample"
        receiver = f"{bench.tools.measured} --apart {sample} {bench.programs}/bst-artifact-receive"
        way = [target.path] if local else [f"localhost:{target.path}", "--ssh", bench.servers.ssh(port)]
        return Attempt(
            [bench.programs / "bst-artifact", "push", "--quiet", "--repo", source_path, "--receiver", receiver,
             "--remote", *way, *options, ref(number)],
            verify=lambda: bench.data.check(target, expected(number), source), repository=target,
            parts={"receiver": sample}, figures=lambda: {"stored_bytes": target.size()})

    return prepare


def buildstream(bench, ref, remote, expected):
    """What BuildStream 1.0 does: a temporary archive repository is made and filled, then pushed from.

    It is not removed, in its favour.
    """

    def prepare(number):
        target, archive = remote(number), bench.fresh("temporary") / "repo"
        sample = bench.fresh("receiver") / "sample"
        peer = " ".join(shlex.quote(str(word)) for word in bench.tools.peer)
        script = f"""
            ostree init --repo={archive} --mode=archive
            ostree pull-local --repo={archive} {bench.data.cache.path} {ref(number)}
            exec {peer} push --repo {archive} --ref {ref(number)} -- {bench.servers.ssh()} localhost \\
                '{bench.tools.measured} {sample} {peer} receive {target.path}'
            """
        return Attempt(["sh", "-e", "-c", script], verify=lambda: bench.data.check(target, expected(number)),
                       repository=target, parts={"receiver": sample},
                       figures=lambda: {"stored_bytes": target.size()})

    return prepare


def ostree_push(bench, ref, remote, source):
    """ostree-push, which serves `source`, an archive repository, to its receiver's pull through ssh.

    It makes a summary there; the receiver writes commits of its own, with the trees that it got.
    """
    folder = bench.tools.ostree_push
    path = f"{bench.servers.ssh_on_path}:{folder}:{bench.environment['PATH']}"

    def prepare(number):
        target, sample = remote(number), bench.fresh("receiver") / "sample"
        receiver = f"{bench.tools.measured} {sample} {folder}/ostree-receive --no-update"
        return Attempt(
            [folder / "ostree-push", "--repo", source.path, "--command", receiver,
             f"localhost:{target.path}", ref(number)],
            verify=lambda: bench.data.check_tree(target, ref(number)), repository=target,
            environment={"PATH": path}, parts={"receiver": sample})

    return prepare
