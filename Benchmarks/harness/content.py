# SPDX-License-Identifier: Apache-2.0
"""Contents of files that are the same on every machine, and that deflate as well as real ones do.

Deflate replaces what was there before by a distance and a length, and gives frequent bytes short codes. So contents
are made of words, some of which are frequent, and of copies of what is a short way back; weak and thorough levels then
differ as they do for real files. Only integers are used, and a digest for random numbers, since
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
    words = _words(f"{seed}, words", 64 * 64)
    tokens, length = [], 0
    for number in _endless(seed):
        if number % 256 < 16 and len(tokens) > 64:
            # Far back less often than near: at most 64 to 2,048 tokens.
            start = len(tokens) - 1 - (number >> 8) % (64 << (number >> 20) % 6) % len(tokens)
            run = tokens[start:start + 8 + (number >> 24) % 32]
        else:
            run = [words[_rank(number >> 8, 64)] + SEPARATORS[number >> 28]]
        tokens += run
        length += sum(map(len, run))
        if length >= size:
            return "".join(tokens).encode()


def code(seed, size, copied):
    """So many bytes that look like machine code and its tables to a compressor.

    Instructions are short, some frequent and most rare. For each 100 bytes of them, `copied` bytes repeat longer
    stretches.
    """
    instructions = numbers(f"{seed}, instructions", 128 * 128 + 8).tobytes()
    data, owed = bytearray(instructions[:64]), 0
    for number in _endless(seed):
        if number % 16 < 3:
            fresh = (number >> 4 & 0x3F3F3F7F).to_bytes(4, "little")[:1 + (number >> 28) % 4]
        else:
            rank = _rank(number >> 4, 128)
            fresh = instructions[4 * rank:4 * rank + 3 + rank * 7919 // 8 % 16]
        data += fresh
        owed += len(fresh) * copied
        if owed >= 100 * (10 + (number >> 24) % 29):
            length, owed = owed // 100, 0
            start = max(0, len(data) - length - 1 - (number >> 6) % (64 << (number >> 20) % 8))
            data += data[start:start + length]
        if len(data) >= size:
            return bytes(data[:size])


def _rank(number, count):
    """The product of two numbers below a power of two: small ones are frequent, as common words are."""
    return number % count * (number // 256 % count)


def _endless(seed):
    for part in range(sys.maxsize):
        yield from numbers(f"{seed}, {part}", 16_384)


def _words(seed, count):
    words = []
    for number in numbers(seed, count):
        words.append("".join(SYLLABLES[number >> 6 * index & 31] for index in range(1 + number % 4)))
    return words
