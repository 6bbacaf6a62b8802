/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The protocol of docs/bucket-format.md: publications, views, and collections of garbage, by several hosts at once.
 *
 * Each atomic step is one request to the store, or what a process does by itself between two. A crash is a process that
 * takes no further step, which is part of every interleaving; CRASHES tells the check at the end that there was one.
 *
 * PUBLISHERS, COLLECTORS   how many there are; each publisher publishes once
 * COLLECTIONS, TAKEOVERS   how many collections there are, and how often a collector takes over the sweep of another
 * REFS                     1, or 2, of which every publication moves both
 * VIEWS                    also views, and what brings them up to date
 * REMOVALS                 also the removal of old entries of the log
 * ANSWERED                 no answer is lost
 * KEPT                     no publication removes refs
 * CHECKED                  the one property that is asserted; without it all are
 * BREAK_...                a rule is broken, so that the verifier has to find what the rule is for
 */

#include "log.pml"
#include "views.pml"
#include "publisher.pml"
#include "collector.pml"

#ifdef REMOVALS
/* A week passes, so nobody uses what was read before. Then entries go, the oldest first, and never the newest. */
proctype Janitor() {
    do
    :: atomic {
        oldest < newest ->
        mayWrite[0] = false; mayWrite[1] = false; mayWrite[2] = false; mayWrite[3] = false;
        printf("entry %d is removed\n", oldest);
        oldest++
    }
    :: break
    od
}
#endif

init {
    byte self = 4;
    byte known;
    byte r;
    byte seen;
    atomic {
        /* What earlier publications have left: objects of interrupted ones, or of refs that are gone, or of refs. */
        if
        :: here = 0
        :: here = CONTENT
        :: here = CONTENT | DIRECTORY
        :: here = CONTENT | DIRECTORY | COMMIT_A
        :: here = CONTENT | DIRECTORY | COMMIT_A;
            log[1].ref[0] = COMMIT_A;
#if REFS == 2
            log[1].ref[1] = COMMIT_A;
#endif
        fi;
        printf("there are objects %d, and the ref has commit %d\n", here, log[1].ref[0]);
        log[1].by = NONE;
        log[1].edited[0] = 1;
#if REFS == 2
        log[1].edited[1] = 1;
#endif
#ifdef VIEWS
        view[0].number = 1;
        view[0].commit = log[1].ref[0];
#if REFS == 2
        view[1].number = 1;
        view[1].commit = log[1].ref[1];
#endif
#endif
        running = PUBLISHERS + COLLECTORS;
        run Publisher(0, COMMIT_A);
#if PUBLISHERS == 2
        run Publisher(1, COMMIT_B);
#endif
#if COLLECTORS > 0
        run Collector(2);
#endif
#if COLLECTORS == 2
        run Collector(3);
#endif
#ifdef REMOVALS
        run Janitor()
#endif
    };
#ifdef VIEWS
    /* In the end the views are those of the newest state, unless somebody died; then whoever comes next sees to it. */
    atomic {
        running == 0;
        known = newest;
        PROPERTY(NEWEST, died || view[0].commit == log[known].ref[0]);
#if REFS == 2
        PROPERTY(NEWEST, died || view[1].commit == log[known].ref[1]);
#endif
    };
    updateViews();
    PROPERTY(NEWEST, view[0].commit == log[known].ref[0]);
#if REFS == 2
    PROPERTY(NEWEST, view[1].commit == log[known].ref[1]);
#endif
over:
#endif
    skip
}
