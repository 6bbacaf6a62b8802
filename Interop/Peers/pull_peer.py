#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second implementation of pulls through a receiver: its client and its receiver.

Written from docs/PROTOCOL.md, to find out where the page and the Swift programs differ. It
keeps whole objects in memory and verifies nothing; `ostree fsck` does that in the tests.

    pull_peer.py pull --repo REPO --ref REF [--no-ahead] [--resume DIRECTORY] -- ssh HOST bst-artifact-receive PATH
    pull_peer.py list -- ssh HOST bst-artifact-receive PATH
    pull_peer.py give [--ahead] [--resume] [--cut BYTES] REPO

REPO is an archive repository. DIRECTORY has the first bytes of files, under CHECKSUM-SIZE; each
file that is continued is told on standard error. With --cut, no object is sent further than so
many bytes: the peer exits there. Needs PyGObject and the OSTree bindings.
"""

import argparse
import fnmatch
import os
import struct
import subprocess
import sys

from artifact_peer import ARCHIVE, DONE, GLib, INFO, NO_COMMIT, OSTree, PeerError, Wire, field

import artifact_peer

WANT, OBJECT, RESULTS, PROGRESS, DELETE, AHEAD, LIST, REFS, REST = range(5, 14)
artifact_peer.KIND_NAMES += (
    "want", "object", "results", "progress", "delete", "ahead", "list", "refs", "rest")
SUFFIXES = {1: "filez", 2: "dirtree", 3: "dirmeta", 4: "commit", 6: "commitmeta"}
FILE, DIRTREE, DIRMETA, COMMIT, COMMITMETA = SUFFIXES
ABSENT, SENT_AHEAD = 2**64 - 1, 2**64 - 2
MOST_WANTED = 1024
RESUMED = 0x80


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


class Fragments:
    """The first bytes of files, which an interrupted pull has left."""

    def __init__(self, directory):
        self.found = {}
        for entry in os.listdir(directory) if directory else []:
            checksum, size = entry.split("-")
            with open(os.path.join(directory, entry), "rb") as file:
                self.found[name_of(1, bytes.fromhex(checksum))] = (int(size), file.read())

    def entry(self, name):
        """What a want says of an object."""
        if name not in self.found:
            return name
        size, data = self.found[name]
        return bytes([name[0] | RESUMED]) + name[1:] + struct.pack("<QQ", size, len(data))

    def whole(self, name, rest):
        """The object, from its rest."""
        size, data = self.found[name]
        if len(data) + len(rest) != size:
            raise PeerError("a rest has another size than what is missing")
        tell_rest(name, rest)
        return data + rest


def tell_rest(name, rest):
    print(f"rest of {name[1:].hex()}: {len(rest)}", file=sys.stderr, flush=True)


def entries(body):
    """The names in a want, each with the size and offset that it gives, or None."""
    start = 0
    while start < len(body):
        name, start = body[start:start + 33], start + 33
        point = None
        if name[0] & RESUMED:
            name = bytes([name[0] & ~RESUMED]) + name[1:]
            point, start = struct.unpack("<QQ", body[start:start + 16]), start + 16
        yield name, point


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
    abilities = ["pull"] if arguments.no_ahead else ["ahead", "pull"]
    introduce(stream, {arguments.ref: NO_COMMIT}, abilities + (["resume"] if arguments.resume else []))
    _, body = stream.receive(INFO)
    if "pull" not in field(body, "abilities", "as"):
        raise PeerError("the receiver gives nothing")
    fragments = Fragments(arguments.resume if "resume" in field(body, "abilities", "as") else None)
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
            stream.send_bytes(WANT, b"".join(fragments.entry(name) for name in batch))
            stream.sink.flush()
            asked += batch
        if not asked:
            continue
        kind, body = stream.receive_bytes()
        if kind not in (OBJECT, AHEAD, REST):
            raise PeerError(f"message {kind} where an object was due")
        name, (size,) = body[:33], struct.unpack("<Q", body[33:])
        data = stream.read_exactly(size) if size < SENT_AHEAD else None
        if kind == REST:
            data = fragments.whole(name, data)
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
    abilities = {"pull"}
    if arguments.ahead:
        abilities.add("ahead")
    if arguments.resume:
        abilities.add("resume")
    abilities &= set(field(body, "abilities", "as"))
    introduce(stream, {ref: refs[ref] for ref in asked if ref in refs}, sorted(abilities))
    sent = set()

    def send(kind, name, point=None):
        data = objects.read(name)
        if point and data is not None and point[0] == len(data):
            kind, data = REST, data[point[1]:]
            tell_rest(name, data)
        size = ABSENT if data is None else len(data)
        if arguments.cut is not None and data:
            data = data[:arguments.cut]
        stream.send_bytes(kind, name + struct.pack("<Q", size), data or b"")
        if data and len(data) < size:
            stream.sink.flush()
            sys.exit("pull_peer: cut")
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
        for name, point in entries(body):
            if name in sent and "ahead" in abilities:
                stream.send_bytes(OBJECT, name + struct.pack("<Q", SENT_AHEAD))
                sent.remove(name)
                continue
            data = objects.read(name)
            if "ahead" in abilities and data:
                for part in parts(name[0], data):
                    if part not in sent:
                        send(AHEAD, part)
            send(OBJECT, name, point)
        stream.sink.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(required=True)
    action = actions.add_parser("pull")
    action.add_argument("--repo", required=True)
    action.add_argument("--ref", required=True)
    action.add_argument("--no-ahead", action="store_true")
    action.add_argument("--resume", metavar="DIRECTORY")
    action.add_argument("command", nargs="+")
    action.set_defaults(run=pull)
    action = actions.add_parser("list")
    action.add_argument("--pattern", action="append", default=[])
    action.add_argument("command", nargs="+")
    action.set_defaults(run=list_refs)
    action = actions.add_parser("give")
    action.add_argument("--ahead", action="store_true")
    action.add_argument("--resume", action="store_true")
    action.add_argument("--cut", type=int, metavar="BYTES")
    action.add_argument("repo")
    action.set_defaults(run=give)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except (PeerError, GLib.Error) as error:
        sys.exit(f"pull_peer: {error}")


if __name__ == "__main__":
    main()
