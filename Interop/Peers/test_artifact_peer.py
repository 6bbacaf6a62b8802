#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the Python peer to the recorded sessions, and to itself.

    /usr/bin/python3 test_artifact_peer.py

CONFORMANCE names the folder with messages.json, source-repo.tar.gz and transcripts/; its
default is Tests/Fixtures/conformance of this project.
"""

import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
CONFORMANCE = pathlib.Path(
    os.environ.get("CONFORMANCE", HERE / "../../Tests/Fixtures/conformance")).resolve()
PEER = [sys.executable, str(HERE / "artifact_peer.py")]

sys.path.insert(0, str(HERE))
from artifact_peer import (  # noqa: E402
    ARCHIVE, INFO, KIND_NAMES, NO_COMMIT, PUTOBJECTS, TAR_BLOCK, UPDATE, Info, PeerError,
    Repository, Wire)

AAAA, BBBB, BRANCH = "demo/hello/aaaa", "demo/hello/bbbb", "demo/branch"
HELLO_COMMIT = "34137b31f83f3c6733e36d5fa7bd5855aa3759bab2e7ed4241062b601e38f872"
BRANCH_COMMIT = "9cb1bb7cb20ac32f92f4e73878a743eacf97040022e887645aad6271286593f7"
BRANCH_PARENT = "9e23a23d5eb901ad516fd8dd8621e1fcbcc0e56e0af2b8b0a9732b62ed9c16f1"
PULL_URL = "https://cache.example.com/artifacts"


def ostree(*arguments):
    return subprocess.run(["ostree", *map(str, arguments)], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def contents(folder):
    """Every file below a folder, by relative path."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def sessions():
    """Recorded version 1 sessions: (name, client to server, server to client)."""
    for path in sorted((CONFORMANCE / "transcripts").glob("*.c2s")):
        said = path.read_bytes()
        if said[1] == 1:
            yield path.stem, said, path.with_suffix(".s2c").read_bytes()


def wire_reading(data):
    return Wire(io.BytesIO(data), None)


def frame_of(send, byte_order="little"):
    """The bytes that send writes to the wire it is given."""
    sink = io.BytesIO()
    send(Wire(None, sink, byte_order))
    return sink.getvalue()


def pull_url_of(answers):
    return Info.receive(wire_reading(answers)).pull_url


def members(data):
    """What the tar stream at the start of data holds: name -> (header fields, content)."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|", bufsize=TAR_BLOCK) as tar:
        return {each.name: ((each.size, each.mode, each.uid, each.gid, each.uname, each.gname,
                             each.type, sorted(each.pax_headers)), tar.extractfile(each).read())
                for each in tar}


def split_push(data):
    """A client's side of a push: (kinds and bodies of its frames, its tar stream)."""
    source = io.BytesIO(data)
    wire = Wire(source, None)
    frames = [wire.receive(INFO), wire.receive(UPDATE), wire.receive(PUTOBJECTS)]
    start = source.tell()
    return [(kind, body.print_(True)) for kind, body in frames], data[start:]


class PeerTestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        with tarfile.open(CONFORMANCE / "source-repo.tar.gz") as tar:
            tar.extractall(folder.name)
        cls.source = pathlib.Path(folder.name) / "source-repo"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.target = self.repository("target")

    def repository(self, name, mode="archive"):
        path = self.folder / name
        ostree("init", f"--repo={path}", f"--mode={mode}")
        return path

    def put_ref(self, path, ref, commit):
        """Set a ref whether or not its commit is there."""
        file = path / "refs/heads" / ref
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(commit + "\n")

    def peer(self, *arguments, said=b"", status=0):
        done = subprocess.run([*PEER, *map(str, arguments)], input=said, capture_output=True,
                              timeout=60)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done

    def push(self, *arguments, receiver=(), source=None, status=0):
        return self.peer("push", "--repo", source or self.source, *arguments,
                         "--", *PEER, "receive", *receiver, self.target, status=status)

    def assert_refs(self, **expected):
        repository = Repository(str(self.target))
        for ref, commit in expected.items():
            self.assertEqual(repository.current(ref), commit, ref)
        ostree("fsck", f"--repo={self.target}")
        self.assertEqual(list((self.target / "tmp").glob("artifact-peer-*")), [])


