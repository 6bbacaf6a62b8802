# SPDX-License-Identifier: Apache-2.0
"""Contents of files that are the same on every machine, and that deflate as well as real ones do.

Deflate replaces what was there before by a distance and a length, so contents are made in the same way: something new
now and then, and copies of what is a short way back. Only integers are used, and a digest for random numbers, since
neither `random` nor floating point promises the same results everywhere.
"""

import hashlib
import sys
from array import array

SYLLABLES = ("a al be com con de ed en er ex fi get in int io it le ma mo na no on op or per pro ra re se set si st "
             "str sub ta ter ti to tr un ve vec x y").split()
SEPARATORS = " ", " ", " ", "_", "_", "(", ", ", ");\n", ";\n", "\n", "\n    ", "->", " * ", ".", " = ", " /* "


def numbers(seed, count):
    """Random numbers of 32 bits, always the same ones for a seed."""
    found = array("I", hashlib.shake_256(seed.encode()).digest(4 * count))
    if sys.byteorder == "big":
        found.byteswap()
    return found


def text(seed, size):
    """So many bytes that look like C headers to a compressor, or a few more."""
    words = _words(f"{seed}, words", 4096)
    tokens, length = [], 0
    for number in _endless(seed):
        if number % 256 < 72 and len(tokens) > 64:
            # Far back less often than near: 8 to 4,096 tokens.
            start = len(tokens) - 1 - (number >> 8) % (8 << (number >> 20) % 10) % len(tokens)
            run = tokens[start:start + 2 + (number >> 24) % 14]
        else:
            # The product of two numbers: some words are frequent, most are rare.
            rank = ((number >> 8) % 64) * ((number >> 14) % 64)
            run = [words[rank] + SEPARATORS[number >> 28]]
        tokens += run
        length += sum(map(len, run))
        if length >= size:
            return "".join(tokens).encode()


def code(seed, size, percent):
    """So many bytes that deflate to about `percent` of their length, as machine code and its tables do."""
    data = bytearray(numbers(seed, 16).tobytes())
    # A distance and a length take about three bytes, and two new bytes stand between two copies.
    copied = max(3, 480 // percent - 2)
    for number in _endless(seed):
        fresh = 1 + number % 3
        data += (number >> 4 & 0x3f3f3f7f).to_bytes(4, "little")[:fresh]
        start = max(0, len(data) - 1 - (number >> 8) % (32 << (number >> 28) % 10))
        data += data[start:start + copied // 2 + number % (copied + 1)]
        if len(data) >= size:
            return bytes(data[:size])


def _endless(seed):
    for part in range(sys.maxsize):
        yield from numbers(f"{seed}, {part}", 16_384)


def _words(seed, count):
    words = []
    for number in numbers(seed, count):
        words.append("".join(SYLLABLES[number >> 6 * index & 31] for index in range(1 + number % 4)))
    return words
