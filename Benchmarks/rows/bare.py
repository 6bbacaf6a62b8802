# SPDX-License-Identifier: Apache-2.0
"""The programs beside the bare work that nobody can do without."""

from harness.data import HEADERS
from harness.errors import BenchError
from harness.measure import Attempt
from harness.rows import Outcome, row, within

from . import pulling, pushing
from .pushing import fixed, only

# The compression of bst-artifact push by default: a level of libdeflate, or `isal`.
METHOD = "1"
# As many transfers as bst-artifact pull has under way.
TRANSFERS = 128


@row("bare-push", "push headers, beside deflate, SHA-256, write and sync on all cores")
def bare_push(bench):
    data = bench.data
    commit = data.in_cache(HEADERS)
    names = sorted(data.cache.closure(commit))
    objects = bench.fresh("list") / "objects"
    objects.write_text("".join(f"{data.cache.path}/objects/{name[:2]}/{name[2:]}\n" for name in names))

    def bare(number):
        directory = bench.fresh("bare")
        return Attempt([bench.tools.bare_work, METHOD, directory], stdin=objects,
                       verify=lambda: _count(directory, len(names)))

    what = fixed(HEADERS), pushing.fresh(bench), only(HEADERS)
    work, pipe, ssh = bench.race({
        "bare work": bare,
        "bst-artifact push (pipe)": pushing.ours(bench, *what, local=True),
        "bst-artifact push (ssh)": pushing.ours(bench, *what),
    })
    return Outcome([work, pipe, ssh], [within(pipe, work, 1.5)],
                   [f"bare work deflates with {'ISA-L' if METHOD == 'isal' else f'libdeflate, level {METHOD}'}"])


@row("bare-pull", "pull headers, beside curl fetching the same URLs")
def bare_pull(bench):
    data = bench.data
    commit = data.in_archive(HEADERS)
    names = sorted(f"{name}z" if name.endswith(".file") else name for name in data.archive.closure(commit))
    url = bench.servers.url(data.archive.path)

    def curl(number):
        directory = bench.fresh("bare")
        config = bench.fresh("list") / "curl"
        config.write_text("".join(f'url = "{url}/objects/{name[:2]}/{name[2:]}"\noutput = "{directory}/{name}"\n'
                                  for name in names))
        return Attempt(["curl", "-sS", "-f", "-Z", "--parallel-max", TRANSFERS, "--cacert", bench.servers.authority,
                        "--config", config], verify=lambda: _count(directory, len(names)))

    def inflated(number):
        directory = bench.fresh("bare")
        objects = bench.fresh("list") / "objects"
        objects.write_text("".join(f"{data.archive.path}/objects/{name[:2]}/{name[2:]}\n" for name in names))
        return Attempt([bench.tools.bare_work, "inflate", directory], stdin=objects,
                       verify=lambda: _count(directory, len(names)))

    def pull(mode):
        return pulling.ours(bench, fixed(HEADERS), pulling.fresh(bench, mode), only(HEADERS))

    bare, work, stream, user, archive = bench.race({
        f"curl -Z --parallel-max {TRANSFERS}": curl,
        "bare work": inflated,
        "its bytes by curl": pulling.curl(bench, bench.servers.url(data.stream(HEADERS))),
        "bst-artifact pull (bare-user)": pull("bare-user"),
        "bst-artifact pull (archive)": pull("archive"),
    })
    return Outcome(
        [bare, work, stream, user, archive], [within(user, bare, 1.5), within(archive, bare, 1.5)],
        ["bare work inflates, hashes, writes and syncs the same objects, without a connection: no pull into a bare-user "
         "repository that verifies can be quicker than that and the bytes"])


def _count(directory, expected):
    present = sum(1 for _ in directory.iterdir())
    if present != expected:
        raise BenchError(f"{directory} has {present} files, not {expected}")