class RecordedSessions(PeerTestCase):
    """The receiver answers recorded clients as the recorded receivers did."""

    def replay(self, case, prepare=lambda: None):
        replayed = 0
        for name, said, answered in sessions():
            if not name.endswith(case):
                continue
            with self.subTest(name):
                self.target = self.repository(name)
                prepare()
                url = pull_url_of(answered)
                options = ["--pull-url", url] if url else []
                done = self.peer("receive", *options, self.target, said=said)
                self.assertEqual(done.stdout, answered)
                replayed += 1
                yield
        self.assertGreater(replayed, 0)

    def test_two_refs_are_received_into_an_empty_repository(self):
        for _ in self.replay("two-refs"):
            self.assert_refs(**{AAAA: HELLO_COMMIT, BBBB: HELLO_COMMIT})
            received, sent = contents(self.target / "objects"), contents(self.source / "objects")
            self.assertEqual(len(received), 13)
            self.assertLessEqual(received.items(), sent.items())

    def test_a_second_push_changes_nothing(self):
        def prepare():
            ostree("pull-local", f"--repo={self.target}", self.source, AAAA, BBBB)
        for _ in self.replay("again", prepare):
            self.assert_refs(**{AAAA: HELLO_COMMIT, BBBB: HELLO_COMMIT})

    def test_a_branch_is_fast_forwarded(self):
        def prepare():
            ostree("pull-local", f"--repo={self.target}", self.source, BRANCH_PARENT)
            self.put_ref(self.target, BRANCH, BRANCH_PARENT)
        for _ in self.replay("fast-forward", prepare):
            self.assert_refs(**{BRANCH: BRANCH_COMMIT})

    def test_a_diverged_branch_stays_where_it_is(self):
        unrelated = "bf9b35c7aee0c1114f403702492e38987ca2c0ec94922dcb99d67640547ced0b"
        for _ in self.replay("diverged", lambda: self.put_ref(self.target, BRANCH, unrelated)):
            self.assertEqual(Repository(str(self.target)).current(BRANCH), unrelated)
            self.assertEqual(contents(self.target / "objects"), {})

    def test_a_connection_check_is_answered(self):
        for _ in self.replay("hello"):
            self.assert_refs(**{AAAA: None})

    def test_every_recorded_session_belongs_to_a_tested_case(self):
        cases = ("two-refs", "again", "fast-forward", "diverged", "hello")
        self.assertEqual([name for name, *_ in sessions() if not name.endswith(cases)], [])


class RecordedClients(PeerTestCase):
    """The client says what the recorded clients said, in its own order of objects."""

    def assert_same_push(self, recorded, *arguments):
        said = (CONFORMANCE / "transcripts" / f"{recorded}.c2s").read_bytes()
        ours = self.peer("stream", "--repo", self.source, *arguments).stdout
        self.assertEqual(len(ours), len(said))
        self.assertEqual(ours[-5:], said[-5:])
        (frames, tar), (their_frames, their_tar) = split_push(ours), split_push(said)
        self.assertEqual(frames, their_frames)
        self.assertEqual(members(tar), members(their_tar))

    def test_two_refs(self):
        self.assert_same_push("buildstream-2018.06-two-refs", "--ref", AAAA, "--ref", BBBB)

    def test_two_refs_through_a_temporary_archive(self):
        self.assert_same_push("buildstream-2018.06-two-refs", "--ref", AAAA, "--ref", BBBB,
                              "--via-archive")

    def test_two_refs_with_an_empty_info(self):
        self.assert_same_push("buildstream-1.0.1-two-refs", "--ref", AAAA, "--ref", BBBB,
                              "--empty-info")

    def test_two_refs_in_gnu_tar(self):
        self.assert_same_push("buildstream-1.0.1-gnu-tar-two-refs", "--ref", AAAA, "--ref", BBBB,
                              "--empty-info", "--tar", "gnu")

    def test_fast_forward(self):
        self.assert_same_push("buildstream-2018.06-fast-forward", "--ref", BRANCH,
                              "--old", f"{BRANCH}={BRANCH_PARENT}")

    def said_to(self, receiver_refs, *arguments, status):
        """All that a client says to a peer that has the given refs."""
        for ref, commit in receiver_refs.items():
            self.put_ref(self.target, ref, commit)
        record = self.folder / "c2s"
        self.peer(*arguments, "--", "sh", "-c", 'tee "$1" | "$2" "$3" receive "$4"', "sh", record,
                  *PEER, self.target, status=status)
        return record.read_bytes()

    def recorded(self, name):
        return (CONFORMANCE / "transcripts" / f"{name}.c2s").read_bytes()

    def test_nothing_to_do(self):
        said = self.said_to({AAAA: HELLO_COMMIT, BBBB: HELLO_COMMIT}, "push", "--repo",
                            self.source, "--ref", AAAA, "--ref", BBBB, status=0)
        self.assertEqual(said, self.recorded("buildstream-2018.06-again"))

    def test_diverged(self):
        unrelated = "bf9b35c7aee0c1114f403702492e38987ca2c0ec94922dcb99d67640547ced0b"
        said = self.said_to({BRANCH: unrelated}, "push", "--repo", self.source, "--ref", BRANCH,
                            status=1)
        self.assertEqual(said, self.recorded("buildstream-2018.06-diverged"))

    def test_hello(self):
        said = self.said_to({}, "hello", status=0)
        self.assertEqual(said, self.recorded("buildstream-2018.06-hello"))


