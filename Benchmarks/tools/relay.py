#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Passes TCP connections on to another port of this machine, later or counted; it limits no bandwidth.

    relay.py [--delay SECONDS] [--count FILE] PORT TARGET

--delay is for each direction: a round trip takes twice as long. --count keeps the sum of all bytes, both directions,
in FILE.
"""

import argparse
import asyncio
import socket
from collections import deque
from pathlib import Path

# More than this is not held back in one direction, in bytes: 20 ms at 3 GB/s.
WINDOW = 64 << 20


class End(asyncio.Protocol):
    """One end of a connection: what it receives leaves through the other end."""

    def __init__(self, relay):
        self.relay = relay
        self.other = None
        self.transport = None
        self.queue = deque()
        self.held = 0
        self.is_scheduled = False

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.set_write_buffer_limits(WINDOW)
        # What came before this end was there.
        self.other.pass_on()

    def data_received(self, data):
        self.relay.count(len(data))
        self.held += len(data)
        if self.held > WINDOW:
            self.transport.pause_reading()
        self._enqueue(data)

    def eof_received(self):
        self._enqueue(None)
        return True

    def _enqueue(self, data):
        self.queue.append((self.relay.loop.time() + self.relay.delay, data))
        if not self.is_scheduled:
            self.pass_on()

    def pass_on(self):
        """Hands on what has waited long enough."""
        self.is_scheduled = False
        if self.transport is None or self.other.transport is None:
            return
        now = self.relay.loop.time()
        while self.queue and self.queue[0][0] <= now:
            _, data = self.queue.popleft()
            if data is not None:
                self.held -= len(data)
                self.other.transport.write(data)
            elif not self.other.transport.is_closing():
                self.other.transport.write_eof()
        if self.held <= WINDOW and not self.transport.is_closing():
            self.transport.resume_reading()
        if self.queue:
            self.is_scheduled = True
            self.relay.loop.call_at(self.queue[0][0], self.pass_on)

    def connection_lost(self, _):
        if self.other.transport is not None:
            # Later than the last byte that is still on its way.
            self.relay.loop.call_later(self.relay.delay * 2, self.other.transport.close)


class Relay:
    def __init__(self, options):
        self.delay, self.target, self.file = options.delay, options.target, options.count
        self.loop = asyncio.get_running_loop()
        self.total = 0
        self.tasks = set()
        if self.file:
            self.file.write_text("0\n")

    def count(self, size):
        self.total += size
        if self.file:
            self.file.write_text(f"{self.total}\n")

    def accept(self):
        near, far = End(self), End(self)
        near.other, far.other = far, near
        self.tasks.add(self.loop.create_task(self._connect(near, far)))
        return near

    async def _connect(self, near, far):
        try:
            await self.loop.create_connection(lambda: far, "127.0.0.1", self.target)
        except OSError:
            near.transport.abort()


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--count", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("target", type=int)
    options = parser.parse_args()
    relay = Relay(options)
    server = await relay.loop.create_server(relay.accept, "127.0.0.1", options.port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
