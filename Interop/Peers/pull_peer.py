#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second implementation of pulls through a receiver: its client and its receiver.

Written from docs/PROTOCOL.md, to find out where the page and the Swift programs differ. It
keeps whole objects in memory and verifies nothing; `ostree fsck` does that in the tests.

    pull_peer.py pull --repo REPO --ref REF [--no-ahead] -- ssh HOST bst-artifact-receive PATH
    pull_peer.py list -- ssh HOST bst-artifact-receive PATH
    pull_peer.py give [--ahead] REPO

REPO is an archive repository. Needs PyGObject and the OSTree bindings.
"""

import argparse
import fnmatch
import os
import struct
import subprocess
import sys

from artifact_peer import ARCHIVE, DONE, GLib, INFO, NO_COMMIT, OSTree, PeerError, Wire, field

import artifact_peer

WANT, OBJECT, RESULTS, PROGRESS, DELETE, AHEAD, LIST, REFS = range(5, 13)
artifact_peer.KIND_NAMES += ("want", "object", "results", "progress", "delete", "ahead", "list", "refs")
SUFFIXES = {1: "filez", 2: "dirtree", 3: "dirmeta", 4: "commit", 6: "commitmeta"}
FILE, DIRTREE, DIRMETA, COMMIT, COMMITMETA = SUFFIXES
ABSENT, SENT_AHEAD = 2**64 - 1, 2**64 - 2
MOST_WANTED = 1024


class Stream(Wire):
    """A session's frames, those of objects too."""

    def send_bytes(self, kind, body, content=b""):
        """Write a frame whose body is no GVariant, and what follows it."""
        self.sink.write(struct.pack("<cBBH", b"l", 1, kind, len(body)) + body + content)

    def read_exactly(self, count):
        data = self.source.read(count)
        if len(data) < count:
            raise PeerError("the stream ends too early")
        return data

    def receive_bytes(self):
        """Read a frame. Returns its kind and its body."""
        mark, version, kind, size = struct.unpack("<cBBH", self.read_exactly(5))
        if mark != b"l" or version != 1:
            raise PeerError("the other side does not speak little-endian version 1")
        return kind, self.read_exactly(size)


def name_of(kind, checksum):
    return bytes([kind]) + checksum


def parts(kind, data):
    """The names in a commit or directory, of its parts and not of its parents."""
    if kind == COMMIT:
        commit = GLib.Variant.new_from_bytes(
            GLib.VariantType("(a{sv}aya(say)sstayay)"), GLib.Bytes.new(data), False)
        return [name_of(DIRTREE, bytes(commit[6])), name_of(DIRMETA, bytes(commit[7]))]
    if kind != DIRTREE:
        return []
    tree = GLib.Variant.new_from_bytes(
        GLib.VariantType("(a(say)a(sayay))"), GLib.Bytes.new(data), False)
    names = [name_of(FILE, bytes(checksum)) for _, checksum in tree[0]]
    for _, below, metadata in tree[1]:
        names += [name_of(DIRTREE, bytes(below)), name_of(DIRMETA, bytes(metadata))]
    return names


