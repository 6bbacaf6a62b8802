# SPDX-License-Identifier: Apache-2.0
"""The one length of a push's tar stream in twenty that the old receivers cannot read.

docs/PROTOCOL.md has it under "The trap": Python's tarfile stops at the first of the two zero blocks that end a stream.
Where that one is the last of a record, the receiver takes the next record for a frame, and fails.
"""

BLOCK, RECORD = 512, 10_240
# A pax header and its records, since the modification time is a fraction; then the member's own header.
HEADERS = 3 * BLOCK


def is_readable(sizes):
    """Returns true if the old receivers can read a stream of objects with these sizes, as the old client writes it."""
    end = sum(HEADERS + -(-size // BLOCK) * BLOCK for size in sizes)
    return end % RECORD != RECORD - BLOCK
