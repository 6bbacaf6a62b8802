# SPDX-License-Identifier: Apache-2.0
"""A cache of a million objects and 200,000 refs, which stays below the work directory for later measurements."""

import shutil

from .repository import Repository

COMMITS, REFS_EACH = 1_000, 200
# With a commit, a root and ten directories: a thousand objects. All directories share one dirmeta.
DIRECTORIES, FILES_EACH = 10, 99
COMMITS_EACH_TRANSACTION = 20
TIME = 1_767_225_600


def cache(bench):
    """The cache, made when there is none or when measurements have removed a tenth of it."""
    path, mark = bench.work / "big-cache", bench.work / "big-cache.complete"
    repository = Repository(path)
    if mark.exists() and len(repository.refs()) >= 0.9 * COMMITS * REFS_EACH:
        return repository
    mark.unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    bench.tools.run("ostree", "init", "--mode=archive", f"--repo={path}")
    repository.forgo_fsync()
    _fill(repository)
    # Later runs of the driver measure a cache that waits for the disk, as every one does.
    (path / "config").write_text((path / "config").read_text().replace("fsync=false\n", ""))
    mark.touch()
    return repository


def _fill(repository):
    repo = repository.opened
    for start in range(0, COMMITS, COMMITS_EACH_TRANSACTION):
        repo.prepare_transaction(None)
        commits = {number: _commit(repository, number) for number in range(start, start + COMMITS_EACH_TRANSACTION)}
        repo.commit_transaction(None)
        for number, commit in commits.items():
            names = (f"project-{number % 100}/{number}/{index}" for index in range(REFS_EACH))
            repository.write_refs(names, commit)


def _commit(repository, number):
    repo, root = repository.opened, repository.new_tree()
    for directory in range(DIRECTORIES):
        tree = root.ensure_dir(f"{directory:02d}").out_subdir
        tree.set_metadata_checksum(root.get_metadata_checksum())
        for file in range(FILES_EACH):
            content = f"{number} {directory} {file}\n".encode() * (1 + file)
            tree.replace_file(f"{file:02d}", repo.write_regfile_inline(None, 0, 0, 0o100644, None, content, None))
    written = repo.write_mtree(root, None).out_file
    return repo.write_commit_with_time(None, "", None, None, written, TIME + number, None).out_commit
