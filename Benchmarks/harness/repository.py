# SPDX-License-Identifier: Apache-2.0
"""An OSTree repository, as the benchmark looks at it."""

import hashlib
import os
import struct
from functools import cached_property, lru_cache
from pathlib import Path

import gi

gi.require_version("OSTree", "1.0")
from gi.repository import Gio, GLib, OSTree  # noqa: E402

SUFFIXES = {OSTree.ObjectType.FILE: "file", OSTree.ObjectType.DIR_TREE: "dirtree",
            OSTree.ObjectType.DIR_META: "dirmeta", OSTree.ObjectType.COMMIT: "commit"}


class Repository:
    def __init__(self, path):
        self.path = path

    @cached_property
    def opened(self):
        """The repository as libostree has it."""
        repo = OSTree.Repo.new(Gio.File.new_for_path(str(self.path)))
        repo.open(None)
        return repo

    def commit(self, ref):
        """The commit of a ref, whether made here or pulled from the remote `bench`; None where there is no such ref."""
        for directory in ("heads", "remotes/bench"):
            path = self.path / "refs" / directory / ref
            if path.is_file():
                return path.read_text().strip()
        return None

    def refs(self):
        """The commits of all refs that were made here or pushed, by name."""
        top = self.path / "refs/heads"
        return {os.path.relpath(f"{directory}/{name}", top): Path(directory, name).read_text().strip()
                for directory, _, names in os.walk(top) for name in names}

    def write_refs(self, names, commit):
        """Makes many refs to one commit, by writing their files."""
        for name in names:
            path = self.path / "refs/heads" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(commit + "\n")

    @lru_cache(maxsize=None)
    def closure(self, commit):
        """The names of all objects that a commit needs."""
        reachable = self.opened.traverse_commit(commit, 0, None).out_reachable
        return frozenset(f"{checksum}.{SUFFIXES[OSTree.ObjectType(kind)]}"
                         for checksum, kind in (key.unpack() for key in reachable))

    def objects(self):
        """The names of all objects, files as `.file` in every mode."""
        names = set()
        for directory in os.scandir(self.path / "objects"):
            for entry in os.scandir(directory.path):
                checksum, _, kind = (directory.name + entry.name).partition(".")
                if kind != "commitmeta":
                    names.add(f"{checksum}.{'file' if kind == 'filez' else kind}")
        return names

    def size(self, names=None):
        """The bytes of objects as they are stored in an archive repository; of all objects by default."""
        return sum(self.sizes(self.objects() if names is None else names))

    def sizes(self, names):
        """The size of each of some objects, as they are stored in an archive repository."""
        return (self.file(name).stat().st_size for name in names)

    def file(self, name):
        """An object's file in an archive repository."""
        stored = name + "z" if name.endswith(".file") else name
        return self.path / "objects" / stored[:2] / stored[2:]

    def fsck(self, tools):
        tools.run("ostree", "fsck", "--quiet", f"--repo={self.path}")

    def forgo_fsync(self):
        """For repositories that only prepare a measurement."""
        with open(self.path / "config", "a") as file:
            file.write("fsync=false\n")

    def add_sparse_file(self, ref, size):
        """Commits one file of so many bytes: a mebibyte of pattern now and then, and zeros.

        libostree would write all of it and hash it with a slow digest, so the object is made here.
        """
        header = struct.pack(">I", 0) + GLib.Variant("(uuuusa(ayay))", (0, 0, _big_endian(0o100644), 0, "", [])) \
            .get_data_as_bytes().get_data()
        header = struct.pack(">II", len(header) - 4, 0) + header[4:]
        digest, mebibyte = hashlib.sha256(header), 1 << 20
        draft = self.path / "tmp/draft"
        with open(draft, "wb") as file:
            for number in range(size // mebibyte):
                piece = bytes(mebibyte)
                if number % 256 == 0:
                    piece = (b"%08d" % number) * (mebibyte // 8)
                    file.seek(number * mebibyte)
                    file.write(piece)
                digest.update(piece)
            file.truncate(size)
        checksum = digest.hexdigest()
        metadata = GLib.Variant("(uuua(ayay))", (0, 0, _big_endian(0o100644), [])).get_data_as_bytes().get_data()
        os.setxattr(draft, "user.ostreemeta", metadata)
        directory = self.path / "objects" / checksum[:2]
        directory.mkdir(parents=True, exist_ok=True)
        draft.rename(directory / f"{checksum[2:]}.file")
        self._commit_file(ref, checksum)

    def new_tree(self):
        """An empty directory to commit, within a transaction."""
        meta = GLib.Variant("(uuua(ayay))", (0, 0, _big_endian(0o40755), []))
        written = self.opened.write_metadata(OSTree.ObjectType.DIR_META, None, meta, None).out_csum
        tree = OSTree.MutableTree.new()
        tree.set_metadata_checksum("".join(f"{byte:02x}" for byte in written))
        return tree

    def _commit_file(self, ref, checksum):
        repo = self.opened
        repo.prepare_transaction(None)
        tree = self.new_tree()
        tree.replace_file("huge", checksum)
        root = repo.write_mtree(tree, None).out_file
        commit = repo.write_commit(None, "", None, None, root, None).out_commit
        repo.transaction_set_ref(None, ref, commit)
        repo.commit_transaction(None)


def _big_endian(number):
    """OSTree keeps numbers in this order, inside of variants of the machine's own."""
    return struct.unpack("=I", struct.pack(">I", number))[0]
