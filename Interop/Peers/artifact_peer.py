#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small version 1 peer: the client and the receiver of BuildStream 1.0's artifact cache.

It stands in for BuildStream in tests, and has BuildStream's habits: neither side verifies
an object or takes a lock, the client sends every object that a commit needs whether or not
the receiver has it, and tar is read and written in blocks of 10,240 bytes.

    artifact_peer.py receive --pull-url https://cache.example.com /srv/artifacts
    artifact_peer.py push --repo REPO --ref REF -- ssh HOST bst-artifact-receive --verbose PATH
    artifact_peer.py hello -- ssh HOST bst-artifact-receive --verbose PATH
    artifact_peer.py stream --repo REPO --ref REF > FILE

Exit status: 0 done (or nothing to do), 1 refused or failed, 2 wrong usage. Needs PyGObject
and the OSTree bindings (python3-gi, gir1.2-ostree-1.0).
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
from typing import NamedTuple, Optional

import gi

gi.require_version("OSTree", "1.0")
from gi.repository import Gio, GLib, OSTree  # noqa: E402

VERSION = 1
INFO, UPDATE, PUTOBJECTS, STATUS, DONE = range(5)
KIND_NAMES = ("info", "update", "putobjects", "status", "done")

ARCHIVE = int(OSTree.RepoMode.ARCHIVE)
NO_COMMIT = "0" * 64
LARGEST_BODY = 65_535
TAR_BLOCK = 10_240
TAR_FORMATS = {"posix": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT}
BYTE_ORDERS = {"native": sys.byteorder, "little": "little", "big": "big"}
MEMBER_NAME = re.compile(r"[0-9a-f]{64}\.[a-z][a-z0-9-]*")


class PeerError(Exception):
    """Why a session ended without doing what was asked for."""


class Log:
    """Remarks on stderr; stdout belongs to the protocol."""

    level = 0

    @classmethod
    def write(cls, text, level=0):
        if level <= cls.level:
            print(f"artifact_peer: {text}", file=sys.stderr, flush=True)


# -- Frames ------------------------------------------------------------------------------


class Wire:
    """One end of a session: writes frames in one byte order, reads them in either."""

    def __init__(self, source, sink, byte_order="native"):
        self.source = source
        self.sink = sink
        self.byte_order = BYTE_ORDERS[byte_order]

    def send(self, kind, fields=None):
        """Write one message whose body has the given fields, GLib.Variants by key."""
        body = GLib.Variant("a{sv}", fields or {})
        Log.write(f"send {KIND_NAMES[kind]} {body.print_(False)}", 2)
        if self.byte_order != sys.byteorder:
            body = body.byteswap()
        data = body.get_data_as_bytes().get_data() or b""
        if len(data) > LARGEST_BODY:
            raise PeerError(f"{KIND_NAMES[kind]} takes {len(data)} bytes, a frame holds "
                            f"{LARGEST_BODY}: name fewer refs")
        mark, layout = (b"l", "<") if self.byte_order == "little" else (b"B", ">")
        self.sink.write(mark + struct.pack(layout + "BBH", VERSION, kind, len(data)) + data)
        self.sink.flush()

    def receive(self, *expected):
        """Read one message of an expected kind. Returns the kind and its a{sv} body."""
        header = self.source.read(5)
        if not header:
            raise PeerError("the other side has quit")
        if len(header) < 5:
            raise PeerError("the stream ends inside a header")
        layout = {ord("l"): "<", ord("B"): ">"}.get(header[0])
        if layout is None:
            raise PeerError(f"a frame begins with byte order {header[0]:#04x}")
        version, kind, size = struct.unpack(layout + "BBH", header[1:])
        if version != VERSION:
            raise PeerError(f"the other side speaks version {version}, not {VERSION}")
        if kind >= len(KIND_NAMES):
            raise PeerError(f"message type {kind} is not known")
        data = self.source.read(size)
        if len(data) < size:
            raise PeerError("the stream ends inside a body")
        body = GLib.Variant.new_from_bytes(GLib.VariantType("a{sv}"), GLib.Bytes.new(data), False)
        if not body.is_normal_form():
            raise PeerError(f"the body of {KIND_NAMES[kind]} is not a well-formed a{{sv}}")
        if (layout == "<") != (sys.byteorder == "little"):
            body = body.byteswap()
        Log.write(f"received {KIND_NAMES[kind]} {body.print_(False)}", 2)
        if kind not in expected:
            wanted = " or ".join(KIND_NAMES[each] for each in expected)
            raise PeerError(f"expected {wanted}, received {KIND_NAMES[kind]}")
        return kind, body


