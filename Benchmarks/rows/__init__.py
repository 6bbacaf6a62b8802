# SPDX-License-Identifier: Apache-2.0
"""The rows of the table, in its order."""

from . import push, push_far, receive, pull, pull_far, pull_own, bare, memory, scale, summary, fsck  # noqa: F401
