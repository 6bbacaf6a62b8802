# SPDX-License-Identifier: Apache-2.0
"""Programs that work with a bucket: each function returns what prepares a run, given its number."""

import shlex

from harness import measure
from harness.ceph import PROGRAMS
from harness.errors import BenchError
from harness.measure import Attempt
from harness.rows import at_most, mebibytes

from . import limits

LIMIT = 64 << 20
DIRECT, RECEIVED = "bst-artifact push (s3)", "bst-artifact push (ssh, s3)"


def fresh(bench):
    """An empty cache for each run."""
    return lambda number: bench.ceph.cache()


def counted(bench, prepare):
    """A contestant whose requests, and the processor time that the store takes for them, are figures."""

    def prepared(number):
        attempt, used = prepare(number), {}
        _, before = bench.ceph.use()
        check, figures = attempt.verify, attempt.figures

        def verify():
            for path in attempt.parts.values():
                measure.part(path)
            requests, after = bench.ceph.use()
            used.update(requests)
            used.update({name: after[name] - before[name] for name in PROGRAMS})
            check()

        attempt.verify = verify
        attempt.figures = lambda: {**figures(), **used}
        return attempt

    return prepared


def requests(figures):
    """The number of requests of a run, by kind."""
    kinds = ["PUT", "LIST", "GET", "HEAD", "POST", "DELETE"]
    return {kind: round(figures.other(kind)) for kind in kinds if kind in figures.others}


def bills(*contestants):
    """A remark for each contestant, with its requests, and with what the store does for them."""
    return [
        f"{figures.name}: " + ", ".join(f"{number:,} {kind}" for kind, number in requests(figures).items())
        + "; " + ", ".join(f"{name} {figures.other(name):.2f} s" for name in PROGRAMS)
        + f" of processor time; {busy(figures):.2f} processors at work"
        for figures in contestants]


def busy(figures):
    """The processors that a contestant and the store keep at work together, without sshd and the kernel's own."""
    return (figures.cpu_seconds + sum(figures.other(name) for name in PROGRAMS)) / figures.seconds


def small(*contestants):
    """Verdicts on the memory of each program."""
    return [at_most(figures.peak_bytes(part), LIMIT, f"{figures.name}: peak memory{f' of the {part}' if part else ''}",
                    mebibytes)
            for figures in contestants for part in [None, *figures.parts]]


def direct(bench, ref, cache, expected):
    """bst-artifact push into the bucket itself."""

    def prepare(number):
        target = cache(number)
        return Attempt(
            [bench.programs / "bst-artifact", "push", "--quiet", "--repo", bench.data.cache.path, "--remote",
             target.path, ref(number)],
            verify=lambda: bench.data.check(target, expected(number)), repository=target)

    return counted(bench, prepare)


def pull(bench, ref, local, cache, *, is_signed):
    """bst-artifact pull from the bucket, signed or as from any web server."""

    def prepare(number):
        target = local(number)
        return Attempt(
            [bench.programs / "bst-artifact", "pull", "--quiet", "--repo", target.path, "--remote",
             cache.path if is_signed else cache.url(), ref],
            verify=lambda: bench.data.check(target, [ref]), repository=target)

    return counted(bench, prepare)


# -- Others --------------------------------------------------------------------------------


def curl_put(bench, archive):
    """curl putting all objects of an archive repository, 32 at a time."""
    names = archive.objects()

    def prepare(number):
        target, config = bench.ceph.cache(is_new=False), bench.fresh("list") / "curl"
        files = [archive.file(name) for name in sorted(names)]
        config.write_text("".join(f'upload-file = "{file}"\nurl = "{target.url()}/{file.relative_to(archive.path)}"\n'
                                  for file in files))
        return Attempt(["curl", "-sS", "-f", "-Z", "--parallel-max", 32, "-K", bench.ceph.curl, "-K", config],
                       verify=lambda: _check(target, names))

    return counted(bench, prepare)


def bare_put(bench, archive, ref):
    """curl putting all objects, while the files that a push of them reads are deflated."""
    curl = curl_put(bench, archive)

    def prepare(number):
        attempt, files = curl(number), limits.files(bench, ref)
        command = shlex.join(map(str, attempt.command))
        attempt.command = ["bash", "-c", f"{bench.tools.bare_work} send {limits.SMALL} <{files} >/dev/null & {command} && wait $!"]
        return attempt

    return prepare


def aws_sync(bench, archive):
    """aws s3 sync of all objects of an archive repository."""
    names = archive.objects()

    def prepare(number):
        target = bench.ceph.cache(is_new=False)
        return Attempt(["aws", "--endpoint-url", bench.ceph.gateways[0], "s3", "sync", "--only-show-errors",
                        archive.path / "objects", f"{target.path}/objects"], verify=lambda: _check(target, names))

    return counted(bench, prepare)


def _check(target, names):
    present = target.objects()
    if present != names:
        raise BenchError(f"{target.path} has {len(present)} objects, {len(names & present)} of which are among the "
                         f"{len(names)} that were to be put")


def curl_get(bench, names, url, parallel):
    """curl fetching all objects of a cache, anonymously."""

    def prepare(number):
        directory, config = bench.fresh("bare"), bench.fresh("list") / "curl"
        config.write_text("".join(f'url = "{url}/objects/{name[:2]}/{name[2:]}"\noutput = "{directory}/{name}"\n'
                                  for name in names))

        def verify():
            present = sum(1 for _ in directory.iterdir())
            if present != len(names):
                raise BenchError(f"{directory} has {present} files, not {len(names)}")

        return Attempt(["curl", "-sS", "-f", "-Z", "--parallel-max", parallel, "-K", config], verify=verify)

    return counted(bench, prepare)


def bare_requests(bench, cache, count):
    """curl sending so many signed requests one after the other, on one connection."""
    url = f"{cache.url()}/config"
    return counted(bench, lambda number: Attempt(["curl", "-sS", "-f", "-K", bench.ceph.curl, *[url] * count]))