def field(body, key, signature, optional=False):
    """The value of one key of a body, of the type it must have."""
    value = body.lookup_value(key, None)
    if value is None and optional:
        return None
    if value is None or value.get_type_string() != signature:
        raise PeerError(f"a message has no '{key}' of type {signature}")
    return value.unpack()


# -- Bodies ------------------------------------------------------------------------------


class Info(NamedTuple):
    """What either side says of itself first."""

    mode: int
    refs: dict
    pull_url: Optional[str] = None

    def send(self, wire):
        fields = {"mode": GLib.Variant("i", self.mode), "refs": GLib.Variant("a{ss}", self.refs)}
        if self.pull_url is not None:
            fields["pull_url"] = GLib.Variant("s", self.pull_url)
        wire.send(INFO, fields)

    @classmethod
    def receive(cls, wire):
        _, body = wire.receive(INFO)
        return cls(field(body, "mode", "i"), field(body, "refs", "a{ss}"),
                   field(body, "pull_url", "s", optional=True))


def send_update(wire, changes):
    """Ask for refs to be moved: ref name -> (commit there now, commit wanted)."""
    wire.send(UPDATE, {ref: GLib.Variant("(ss)", revs) for ref, revs in changes.items()})


def parse_update(body):
    """The changes an update asks for, with names and checksums of the right shape."""
    changes = {}
    for ref in body.keys():
        old, new = field(body, ref, "(ss)")
        OSTree.validate_rev(ref)
        OSTree.validate_checksum_string(old)
        OSTree.validate_checksum_string(new)
        changes[ref] = (old, new)
    return changes


def send_status(wire, message=""):
    """Answer an update: a message refuses it."""
    wire.send(STATUS, {"result": GLib.Variant("b", not message),
                       "message": GLib.Variant("s", message)})


# -- Repositories ------------------------------------------------------------------------


class Repository:
    """As much of an OSTree repository as either side needs."""

    def __init__(self, path):
        self.path = path
        self.repo = OSTree.Repo.new(Gio.File.new_for_path(path))
        self.repo.open(None)
        self.mode = int(self.repo.get_mode())

    def current(self, ref):
        """The commit that a ref names, or None."""
        return self.repo.resolve_rev(ref, True).out_rev

    def object_path(self, name):
        return os.path.join(self.path, "objects", name[:2], name[2:])

    def history(self, commit, end=NO_COMMIT):
        """Commits from `commit` back to before `end`, newest first, as far as they are here.

        None when `end` is given and is not an ancestor.
        """
        found = []
        while commit and commit != end:
            try:
                loaded = self.repo.load_commit(commit).out_commit
            except GLib.Error as error:
                if found and error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND):
                    break
                raise
            found.append(commit)
            commit = OSTree.commit_get_parent(loaded)
        return found if end in (NO_COMMIT, commit) else None

    def objects(self, commits):
        """File names of the objects that commits of an archive repository consist of."""
        names = set()
        for commit in commits:
            reachable = self.repo.traverse_commit(commit, 0, None).out_reachable
            for checksum, kind in (key.unpack() for key in reachable):
                name = OSTree.object_to_string(checksum, OSTree.ObjectType(kind))
                names.add(name + "z" if kind == int(OSTree.ObjectType.FILE) else name)
            if os.path.exists(self.object_path(f"{commit}.commitmeta")):
                names.add(f"{commit}.commitmeta")
        return names

    def adopt(self, name, path):
        """Move an object's file in, unless an object of that name is there."""
        target = self.object_path(name)
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(path, target)


# -- The receiver ------------------------------------------------------------------------


def receive(arguments):
    """Serve one push on stdin and stdout."""
    repository = Repository(arguments.path)
    wire = Wire(sys.stdin.buffer, sys.stdout.buffer, arguments.byte_order)

    asked = Info.receive(wire)
    current = {ref: repository.current(ref) for ref in asked.refs}
    known = {} if arguments.tell_no_refs else {ref: each for ref, each in current.items() if each}
    Info(repository.mode, known, arguments.pull_url).send(wire)

    kind, body = wire.receive(UPDATE, DONE)
    if kind == DONE:
        return
    changes = parse_update(body)
    refusal = "" if arguments.tell_no_refs else stale(repository, changes)
    send_status(wire, refusal)
    if refusal:
        Log.write(refusal)
        wire.receive(DONE)
        return

    kind, _ = wire.receive(PUTOBJECTS, DONE)
    if kind == DONE:
        return
    parent = os.path.join(repository.path, "tmp")
    os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="artifact-peer-", dir=parent) as folder:
        unpack(wire.source, folder)
        wire.receive(DONE)
        for name in os.listdir(folder):
            repository.adopt(name, os.path.join(folder, name))
    for ref, (_, new) in changes.items():
        if not os.path.exists(repository.object_path(f"{new}.commit")):
            raise PeerError(f"commit {new} of {ref} was not sent")
    for ref, (_, new) in changes.items():
        repository.repo.set_ref_immediate(None, ref, new, None)
        Log.write(f"{ref} is now at {new}", 1)
    wire.send(DONE)


