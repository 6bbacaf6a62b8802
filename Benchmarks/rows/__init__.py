# SPDX-License-Identifier: Apache-2.0
"""The rows of the table, in its order."""

from . import (push, push_far, receive, pull, pull_far, pull_own, crowds, bare, memory, scale, refs,  # noqa: F401
               start, summary, fsck, big)