class PeerToPeer(PeerTestCase):
    def test_every_tar_format_and_byte_order_is_understood(self):
        for tar in ("posix", "gnu"):
            for client, receiver in (("little", "big"), ("big", "little"), ("big", "big")):
                with self.subTest(tar=tar, client=client, receiver=receiver):
                    self.target = self.repository(f"{tar}-{client}-{receiver}")
                    self.push("--ref", AAAA, "--ref", BRANCH, "--tar", tar, "--byte-order", client,
                              receiver=["--byte-order", receiver])
                    self.assert_refs(**{AAAA: HELLO_COMMIT, BRANCH: BRANCH_COMMIT})

    def test_a_branch_arrives_with_its_history(self):
        self.push("--ref", BRANCH)
        ostree("show", f"--repo={self.target}", BRANCH_PARENT)
        self.assert_refs(**{BRANCH: BRANCH_COMMIT})

    def test_a_second_push_finds_nothing_to_do(self):
        self.push("--ref", AAAA)
        self.assertIn(b"nothing to do", self.push("--ref", AAAA).stderr)
        self.assert_refs(**{AAAA: HELLO_COMMIT})

    def test_only_refs_that_differ_are_updated(self):
        self.push("--ref", AAAA)
        done = self.push("--ref", AAAA, "--ref", BBBB, "--debug")
        self.assertNotIn(f"send update {{'{AAAA}'".encode(), done.stderr)
        self.assertIn(f"send update {{'{BBBB}'".encode(), done.stderr)
        self.assert_refs(**{AAAA: HELLO_COMMIT, BBBB: HELLO_COMMIT})

    def test_detached_metadata_travels_with_its_commit(self):
        source = self.repository("signed")
        ostree("pull-local", f"--repo={source}", self.source, AAAA)
        name = f"{HELLO_COMMIT[:2]}/{HELLO_COMMIT[2:]}.commitmeta"
        (source / "objects" / name).write_bytes(b"")  # an empty a{sv}
        self.push("--ref", AAAA, source=source)
        self.assertIn(name, contents(self.target / "objects"))
        self.assert_refs(**{AAAA: HELLO_COMMIT})

    def test_a_bare_user_repository_is_pushed_through_a_temporary_archive(self):
        tree = self.folder / "tree"
        (tree / "usr").mkdir(parents=True)
        (tree / "usr/hello").write_text("hello\n")
        (tree / "usr/link").symlink_to("hello")
        source = self.repository("cache", mode="bare-user")
        try:
            commit = ostree("commit", f"--repo={source}", "-b", AAAA, "--owner-uid=0",
                            "--owner-gid=0", tree).strip()
        except subprocess.CalledProcessError as error:
            self.skipTest(f"no bare-user repository here: {error.stdout}")
        self.push("--ref", AAAA, source=source)
        self.assert_refs(**{AAAA: commit})

    def test_a_stale_old_commit_is_refused(self):
        self.push("--ref", AAAA)
        done = self.push("--ref", AAAA, "--empty-info", status=1)
        self.assertIn(f"Branch {AAAA} is at {HELLO_COMMIT}, not {NO_COMMIT}".encode(), done.stderr)
        self.assert_refs(**{AAAA: HELLO_COMMIT})

    def test_a_receiver_that_is_no_archive_is_refused(self):
        self.target = self.repository("bare", mode="bare")
        self.assertIn(b"not archive", self.push("--ref", AAAA, status=1).stderr)

    def test_an_unknown_ref_is_an_error_before_anything_is_said(self):
        self.assertIn(b"has no ref demo/nothing",
                      self.push("--ref", "demo/nothing", status=1).stderr)

    def test_a_receiver_that_quits_is_an_error(self):
        done = self.peer("push", "--repo", self.source, "--ref", AAAA, "--", "sh", "-c", "exit 7",
                         status=1)
        self.assertIn(b"the receiver's exit status is 7", done.stderr)

    def test_a_receiver_that_fails_after_done_is_an_error(self):
        done = self.peer("push", "--repo", self.source, "--ref", AAAA, "--", "sh", "-c",
                         '"$@"; exit 3', "sh", *PEER, "receive", self.target, status=1)
        self.assertIn(b"the receiver's exit status is 3", done.stderr)

    def test_hello_prints_the_info_of_the_receiver(self):
        for url in ([], ["--pull-url", PULL_URL]):
            for order in ("little", "big"):
                done = self.peer("hello", "--byte-order", order, "--", *PEER, "receive",
                                 "--byte-order", order, *url, self.target)
                expected = {"mode": ARCHIVE, "refs": {}}
                expected.update({"pull_url": PULL_URL} if url else {})
                self.assertEqual(json.loads(done.stdout), expected)

    def test_a_receiver_without_a_pull_url_is_refused_when_one_is_expected(self):
        for arguments in (["hello"], ["push", "--repo", self.source, "--ref", AAAA]):
            command = ["--expect-pull-url", "--", *PEER, "receive"]
            done = self.peer(*arguments, *command, self.target, status=1)
            self.assertIn(b"no pull URL", done.stderr)
            self.assertEqual(done.stdout, b"")
        self.peer(*arguments, *command, "--pull-url", PULL_URL, self.target)
        self.assert_refs(**{AAAA: HELLO_COMMIT})