def stale(repository, changes):
    """Why an update comes from a client that does not know where a ref is, or ''."""
    for ref, (old, _) in changes.items():
        current = repository.current(ref) or NO_COMMIT
        if old != current:
            return f"Branch {ref} is at {current}, not {old}"
    return ""


def unpack(stream, folder):
    """Read a tar stream of objects into a folder, one whole block after the other."""
    with tarfile.open(fileobj=stream, mode="r|", bufsize=TAR_BLOCK) as tar:
        for member in tar:
            if not member.isreg() or not MEMBER_NAME.fullmatch(member.name):
                raise PeerError(f"'{member.name}' in the tar stream is not an object")
            Log.write(f"object {member.name}, {member.size} bytes", 2)
            with open(os.path.join(folder, member.name), "wb") as file:
                shutil.copyfileobj(tar.extractfile(member), file)


# -- The client --------------------------------------------------------------------------


class Outgoing:
    """Refs to push, and an archive repository to send them from."""

    def __init__(self, origin, refs, archive):
        self.origin = origin
        self.archive = archive
        self.refs = {ref: origin.current(ref) for ref in refs}
        for ref, commit in self.refs.items():
            if commit is None:
                raise PeerError(f"{origin.path} has no ref {ref}")

    @classmethod
    @contextlib.contextmanager
    def prepared(cls, arguments):
        """What the command line asks for, converted into a temporary archive if need be."""
        origin = Repository(arguments.repo)
        if origin.mode == ARCHIVE and not arguments.via_archive:
            yield cls(origin, arguments.ref, origin)
            return
        outgoing = cls(origin, arguments.ref, None)
        with tempfile.TemporaryDirectory(prefix="artifact-peer-") as folder:
            commits = {each for tip in outgoing.refs.values() for each in origin.history(tip)}
            for command in (["ostree", "init", f"--repo={folder}", "--mode=archive"],
                            ["ostree", "pull-local", f"--repo={folder}", origin.path, *commits]):
                Log.write(" ".join(command), 1)
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)
            outgoing.archive = Repository(folder)
            yield outgoing

    def changes(self, remote):
        """What an update must say, given the refs that the receiver has."""
        return {ref: (remote.get(ref, NO_COMMIT), commit) for ref, commit in self.refs.items()
                if remote.get(ref) != commit}

    def commits(self, changes):
        """The commits to send. Fails where a ref's commit is not an ancestor of the new one."""
        found = set()
        for ref, (old, new) in changes.items():
            history = self.origin.history(new, old)
            if history is None:
                raise PeerError(f"{ref} has diverged: the receiver's {old} is not an "
                                f"ancestor of {new}")
            found.update(history)
        return found

    def send(self, wire, commits, tar_format):
        """Write putobjects, the objects of commits as a tar stream, and done."""
        wire.send(PUTOBJECTS)
        with tarfile.open(fileobj=wire.sink, mode="w|", format=TAR_FORMATS[tar_format],
                          bufsize=TAR_BLOCK) as tar:
            for name in self.archive.objects(commits):
                with open(self.archive.object_path(name), "rb") as file:
                    facts = os.fstat(file.fileno())
                    member = tarfile.TarInfo(name)
                    member.size = facts.st_size
                    member.mtime = facts.st_mtime
                    tar.addfile(member, file)
        wire.send(DONE)


