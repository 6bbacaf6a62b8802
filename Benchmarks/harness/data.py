# SPDX-License-Identifier: Apache-2.0
"""What is pushed and pulled, and whether it has arrived. Everything is made when it is first needed."""

import os
import re
import shutil
from functools import cached_property, lru_cache
from pathlib import Path

from .errors import BenchError
from .repository import Repository

INCLUDE = Path("/usr/include")
HEADERS, PROGRAMS = "bench/headers", "bench/programs"

# Of the toolchain's programs, those that are in every release; together some 500 MB.
LARGE_PROGRAMS = re.compile(r"swift-frontend|clang-\d+|lldb-server")


def next_ref(number):
    """The ref of headers of which a hundredth was changed, another one for each number below 100."""
    return f"bench/next-{number}"


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

    @cached_property
    def cache(self):
        """A builder's own cache."""
        return self.repository("bare-user", "cache")

    @cached_property
    def archive(self):
        """What web servers serve, and what receivers of other programs make of a push."""
        return self.repository("archive", "archive")

    def in_cache(self, ref):
        """Sees to it that the cache has a ref; returns its commit."""
        if self.cache.commit(ref) is None:
            makers = {HEADERS: lambda: self._commit(ref, INCLUDE), PROGRAMS: self._commit_programs}
            makers.get(ref, lambda: self._commit_next(int(ref.rpartition("-")[2])))()
        return self.cache.commit(ref)

    def in_archive(self, ref):
        """As in_cache, and in the archive too."""
        commit = self.in_cache(ref)
        if self.archive.commit(ref) is None:
            self._tools.run("ostree", "pull-local", f"--repo={self.archive.path}", self.cache.path, ref)
        return commit

    # -- Commits ---------------------------------------------------------------------------

    def _commit(self, ref, folder, repository=None, *options):
        path = (repository or self.cache).path
        self._tools.run("ostree", "commit", f"--repo={path}", f"--branch={ref}", "--owner-uid=0", "--owner-gid=0",
                        "--no-bindings", *options, f"--tree=dir={folder}")

    def _commit_programs(self):
        folder = self._bench.fresh("programs")
        for program in large_programs():
            shutil.copy(program, folder)
        self._commit(PROGRAMS, folder)

    def _commit_next(self, number):
        """A commit without a parent, made of the headers and of every hundredth of them with a line appended."""
        self.in_cache(HEADERS)
        folder = self._bench.fresh("changes")
        for path in header_files()[number % 100::100]:
            target = folder / path.relative_to(INCLUDE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
            with open(target, "a") as file:
                file.write(f"/* change {number} */\n")
        for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
            shutil.copystat(INCLUDE / path.relative_to(folder), path)
        self._commit(next_ref(number), folder, None, f"--tree=ref={HEADERS}")

    @lru_cache(maxsize=None)
    def many(self, count):
        """A repository of its own with so many small objects under one ref, `many`."""
        folder = self._bench.fresh("files")
        # A hundred files to a folder, which is an object itself.
        for number in range(count - count // 100 - 3):
            if number % 100 == 0:
                (folder / f"{number // 100:05d}").mkdir()
            path = folder / f"{number // 100:05d}" / f"{number % 100:02d}"
            path.write_bytes(f"{number}\n".encode() * (1 + number % 40))
        repository = self.repository("bare-user", "many")
        repository.forgo_fsync()
        self._commit("many", folder, repository)
        return repository

    @cached_property
    def huge(self):
        """A repository with one object of 4 GiB, mostly zeros, under the ref `huge`."""
        repository = self.repository("bare-user", "huge")
        repository.add_sparse_file("huge", 4 << 30)
        return repository

    # -- Checks ----------------------------------------------------------------------------

    def fsck(self, repository):
        """Lets ostree look at every object."""
        self._tools.run("ostree", "fsck", "--quiet", f"--repo={repository.path}")

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
            raise BenchError(f"{repository.path} has {len(present)} objects, of which {len(wanted & present)} are among "
                             f"the {len(wanted)} that {', '.join(refs)} need")

    def check_tree(self, repository, ref):
        """Requires that a repository has a ref, at whatever commit, and all objects of its tree."""
        commit = self.cache.commit(ref)
        missing = self.cache.closure(commit) - {f"{commit}.commit"} - repository.objects()
        if repository.commit(ref) is None or missing:
            raise BenchError(f"{ref} has not arrived in {repository.path}, or {len(missing)} of its objects have not")

    def count(self, ref, source=None):
        """How many objects a ref needs."""
        source = source or self.cache
        return len(source.closure(source.commit(ref)))


@lru_cache(maxsize=None)
def header_files():
    return sorted(path for path in INCLUDE.rglob("*") if path.is_file() and not path.is_symlink())


def large_programs():
    """Three large executables of the Swift toolchain, or of the system where there is none."""
    swift = shutil.which("swift")
    folder = Path(os.path.realpath(swift)).parent if swift else Path("/usr/lib")
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and is_program(path):
            status = path.stat()
            # The same file under two names counts once.
            found[status.st_ino] = (status.st_size, path)
    usual = sorted(entry for entry in found.values() if LARGE_PROGRAMS.fullmatch(entry[1].name))
    largest = usual if len(usual) == 3 else sorted(found.values())[-3:]
    if len(largest) < 3:
        raise BenchError(f"there are no three executables below {folder}: install Swift")
    return [path for _, path in largest]


def is_program(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"
