# SPDX-License-Identifier: Apache-2.0
"""Programs that push: each function returns what prepares a run, given its number."""

import shlex

from harness.measure import Attempt

OURS, BUILDSTREAM, OSTREE_PUSH = "bst-artifact push", "BuildStream 1.0's way", "ostree-push 1.2.0"
LOGIN = "ssh HOST true"

LACKS = {
    BUILDSTREAM: "neither verifies nor syncs what comes, and moves refs one by one: to get the same, its users would "
                 "have to add 'ostree fsck', a sync, and a lock",
    OSTREE_PUSH: "verifies, and moves its refs together; its users have to add an archive copy of their repository, "
                 "which is not counted, and get commits of the server's own in place of theirs",
}


def lacks(*names):
    """Remarks on what users of other programs would have to add to get the same."""
    return [f"{name} {LACKS[name]}" for name in names]


def fixed(value):
    """For what is the same in each run."""
    return lambda number: value


def fresh(bench):
    """An empty remote for each run."""
    return lambda number: bench.data.remote()


def only(ref):
    """The refs that a fresh remote must have afterwards."""
    return lambda number: [ref]


def later(change):
    """The ref of another change in each run; number 0 is what the remote may have."""
    return lambda number: change(number + 1)


def since(base, change):
    """The refs that a remote must have after each run that pushed a change to it."""
    return lambda number: [base, *(change(each + 1) for each in range(number + 1))]


def having(bench, name, ref):
    """A remote that has a ref, got from the receiver of a contestant: ours remembers what is complete."""
    bench.data.in_archive(ref)
    remote = bench.data.remote()
    bench.tools.run(*(
        [bench.programs / "bst-artifact", "push", "--quiet", "--repo", bench.data.cache.path, "--remote", remote.path,
         ref] if name == OURS else
        ["ostree", "pull-local", f"--repo={remote.path}", bench.data.archive.path, ref]))
    return remote


def login(bench, port=None):
    """`ssh HOST true`, which no push over ssh can be quicker than."""
    command = bench.servers.ssh(port).split() + ["localhost", "true"]
    return lambda number: Attempt(command)


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


def buildstream(bench, ref, remote, expected, port=None):
    """The steps of BuildStream 1.0: a temporary archive repository is made and filled, then pushed from.

    It is not removed, in its favour.
    """

    def prepare(number):
        target, archive = remote(number), bench.fresh("temporary") / "repo"
        sample = bench.fresh("receiver") / "sample"
        peer = " ".join(shlex.quote(str(word)) for word in bench.tools.peer)
        script = f"""
            ostree init --repo={archive} --mode=archive
            ostree pull-local --repo={archive} {bench.data.cache.path} {ref(number)}
            exec {peer} push --repo {archive} --ref {ref(number)} -- {bench.servers.ssh(port)} localhost \\
                '{bench.tools.measured} {sample} {peer} receive {target.path}'
            """
        return Attempt(["sh", "-e", "-c", script], verify=lambda: bench.data.check(target, expected(number)),
                       repository=target, parts={"receiver": sample},
                       figures=lambda: {"stored_bytes": target.size()})

    return prepare


def ostree_push(bench, ref, remote, source, port=None):
    """ostree-push, which serves `source`, an archive repository, to its receiver's pull through ssh.

    It makes a summary there; the receiver writes commits of its own, with the trees that it got.
    """
    directory = bench.tools.ostree_push
    path = f"{bench.servers.ssh_on_path(port)}:{directory}:{bench.environment['PATH']}"

    def prepare(number):
        target, sample = remote(number), bench.fresh("receiver") / "sample"
        receiver = f"{bench.tools.measured} {sample} {directory}/ostree-receive --no-update"
        return Attempt(
            [directory / "ostree-push", "--repo", source.path, "--command", receiver,
             f"localhost:{target.path}", ref(number)],
            verify=lambda: bench.data.check_tree(target, ref(number)), repository=target,
            environment={"PATH": path}, parts={"receiver": sample})

    return prepare