class Objects:
    """The objects of an archive repository, by the names that travel."""

    def __init__(self, path):
        self.path = path

    def file(self, name):
        checksum = name[1:].hex()
        return f"{self.path}/objects/{checksum[:2]}/{checksum[2:]}.{SUFFIXES[name[0]]}"

    def read(self, name):
        try:
            with open(self.file(name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def write(self, name, data):
        os.makedirs(os.path.dirname(self.file(name)), exist_ok=True)
        with open(self.file(name), "wb") as file:
            file.write(data)


def connect(command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return process, Stream(process.stdout, process.stdin, "little")


def introduce(stream, refs, abilities):
    stream.send(INFO, {"mode": GLib.Variant("i", ARCHIVE), "refs": GLib.Variant("a{ss}", refs),
                       "abilities": GLib.Variant("as", abilities)})


def finish(process, stream):
    stream.send(DONE)
    stream.sink.close()
    if process.wait() != 0:
        raise PeerError(f"the receiver exits with {process.returncode}")


def pull(arguments):
    process, stream = connect(arguments.command)
    introduce(stream, {arguments.ref: NO_COMMIT}, ["pull"] if arguments.no_ahead else ["ahead", "pull"])
    _, body = stream.receive(INFO)
    if "pull" not in field(body, "abilities", "as"):
        raise PeerError("the receiver gives nothing")
    commit = field(body, "refs", "a{ss}")[arguments.ref]
    objects = Objects(arguments.repo)
    known, missing, asked = set(), [], []

    def want(name):
        if name not in known:
            known.add(name)
            missing.append(name)

    def opened(name, data):
        for part in parts(name[0], data):
            want(part)

    want(name_of(COMMIT, bytes.fromhex(commit)))
    want(name_of(COMMITMETA, bytes.fromhex(commit)))
    ahead = {}
    while missing or asked:
        batch = []
        while missing and len(asked) + len(batch) < MOST_WANTED:
            name = missing.pop()
            if name in ahead:
                opened(name, ahead.pop(name))
            else:
                batch.append(name)
        if batch:
            stream.send_bytes(WANT, b"".join(batch))
            stream.sink.flush()
            asked += batch
        if not asked:
            continue
        kind, body = stream.receive_bytes()
        if kind not in (OBJECT, AHEAD):
            raise PeerError(f"message {kind} where an object was due")
        name, (size,) = body[:33], struct.unpack("<Q", body[33:])
        data = stream.read_exactly(size) if size < SENT_AHEAD else None
        if data is not None:
            objects.write(name, data)
        if kind == AHEAD:
            # One that was asked for meanwhile is opened when its answer comes.
            ahead[name] = data
            continue
        if asked.pop(0) != name:
            raise PeerError("an answer is out of order")
        if size == SENT_AHEAD:
            data = ahead.pop(name)
        if data is not None:
            opened(name, data)
        elif name[0] != COMMITMETA:
            raise PeerError("an object is absent")
    finish(process, stream)
    repository = OSTree.Repo.new(artifact_peer.Gio.File.new_for_path(arguments.repo))
    repository.open(None)
    repository.set_ref_immediate(None, arguments.ref, commit, None)


def list_refs(arguments):
    process, stream = connect(arguments.command)
    introduce(stream, {}, ["pull"])
    stream.receive(INFO)
    stream.send(LIST, {"patterns": GLib.Variant("as", arguments.pattern), "details": GLib.Variant("b", True)})
    while True:
        _, body = stream.receive(REFS)
        refs = field(body, "refs", "a(sstt)")
        if not refs:
            break
        for ref, commit, size, time in refs:
            print(ref, commit, size, time)
    finish(process, stream)


def give(arguments):
    repository = OSTree.Repo.new(artifact_peer.Gio.File.new_for_path(arguments.repo))
    repository.open(None)
    refs = repository.list_refs(None, None)[1]
    objects = Objects(arguments.repo)
    stream = Stream(sys.stdin.buffer, sys.stdout.buffer, "little")
    _, body = stream.receive(INFO)
    asked = field(body, "refs", "a{ss}")
    abilities = {"pull", "ahead"} if arguments.ahead else {"pull"}
    abilities &= set(field(body, "abilities", "as"))
    introduce(stream, {ref: refs[ref] for ref in asked if ref in refs}, sorted(abilities))
    sent = set()

    def send(kind, name):
        data = objects.read(name)
        stream.send_bytes(kind, name + struct.pack("<Q", ABSENT if data is None else len(data)), data or b"")
        sent.add(name)

    while True:
        kind, body = stream.receive_bytes()
        if kind == DONE:
            return
        if kind == LIST:
            query = GLib.Variant.new_from_bytes(GLib.VariantType("a{sv}"), GLib.Bytes.new(body), False)
            patterns = field(query, "patterns", "as")
            chosen = [(ref, commit, 0, 0) for ref, commit in sorted(refs.items())
                      if not patterns or any(fnmatch.fnmatchcase(ref, each) for each in patterns)]
            for each in ([chosen] if chosen else []) + [[]]:
                stream.send(REFS, {"refs": GLib.Variant("a(sstt)", each)})
            continue
        for start in range(0, len(body), 33):
            name = body[start:start + 33]
            if name in sent and "ahead" in abilities:
                stream.send_bytes(OBJECT, name + struct.pack("<Q", SENT_AHEAD))
                sent.remove(name)
                continue
            data = objects.read(name)
            if "ahead" in abilities and data:
                for part in parts(name[0], data):
                    if part not in sent:
                        send(AHEAD, part)
            send(OBJECT, name)
        stream.sink.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(required=True)
    action = actions.add_parser("pull")
    action.add_argument("--repo", required=True)
    action.add_argument("--ref", required=True)
    action.add_argument("--no-ahead", action="store_true")
    action.add_argument("command", nargs="+")
    action.set_defaults(run=pull)
    action = actions.add_parser("list")
    action.add_argument("--pattern", action="append", default=[])
    action.add_argument("command", nargs="+")
    action.set_defaults(run=list_refs)
    action = actions.add_parser("give")
    action.add_argument("--ahead", action="store_true")
    action.add_argument("repo")
    action.set_defaults(run=give)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except (PeerError, GLib.Error) as error:
        sys.exit(f"pull_peer: {error}")


if __name__ == "__main__":
    main()
