# SPDX-License-Identifier: Apache-2.0
"""The refs that are pushed and pulled, and checks of their arrival. Everything is made when it is first needed."""

import os
import re
import shutil
from functools import cached_property, lru_cache
from pathlib import Path

from . import luck, seeded
from .errors import BenchError
from .repository import Repository

INCLUDE = Path("/usr/include")
# From a fixed seed, so that they are the same on each machine.
HEADERS, PROGRAMS = "bench/headers", "bench/programs"
# This machine's own.
REAL_HEADERS, REAL_PROGRAMS = "bench/real-headers", "bench/real-programs"

# Of the toolchain's programs, those that are in every release; together some 500 MB.
LARGE_PROGRAMS = re.compile(r"swift-frontend|clang-\d+|lldb-server")

DEPTH = 60
DATE = "2026-01-01 00:00:00 +0000"


def next_ref(number):
    """The ref of headers of which a hundredth was changed, another one for each number below 100."""
    return f"bench/next-{number}"


def deep_ref(number):
    """The ref of a tree in which one file, below 60 directories, is another one for each number."""
    return f"bench/deep-{number}"


class Data:
    def __init__(self, bench):
        self._bench = bench
        self._tools = bench.tools

    # -- Repositories ----------------------------------------------------------------------

    def repository(self, mode, name="repo"):
        """A new, empty repository."""
        path = self._bench.fresh(name)
        self._tools.run("ostree", "init", f"--mode={mode}", f"--repo={path}")
        return Repository(path)

    def remote(self):
        """An empty cache to push to, with a summary, without which BuildStream 1.0 pushes nothing."""
        remote = self.repository("archive", "remote")
        self._tools.run("ostree", "summary", "--update", f"--repo={remote.path}")
        return remote

    @cached_property
    def cache(self):
        """A builder's own cache."""
        return self.repository("bare-user", "cache")

    @cached_property
    def archive(self):
        """The repository that web servers serve, in the form that receivers of other programs make of a push."""
        return self.repository("archive", "archive")

    def in_cache(self, ref):
        """Sees to it that the cache has a ref; returns its commit."""
        if self.cache.commit(ref) is None:
            number = ref.rpartition("-")[2]
            makers = {HEADERS: lambda: self._commit_readable(ref, self.headers),
                      PROGRAMS: lambda: self._commit_readable(ref, self._programs(seeded.write_programs)),
                      REAL_HEADERS: lambda: self._commit_readable(ref, INCLUDE),
                      REAL_PROGRAMS: lambda: self._commit_readable(ref, self._programs(copy_programs)),
                      f"bench/next-{number}": lambda: self._commit_next(ref, int(number)),
                      f"bench/deep-{number}": lambda: self._commit_readable(ref, self._deep(int(number)))}
            makers[ref]()
        return self.cache.commit(ref)

    def in_archive(self, ref):
        """As in_cache, and in the archive too."""
        commit = self.in_cache(ref)
        if self.archive.commit(ref) != commit:
            self._tools.run("ostree", "pull-local", f"--repo={self.archive.path}", self.cache.path, ref)
        return commit

    def commits(self):
        """The commits that were measured: those from a seed are the same on each machine."""
        return self.cache.refs()

    # -- Commits ---------------------------------------------------------------------------

    @cached_property
    def headers(self):
        """The directory that is committed as headers."""
        directory = self._bench.fresh("headers")
        seeded.write_headers(directory)
        return directory

    def _programs(self, write):
        directory = self._bench.fresh("programs")
        write(directory)
        return directory

    def _deep(self, number):
        """A directory with a file below 60 directories, each of which has another file that is always the same."""
        top = path = self._bench.fresh("deep")
        for level in range(DEPTH):
            path /= f"level_{level:02d}"
            path.mkdir()
            (path / "same.txt").write_text(f"level {level}\n")
        (path / "changed.txt").write_text(f"change {number}\n")
        return top

    def _commit(self, ref, repository, *trees):
        """Commits trees, of which a later one's files count."""
        self._tools.run("ostree", "commit", f"--repo={repository.path}", f"--branch={ref}", "--owner-uid=0",
                        "--owner-gid=0", "--no-xattrs", "--no-bindings", "--parent=none", f"--timestamp={DATE}",
                        *(f"--tree={tree}" for tree in trees))

    def _commit_readable(self, ref, directory, *below):
        """Commits a directory, and small files more where the old receivers could not read its push."""
        padding = self._bench.fresh("padding")
        trees = [*below, f"dir={directory}"]
        while True:
            self._commit(ref, self.cache, *trees)
            sizes = self.archive.sizes(self.archive.closure(self.in_archive(ref)))
            if luck.is_readable(sizes):
                return
            (padding / f"padding_{len(trees)}").write_text("more\n")
            shutil.copystat(directory, padding)
            trees.append(f"dir={padding}")
            for repository in (self.cache, self.archive):
                self._tools.run("ostree", "refs", f"--repo={repository.path}", "--delete", ref)
                self._tools.run("ostree", "prune", f"--repo={repository.path}", "--refs-only")

    def _commit_next(self, ref, number):
        """Makes a commit without a parent, of the headers and of every hundredth of them with a line appended."""
        self.in_cache(HEADERS)
        directory = self._bench.fresh("changes")
        files = sorted(path for path in self.headers.rglob("*") if path.is_file())
        for path in files[number % 100::100]:
            target = directory / path.relative_to(self.headers)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
            with open(target, "a") as file:
                file.write(f"/* change {number} */\n")
        self._commit_readable(ref, directory, f"ref={HEADERS}")

    @lru_cache(maxsize=None)
    def many(self, count):
        """A repository of its own with so many small objects under one ref, `many`."""
        repository = self.repository("bare-user", "many")
        repository.forgo_fsync()
        self._commit("many", repository, f"dir={self._small_files(count)}")
        return repository

    @lru_cache(maxsize=None)
    def several(self, refs, objects):
        """Refs with so many small objects each, and the repository that they are in."""
        repository = self.repository("bare-user", "several")
        repository.forgo_fsync()
        names = [f"several/{number}" for number in range(refs)]
        for name in names:
            self._commit(name, repository, f"dir={self._small_files(objects, name)}")
        return names, repository

    def _small_files(self, count, mark=""):
        """A directory that makes so many objects. Files with another mark have other contents."""
        directory = self._bench.fresh("files")
        # A hundred files to a directory, which is an object itself.
        for number in range(count - count // 100 - 3):
            if number % 100 == 0:
                (directory / f"{number // 100:05d}").mkdir()
            path = directory / f"{number // 100:05d}" / f"{number % 100:02d}"
            path.write_bytes(f"{mark}{number}\n".encode() * (1 + number % 40))
        return directory

    @cached_property
    def huge(self):
        """A repository with one object of 4 GiB, mostly zeros, under the ref `huge`."""
        repository = self.repository("bare-user", "huge")
        repository.add_sparse_file("huge", 4 << 30)
        return repository

    # -- Checks ----------------------------------------------------------------------------

    def fsck(self, repository):
        """Lets ostree look at every object."""
        repository.fsck(self._tools)

    def check(self, repository, refs, source=None):
        """Requires that a repository has refs, all their objects, and no others."""
        source = source or self.cache
        wanted = set()
        for ref in refs:
            commit = source.commit(ref)
            if repository.commit(ref) != commit:
                raise BenchError(f"{ref} has not arrived in {repository.path}")
            wanted |= source.closure(commit)
        present = repository.objects()
        if present != wanted:
            raise BenchError(f"{repository.path} has {len(present)} objects, {len(wanted & present)} of which are "
                             f"among the {len(wanted)} that {', '.join(refs)} need")

    def check_tree(self, repository, ref):
        """Requires that a repository has a ref, at whatever commit, and all objects of its tree."""
        commit = self.cache.commit(ref)
        missing = self.cache.closure(commit) - {f"{commit}.commit"} - repository.objects()
        if repository.commit(ref) is None or missing:
            raise BenchError(f"{ref} has not arrived in {repository.path}, or {len(missing)} of its objects have not")

    @lru_cache(maxsize=None)
    def stream(self, ref):
        """One file with all objects of a ref, as the archive has them: the bytes that have to travel."""
        names = sorted(self.archive.closure(self.in_archive(ref)))
        path = self._bench.fresh("stream") / "objects"
        with open(path, "wb") as file:
            for name in names:
                file.write(self.archive.file(name).read_bytes())
        return path

    def count(self, ref, source=None):
        """The number of objects that a ref needs."""
        source = source or self.cache
        return len(source.closure(source.commit(ref)))


def copy_programs(directory):
    for program in large_programs():
        shutil.copy(program, directory)


def large_programs():
    """Three large executables of the Swift toolchain, or of the system where there is none."""
    swift = shutil.which("swift")
    directory = Path(os.path.realpath(swift)).parent if swift else Path("/usr/lib")
    found = {}
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink() and is_program(path):
            status = path.stat()
            # The same file under two names counts once.
            found[status.st_ino] = (status.st_size, path)
    usual = sorted(entry for entry in found.values() if LARGE_PROGRAMS.fullmatch(entry[1].name))
    largest = usual if len(usual) == 3 else sorted(found.values())[-3:]
    if len(largest) < 3:
        raise BenchError(f"there are no three executables below {directory}: install Swift")
    return [path for _, path in largest]


def is_program(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"
