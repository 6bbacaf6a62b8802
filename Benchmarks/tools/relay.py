#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Passes TCP connections on to another port of this machine, as a slow link would, or counted.

    relay.py [--delay SECONDS] [--rate BITS] [--loss SHARE] [--seed NUMBER] [--count FILE] PORT TARGET

--delay is for each direction: a round trip takes twice as long, and so does it until a connection is there. Bytes are
delayed, not throttled: any number of them is under way. --rate is that of each direction, in bits a second, which
all connections share; a sender has to wait once a round trip's worth of bytes, and a retransmission's, are queued.

--loss is the share of packets of 1448 bytes that are lost. The kernel's loopback loses none, so a loss is what it
looks like to a program behind TCP: the packet comes 200 ms later, or two round trips if that is more, and all that
was sent after it on the same connection does not come before it. Neither slow start nor a sender that slows down
after a loss is imitated: real links are slower than this one, for all contestants. Which packets are lost depends on
--seed and on their order alone.

--count keeps the sum of all bytes, both directions, in FILE.
"""

import argparse
import asyncio
import contextlib
import random
import socket
from collections import deque
from pathlib import Path

# More than this is not held back in one direction of a link without a rate, in bytes: 20 ms at 3 GB/s.
WINDOW = 64 << 20
# The payload of a TCP packet in an Ethernet frame, in bytes.
PACKET = 1448
# Linux's shortest time until a packet is sent again, in seconds.
SHORTEST_RETRANSMISSION = 0.2

# Marks that follow the last byte: the sender has finished, or is gone.
FINISHED, GONE = object(), object()


class Link:
    """One direction, which all connections share."""

    def __init__(self, options):
        self.delay, self.rate, self.loss = options.delay, options.rate, options.loss
        self.random = random.Random(options.seed)
        self.retransmission = max(SHORTEST_RETRANSMISSION, 4 * self.delay)
        # The time at which the last packet has left.
        self.is_free_at = 0.0

    @property
    def packet(self):
        """The largest piece that is delayed as one."""
        return PACKET if self.rate or self.loss else WINDOW

    @property
    def window(self):
        if not self.rate:
            return WINDOW
        return max(64 << 10, int(self.rate / 8 * (2 * self.delay + self.retransmission)))

    def arrival(self, size, sent):
        """The time at which a packet arrives that is sent now."""
        if self.rate:
            self.is_free_at = sent = max(sent, self.is_free_at) + size * 8 / self.rate
        is_lost = self.loss and self.random.random() < self.loss
        return sent + self.delay + (self.retransmission if is_lost else 0)


class End(asyncio.Protocol):
    """One end of a connection: what it receives leaves through the other end."""

    def __init__(self, relay, link):
        self.relay = relay
        self.link = link
        self.other = None
        self.transport = None
        self.queue = deque()
        self.held = 0
        self.is_scheduled = False
        self.is_gone = False
        # The times at which the first byte can have been sent, and the last one arrives.
        self.opens_at = relay.loop.time()
        self.latest = 0.0

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.set_write_buffer_limits(WINDOW)
        # What came before this end was there.
        self.other.pass_on()

    def data_received(self, data):
        self.relay.count(len(data))
        self.held += len(data)
        if self.held > self.link.window:
            self.transport.pause_reading()
        for start in range(0, len(data), self.link.packet):
            self._enqueue(data[start:start + self.link.packet])
        self._schedule()

    def eof_received(self):
        self._enqueue(FINISHED)
        self._schedule()
        return True

    def connection_lost(self, _):
        self.is_gone = True
        self._enqueue(GONE)
        self._schedule()

    def _enqueue(self, data):
        sent = max(self.relay.loop.time(), self.opens_at)
        size = len(data) if isinstance(data, bytes) else 0
        self.latest = max(self.latest, self.link.arrival(size, sent))
        self.queue.append((self.latest, data))

    def _schedule(self):
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
            if data is GONE:
                self.other.transport.close()
            elif data is FINISHED:
                # Not where the other side has reset the connection meanwhile.
                with contextlib.suppress(OSError):
                    self.other.transport.write_eof()
            else:
                self.held -= len(data)
                self.other.transport.write(data)
        if self.held <= self.link.window and not self.transport.is_closing():
            self.transport.resume_reading()
        if self.queue:
            self.is_scheduled = True
            self.relay.loop.call_at(self.queue[0][0], self.pass_on)


class Relay:
    def __init__(self, options):
        self.there, self.back = Link(options), Link(options)
        self.target, self.file = options.target, options.count
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
        near, far = End(self, self.there), End(self, self.back)
        near.other, far.other = far, near
        # A client sends once its connection is there, after a round trip.
        near.opens_at += 2 * self.there.delay
        task = self.loop.create_task(self._connect(near, far))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return near

    async def _connect(self, near, far):
        # The third packet of TCP's handshake lets the server know of its client.
        await asyncio.sleep(3 * self.there.delay)
        if near.is_gone:
            return
        far.opens_at = self.loop.time()
        try:
            endpoint = self._socket()
            await self.loop.sock_connect(endpoint, ("127.0.0.1", self.target))
            await self.loop.create_connection(lambda: far, sock=endpoint)
        except OSError:
            near.transport.abort()

    def _socket(self):
        """A socket that buffers little where there is a rate, so that senders notice it."""
        made = socket.socket()
        made.setblocking(False)
        if self.there.rate:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.there.window)
        return made

    async def serve(self, port):
        listening = self._socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        server = await self.loop.create_server(self.accept, sock=listening, backlog=1024)
        await server.serve_forever()


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--loss", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("target", type=int)
    options = parser.parse_args()
    await Relay(options).serve(options.port)


if __name__ == "__main__":
    asyncio.run(main())
