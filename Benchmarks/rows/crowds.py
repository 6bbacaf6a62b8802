# SPDX-License-Identifier: Apache-2.0
"""Many clients at once."""

import shlex

from harness.measure import Attempt
from harness.rows import Outcome, at_most, faster, mebibytes, row, within

from . import limits
from .pulling import OSTREE, OURS, OURS_SERVE, fresh, lacks, ostree, ours
from . import pushing
from .pushing import LOGIN, fixed, login, only

PULLS, PUSHES, OBJECTS = 50, 16, 300
SERVER_LIMIT = 64 << 20


@row("pull-crowd", f"{PULLS} pulls of {OBJECTS} objects at once, over HTTPS")
def pull_crowd(bench):
    [ref], source = bench.data.several(1, OBJECTS)
    archive = bench.data.repository("archive", "archive")
    bench.tools.run("ostree", "pull-local", f"--repo={archive.path}", source.path, ref)
    what = fixed(ref), fresh(bench, "bare-user"), only(ref)

    def crowd(make, **way):
        return at_once(bench, [make(bench, *what, source=source, **way)] * PULLS, PULLS)

    theirs, nginx, serve, bare = bench.race({
        OSTREE: crowd(ostree, address=bench.servers.url(archive.path)),
        OURS: crowd(ours, address=bench.servers.url(archive.path)),
        OURS_SERVE: crowd(ours, address=bench.servers.serve_url(archive.path)),
        limits.REQUESTS: at_once(bench, [limits.requests(bench, fixed(ref), archive=archive)] * PULLS, PULLS),
    })
    return Outcome([theirs, nginx, serve, bare], [
        faster(nginx, theirs, 2, bare), faster(serve, theirs, 2),
        at_most(bench.servers.serve_peak(archive.path), SERVER_LIMIT, "peak memory of 'serve'", mebibytes)],
        [lacks(OSTREE), limits.REQUESTS_REMARK])


@row("push-crowd", f"{PUSHES} pushes of {OBJECTS} objects to one cache at once, each of another ref, over ssh")
def push_crowd(bench):
    refs, source = bench.data.several(PUSHES, OBJECTS)

    def crowd(most):
        def prepare(number):
            remote = bench.data.remote()
            pushes = [pushing.ours(bench, fixed(ref), fixed(remote), fixed([ref]), source=source) for ref in refs]
            attempt = at_once(bench, pushes, most)(number)
            attempt.verify = lambda: bench.data.check(remote, refs, source)
            return attempt

        return prepare

    ssh, turns, own = bench.race({
        f"{LOGIN}, at once": at_once(bench, [login(bench)] * PUSHES, PUSHES),
        f"{pushing.OURS}, in turn": crowd(1),
        f"{pushing.OURS}, at once": crowd(PUSHES),
    })
    return Outcome([ssh, turns, own], [within(own, turns, 1)])


def at_once(bench, contestants, most):
    """A contestant that runs others, so many at a time. It fails where one of them does."""

    def prepare(number):
        attempts = [contestant(number) for contestant in contestants]
        commands = bench.fresh("commands") / "lines"
        commands.write_text("".join(shlex.join(map(str, each.command)) + "\n" for each in attempts))

        def verify():
            for each in attempts:
                each.verify()

        return Attempt(["xargs", "-a", commands, "-d", "\\n", "-n", "1", "-P", most, "sh", "-c"], verify=verify,
                       repository=attempts[-1].repository, environment=attempts[-1].environment)

    return prepare
