# SPDX-License-Identifier: Apache-2.0
"""Trees that are the same on every machine, with the shape, sizes and entropy of real ones.

The tables were measured on Debian 12 with some 200 development packages and on the Swift 6.3 toolchain.
"""

from .content import code, numbers, text

# Directories and files at each depth of /usr/include.
LEVELS = [(1, 166), (76, 1769), (79, 1748), (75, 1631), (63, 606), (63, 98), (194, 341), (171, 1539), (57, 0),
          (57, 399)]
# Sizes of its files at each thousandth (the first number): the median has 4,811 bytes, a hundredth over 109,792.
SIZES = [(0, 0), (31, 456), (62, 742), (94, 1031), (125, 1176), (156, 1320), (188, 1542), (219, 1778), (250, 1947),
         (281, 2214), (312, 2487), (344, 2787), (375, 3140), (406, 3453), (438, 3794), (469, 4192), (500, 4811),
         (531, 5399), (562, 6175), (594, 7117), (625, 8332), (656, 9362), (688, 11043), (719, 13247), (750, 15190),
         (781, 18512), (812, 21638), (844, 23469), (875, 29298), (906, 38345), (938, 46650), (969, 70760), (980, 91930),
         (990, 109792), (995, 142869), (999, 262081), (1000, 852735)]
# One file in four has the content of another one.
FILES_FOR_EACH_COPY = 4

# swift-frontend, clang and lldb-server.
PROGRAMS = {"swift-frontend": 210_207_248, "clang": 167_299_040, "lldb-server": 138_628_320}
# Bytes copied for each 100 others at each tenth of their chunks, which deflate to 10 % (the first tenth) to 55 %.
COPIED = [1250, 575, 370, 260, 209, 125, 93, 74, 54, 35]
CHUNK, CHUNKS = 64 << 10, 250

# The golden ratio's multiples, modulo 1, fall evenly into any interval.
GOLDEN = 0x9E3779B1


def write_headers(top):
    """Some 8,300 text files in some 840 directories, none of which is empty."""
    pool = text("headers", 8 << 20)
    levels = [[top]]
    for level, (count, _) in enumerate(LEVELS[1:], 1):
        levels.append(_subdirectories(levels[-1], level, count))
    parents = {directory.parent for level in levels for directory in level}
    number, content = 0, b""
    for level, (_, files) in zip(levels, LEVELS):
        leaves = [directory for directory in level if directory not in parents]
        others = [level[index] for index in _skewed(f"files {len(level)}", len(level), files - len(leaves))]
        for directory in leaves + others:
            if number % FILES_FOR_EACH_COPY != FILES_FOR_EACH_COPY - 1:
                content = _header(pool, number)
            (directory / f"header_{number:04d}.h").write_bytes(content)
            number += 1


def write_programs(directory):
    """Three large files of some 500 MB.

    A compressor looks back 32 KiB, so it does not notice that the same chunks come again in another order.
    """
    chunks = [code(f"chunk {number}", CHUNK, COPIED[number % len(COPIED)]) for number in range(CHUNKS)]
    for name, size in PROGRAMS.items():
        with open(directory / name, "wb") as file:
            for number in numbers(name, size // CHUNK):
                file.write(chunks[number % CHUNKS])
            file.write(chunks[0][:size % CHUNK])
        (directory / name).chmod(0o755)


def _subdirectories(parents, level, count):
    made = []
    for number, index in enumerate(_skewed(f"directories {level}", len(parents), count)):
        made.append(parents[index] / f"part_{number}")
        made[-1].mkdir()
    return made


def _skewed(seed, choices, count):
    """Numbers below `choices`, of which the small ones are frequent, as a few directories have most of the entries.

    As many as there are choices are one of each.
    """
    if count == choices:
        return range(count)
    pairs = numbers(seed, 2 * count)
    return [(first % choices) * (second % choices) // choices for first, second in zip(pairs[::2], pairs[1::2])]


def _header(pool, number):
    size = _interpolated(SIZES, (number * GOLDEN & 0xFFFFFFFF) * 1000 >> 22) if number else 0
    start = numbers(f"start {number}", 1)[0] % (len(pool) - size)
    return (b"/* header %d */\n" % number + pool[start:start + size])[:size]


def _interpolated(table, place):
    """A value between those of a table; place is in 1024ths of the table's own unit."""
    for (low, least), (high, most) in zip(table, table[1:]):
        if place <= high << 10:
            return least + (most - least) * (place - (low << 10)) // ((high - low) << 10)
    return table[-1][1]
