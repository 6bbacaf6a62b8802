# SPDX-License-Identifier: Apache-2.0
"""The rows of the table, in its order."""

from . import (push, push_far, receive, pull, pull_far, pull_own, crowds, bucket, bucket_crowds, bare,  # noqa: F401
               memory, scale, refs, start, summary, fsck, big)
