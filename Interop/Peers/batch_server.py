#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A web server that says it gives many objects at once, and then does it well or badly.

    batch_server.py REPO MODE

It serves the archive repository REPO on a free port of 127.0.0.1, prints the port, and then a
line for each request. MODE is what it does with a POST for objects:

    good     gives them                       refuse   answers 405
    absent   says that it has none            fail     answers 500
    wrong    gives other bytes                garbage  sends a page
    cut      ends in the middle               short    ends after the first object
    foreign  gives an object nobody wanted in place of the first
"""

import http.server
import os
import struct
import sys

SUFFIXES = {1: "filez", 2: "dirtree", 3: "dirmeta", 4: "commit", 6: "commitmeta"}
OBJECT, ABSENT = 6, 2**64 - 1
REPOSITORY, MODE = sys.argv[1:]


def path(name):
    checksum = name[1:].hex()
    return f"objects/{checksum[:2]}/{checksum[2:]}.{SUFFIXES[name[0]]}"


def answer(name):
    """The message with an object, and its bytes."""
    try:
        with open(os.path.join(REPOSITORY, path(name)), "rb") as file:
            data = file.read()
    except FileNotFoundError:
        data = None
    if data is None or MODE == "absent":
        size, data = ABSENT, b""
    else:
        size = len(data)
    if MODE == "wrong" and data:
        data = bytes([data[0] ^ 1]) + data[1:]
    if MODE == "foreign":
        name = name[:1] + bytes(32)
    return struct.pack("<cBBH", b"l", 1, OBJECT, 41) + name + struct.pack("<Q", size) + data


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=REPOSITORY)

    def end_headers(self):
        if self.path == "/config" or self.path.startswith("/refs/heads/"):
            self.send_header("Artifact-Objects", "1")
        super().end_headers()

    def log_message(self, *_):
        pass

    def log_request(self, code="-", size="-"):
        # One call, since the lines of several threads must not mix.
        os.write(1, f"{self.command} {self.path}\n".encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if MODE in ("refuse", "fail"):
            self.send_error(405 if MODE == "refuse" else 500)
            return
        names = [body[start:start + 33] for start in range(5, len(body), 33)]
        data = b"<html>not found</html>" if MODE == "garbage" else b"".join(answer(name) for name in names)
        if MODE == "short":
            data = answer(names[0])
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if MODE == "cut":
            data = data[:len(data) // 2]
            self.close_connection = True
        self.wfile.write(data)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
