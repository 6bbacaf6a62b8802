# SPDX-License-Identifier: Apache-2.0
"""The rows of the table, in its order."""

from . import push, receive, pull, bare, memory, scale, summary, fsck  # noqa: F401