@contextlib.contextmanager
def connection(arguments):
    """Start the receiver's command; a wire to it. Its failure is an error at the end."""
    process = subprocess.Popen(arguments.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    failure = None
    try:
        yield Wire(process.stdout, process.stdin, arguments.byte_order)
    except (PeerError, BrokenPipeError) as error:
        failure = error
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
    status = process.wait()
    if isinstance(failure, BrokenPipeError):
        failure = PeerError("the receiver stopped reading")
    if status != 0:
        told = f"{failure}; " if failure else ""
        raise PeerError(f"{told}the receiver's exit status is {status}")
    if failure:
        raise failure


def greet(wire, info, expect_pull_url):
    """Exchange info with the receiver."""
    info.send(wire)
    remote = Info.receive(wire)
    if expect_pull_url and not remote.pull_url:
        wire.send(DONE)
        raise PeerError("the receiver gives no pull URL")
    return remote


def push(arguments):
    """Push refs to the receiver that a command starts."""
    with Outgoing.prepared(arguments) as outgoing, connection(arguments) as wire:
        announced = {} if arguments.empty_info else outgoing.refs
        remote = greet(wire, Info(outgoing.archive.mode, announced), arguments.expect_pull_url)
        if remote.mode != ARCHIVE:
            wire.send(DONE)
            raise PeerError(f"the receiver's repository has mode {remote.mode}, not archive")
        changes = outgoing.changes(remote.refs)
        if not changes:
            wire.send(DONE)
            Log.write("nothing to do: the receiver has these refs already")
            return
        send_update(wire, changes)
        _, status = wire.receive(STATUS)
        message = field(status, "message", "s")
        if not field(status, "result", "b"):
            wire.send(DONE)
            raise PeerError(f"the receiver refuses: {message}")
        try:
            commits = outgoing.commits(changes)
        except PeerError:
            wire.send(DONE)
            raise
        outgoing.send(wire, commits, arguments.tar)
        wire.receive(DONE)


def hello(arguments):
    """Check that a receiver answers, and print what it says of itself as JSON."""
    with connection(arguments) as wire:
        remote = greet(wire, Info(0, {}), arguments.expect_pull_url)
        wire.send(DONE)
    print(json.dumps({key: value for key, value in remote._asdict().items() if value is not None}))


def stream(arguments):
    """Write what a client would send in a push, without a receiver."""
    with Outgoing.prepared(arguments) as outgoing:
        wire = Wire(None, sys.stdout.buffer, arguments.byte_order)
        changes = outgoing.changes(dict(arguments.old))
        commits = outgoing.commits(changes)
        Info(outgoing.archive.mode, {} if arguments.empty_info else outgoing.refs).send(wire)
        send_update(wire, changes)
        outgoing.send(wire, commits, arguments.tar)


# -- Command line ------------------------------------------------------------------------


def ref_and_commit(text):
    ref, separator, commit = text.partition("=")
    if not separator or not re.fullmatch("[0-9a-f]{64}", commit):
        raise argparse.ArgumentTypeError(f"'{text}' is not REF=CHECKSUM")
    return ref, commit


def parser():
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-v", "--verbose", action="count", default=0, help="say what is done")
    common.add_argument("-d", "--debug", action="store_true", help="show every message")
    common.add_argument("--byte-order", choices=BYTE_ORDERS, default="native")

    source = argparse.ArgumentParser(add_help=False)
    source.add_argument("--repo", required=True, help="repository to push from")
    source.add_argument("--ref", required=True, action="append", help="may be repeated")
    source.add_argument("--tar", choices=TAR_FORMATS, default="posix", help="format of headers")
    source.add_argument("--empty-info", action="store_true",
                        help="announce no refs, as some releases did by mistake")
    source.add_argument("--via-archive", action="store_true",
                        help="convert first (always done when REPO is not an archive)")

    remote = argparse.ArgumentParser(add_help=False)
    remote.add_argument("--expect-pull-url", action="store_true",
                        help="refuse a receiver that gives no pull URL")
    remote.add_argument("command", nargs="+", metavar="COMMAND",
                        help="after --: the command that starts the receiver")

    top = argparse.ArgumentParser(prog="artifact_peer.py", description=__doc__.split("\n")[0])
    commands = top.add_subparsers(required=True)

    def add(action, *parents):
        sub = commands.add_parser(action.__name__, parents=[common, *parents], help=action.__doc__)
        sub.set_defaults(action=action)
        return sub

    receiver = add(receive)
    receiver.add_argument("--pull-url", help="where clients may pull from")
    receiver.add_argument("--tell-no-refs", action="store_true",
                          help="announce no refs, and overwrite them, as BuildStream's do")
    receiver.add_argument("path", metavar="PATH", help="repository to receive into")
    add(push, source, remote)
    add(hello, remote)
    add(stream, source).add_argument("--old", action="append", default=[], type=ref_and_commit,
                                     metavar="REF=CHECKSUM", help="where the receiver's ref is")
    return top


def main():
    arguments = parser().parse_args()
    Log.level = 2 if arguments.debug else min(arguments.verbose, 1)
    try:
        arguments.action(arguments)
    except (PeerError, OSError, GLib.Error, tarfile.TarError,
            subprocess.CalledProcessError) as error:
        Log.write(f"error: {getattr(error, 'message', None) or error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