class BrokenStreams(PeerTestCase):
    """The receiver ends with an error and changes nothing."""

    def assert_refused(self, said, message):
        done = self.peer("receive", self.target, said=said, status=1)
        self.assertIn(message.encode(), done.stderr)
        self.assert_refs(**{AAAA: None, BRANCH: None})

    def test_a_stream_that_stops_anywhere(self):
        said = self.peer("stream", "--repo", self.source, "--ref", AAAA).stdout
        for size in (0, 3, 20, 117, 200, 276, 281, 1000, 10_000, 70_000, len(said) - 5):
            with self.subTest(size):
                self.assert_refused(said[:size], "error: ")

    def test_messages_that_are_invalid(self):
        hello = frame_of(lambda wire: Info(ARCHIVE, {}).send(wire))
        for case in json.loads((CONFORMANCE / "messages.json").read_text())["invalid"]:
            with self.subTest(case["name"]):
                message = bytes.fromhex(case["hex"])
                is_update = case["name"].startswith("update")
                self.assert_refused(hello + message if is_update else message, "error: ")

    def test_a_member_that_is_no_object(self):
        said = self.peer("stream", "--repo", self.source, "--ref", AAAA).stdout
        _, tar = split_push(said)
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w|", bufsize=TAR_BLOCK) as evil:
            evil.addfile(tarfile.TarInfo("../../refs/heads/evil"))
        self.assert_refused(said[:-len(tar)] + stream.getvalue() + said[-5:], "is not an object")

    def test_a_tar_end_that_straddles_two_blocks_is_misread_as_by_every_tarfile_reader(self):
        """Of the two zero blocks tarfile reads one; the rest of the padding looks like a frame.

        A careful client never ends its members 512 bytes before a multiple of 10,240.
        """
        said = self.peer("stream", "--repo", self.source, "--ref", AAAA).stdout
        _, tar = split_push(said)
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT,
                          bufsize=TAR_BLOCK) as straddling:
            member = tarfile.TarInfo("0" * 64 + ".filez")
            member.size = 18 * 512
            straddling.addfile(member, io.BytesIO(bytes(member.size)))
        self.assert_refused(said[:-len(tar)] + stream.getvalue() + said[-5:],
                            "a frame begins with byte order 0x00")


class Messages(unittest.TestCase):
    """Single frames of messages.json are read, and written back as they were."""

    def test_valid_messages(self):
        valid = json.loads((CONFORMANCE / "messages.json").read_text())["valid"]
        for case in valid:
            if case["version"] != 1:
                continue
            with self.subTest(case["name"]):
                data = bytes.fromhex(case["hex"])
                kind, body = wire_reading(data).receive(*range(5))
                self.assertEqual(KIND_NAMES[kind], case["type"])
                self.assertEqual(body.print_(True), case["text"])
                fields = {key: body.lookup_value(key, None) for key in body.keys()}
                order = {"l": "little", "B": "big"}[case["order"]]
                self.assertEqual(frame_of(lambda wire: wire.send(kind, fields), order), data)

    def test_a_body_too_large_for_a_frame_is_not_written(self):
        refs = {f"demo/{number}": HELLO_COMMIT for number in range(1000)}
        with self.assertRaisesRegex(PeerError, "name fewer refs"):
            frame_of(lambda wire: Info(ARCHIVE, refs).send(wire))

    def test_a_message_out_of_turn_is_an_error(self):
        with self.assertRaisesRegex(PeerError, "expected info, received done"):
            wire_reading(b"l\x01\x04\x00\x00").receive(INFO)


if __name__ == "__main__":
    unittest.main()
