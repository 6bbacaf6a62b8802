# SPDX-License-Identifier: Apache-2.0
"""Many receivers, and two gateways, on one cache in a bucket."""

import os

from harness.links import FAR
from harness.rows import Outcome, faster, row

from . import pushing
from .bucketing import bills, busy, counted, fresh
from .crowds import at_once
from .pushing import fixed

PUSHES, RECEIVERS = 12, 4


def _crowd(bench, refs, source, most, profiles):
    """As many pushes as there are refs, so many at a time, through gateways in turn, each by a receiver of its own."""

    def through(profile, ref, cache):
        def prepare(number):
            attempt = pushing.ours(bench, fixed(ref), fixed(cache), None, local=True, source=source)(number)
            attempt.command = ["env", f"AWS_PROFILE={profile}", *attempt.command]
            attempt.verify = lambda: None
            return attempt

        return prepare

    def prepare(number):
        cache = fresh(bench)(number)
        pushes = [through(profiles[index % len(profiles)], ref, cache) for index, ref in enumerate(refs)]
        attempt = at_once(bench, pushes, most)(number)
        attempt.verify = lambda: bench.data.check(cache, refs, source)
        return attempt

    return counted(bench, prepare)


@row("bucket-crowd", f"{PUSHES} pushes of 300 objects to one cache in a bucket, each of another ref",
     is_drawn=False)
def bucket_crowd(bench):
    what = bench.data.several(PUSHES, 300)
    one, four, two = figures = bench.race({
        "1 receiver": _crowd(bench, *what, 1, ["default"]),
        f"{RECEIVERS} receivers": _crowd(bench, *what, RECEIVERS, ["default"]),
        f"{RECEIVERS} receivers, 2 gateways": _crowd(bench, *what, RECEIVERS, ["default", "second"]),
    })
    return Outcome(figures, [faster(four, one, 3, most=os.cpu_count() / busy(one)),
                             faster(two, four, 1.6, most=os.cpu_count() / busy(four))],
                   [*bills(*figures),
                    f"there are {os.cpu_count()} processors, for pushers, receivers and Ceph together"])


@row("bucket-crowd-far", f"{PUSHES} pushes of 20 objects to one cache in a bucket, with 40 ms of round trip",
     is_drawn=False)
def bucket_crowd_far(bench):
    """Receivers wait for the store, and not for processors."""
    what = bench.data.several(PUSHES, 20)
    far = bench.ceph.through(FAR)
    one, four = figures = bench.race({
        "1 receiver": _crowd(bench, *what, 1, [far]),
        f"{RECEIVERS} receivers": _crowd(bench, *what, RECEIVERS, [far]),
    })
    return Outcome(figures, [faster(four, one, 3)], bills(*figures))
