# SPDX-License-Identifier: Apache-2.0
"""The programs beside the bare work that nobody can do without."""

from harness.data import HEADERS
from harness.measure import Attempt
from harness.rows import Outcome, row, within

from . import limits, pulling, pushing
from .pushing import fixed, only


@row("bare-push", "push headers over a pipe, beside the bare work of both sides on the same cores")
def bare_push(bench):
    data = bench.data
    commit = data.in_cache(HEADERS)
    names = sorted(data.cache.closure(commit))
    objects = bench.fresh("list") / "objects"
    objects.write_text("".join(f"{data.cache.path}/objects/{name[:2]}/{name[2:]}\n" for name in names))

    def bare(number):
        directory = bench.fresh("bare")
        return Attempt([bench.tools.bare_work, limits.SMALL, directory], stdin=objects,
                       verify=lambda: limits.count(directory, len(names)))

    what = fixed(HEADERS), pushing.fresh(bench), only(HEADERS)
    unverified = "deflate, SHA-256, write and sync"
    work, pipe, ssh, one = bench.race({
        limits.NAME: limits.push_over_pipe(bench, HEADERS),
        "bst-artifact push (pipe)": pushing.ours(bench, *what, local=True),
        "bst-artifact push (ssh)": pushing.ours(bench, *what),
        unverified: bare,
    })
    return Outcome([work, pipe, ssh, one], [within(pipe, work, 1.5)], [
        f"bare work deflates with libdeflate, level {limits.SMALL}, in one process, and inflates, hashes, writes and syncs in "
        f"another, with a pipe between them; '{unverified}' is one process, which does not inflate what it hashes, as whoever "
        f"verifies a push must: 'bst-artifact push (pipe)' takes {pipe.seconds / one.seconds:.2f} × of it"])


@row("bare-pull", "pull headers, beside curl fetching the same URLs")
def bare_pull(bench):
    data = bench.data
    commit = data.in_archive(HEADERS)
    names = sorted(f"{name}z" if name.endswith(".file") else name for name in data.archive.closure(commit))

    def inflated(number):
        directory = bench.fresh("bare")
        objects = bench.fresh("list") / "objects"
        objects.write_text("".join(f"{data.archive.path}/objects/{name[:2]}/{name[2:]}\n" for name in names))
        return Attempt([bench.tools.bare_work, "inflate", directory], stdin=objects,
                       verify=lambda: limits.count(directory, len(names)))

    def pull(mode):
        return pulling.ours(bench, fixed(HEADERS), pulling.fresh(bench, mode), only(HEADERS))

    bare, work, stream, user, archive = bench.race({
        limits.REQUESTS: limits.requests(bench, fixed(HEADERS)),
        "bare work": inflated,
        "its bytes by curl": pulling.curl(bench, bench.servers.url(data.stream(HEADERS))),
        "bst-artifact pull (bare-user)": pull("bare-user"),
        "bst-artifact pull (archive)": pull("archive"),
    })
    return Outcome(
        [bare, work, stream, user, archive], [within(user, bare, 1.5), within(archive, bare, 1.5)],
        ["bare work inflates, hashes, writes and syncs the same objects, without a connection: no pull into a bare-user "
         "repository that verifies can be quicker than that and the bytes"])
