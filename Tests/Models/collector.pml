/* SPDX-License-Identifier: Apache-2.0 */

proctype Collector(byte self) {
    byte known = 1;
    byte listed;
    byte garbage;
    /* What is still to be removed, and in which collection. */
    byte rest;
    byte collection = NONE;
    byte r;
    byte seen;

list:
    if
    :: atomic { listed = here; garbage = NONE; rest = 0; printf("%d lists objects %d\n", self, listed) }
    MAY_DIE
    fi;

read:
    if
    :: atomic {
        readNewest();
        if
        :: log[known].phase == SWEPT && log[known].collection == COLLECTIONS -> goto over
        :: log[known].phase == SWEPT && log[known].collection < COLLECTIONS && listed != 0 -> goto choose
        :: log[known].phase == SWEPT && log[known].collection < COLLECTIONS && listed == 0 -> goto list
        :: log[known].phase == CONDEMNED -> listed = 0; goto update
        :: log[known].phase == SWEEPING && log[known].sweeper == self -> listed = 0; goto wait
        :: log[known].phase == SWEEPING && log[known].sweeper != self ->
            listed = 0;
            if
            :: takeovers < TAKEOVERS -> goto sweep
            :: else -> goto over
            fi
        fi
    }
    MAY_DIE
    fi;

    /* Condemns any of the objects that refs do not lead to: which are old enough decides nothing. */
choose:
    if
    :: atomic {
#ifdef BREAK_NEWER_REFS_NOT_WALKED
        if
        :: garbage != NONE -> goto condemn
        :: else
        fi;
#endif
        garbage = listed & ~REFERENCED(known) & ALL;
        if
        :: skip
        :: garbage = garbage & CONTENT
        :: garbage = garbage & ~CONTENT
        fi;
#ifdef BREAK_LIST_HAS_NUMBER_ALONE
        /* Somebody else's list of this number stays. */
        if
        :: garbage && listOf[log[known].collection + 1] == NONE -> listOf[log[known].collection + 1] = garbage
        :: listOf[log[known].collection + 1] != NONE -> garbage = listOf[log[known].collection + 1]
        :: else
        fi;
#endif
        if
        :: garbage == 0 -> goto over
        :: else
        fi
    }
    MAY_DIE
    fi;

condemn:
    if
    :: atomic {
        if
        :: !mayWrite[self] -> goto read
        :: else
        fi;
        if
        :: CAN_CREATE ->
            append();
            known++;
            log[known].collection++;
            log[known].phase = CONDEMNED;
            log[known].condemned = garbage;
            log[known].saved = 0;
            printf("%d creates entry %d: condemned are %d\n", self, known, log[known].condemned)
        :: !CAN_CREATE -> known++; goto read
        fi;
        garbage = NONE;
        listed = 0
    }
    MAY_DIE
    fi;
    /* The answer may be lost. */
    if
    :: goto read
    :: skip
    fi;

    /* No view may lead to what goes. */
update:
#if defined(VIEWS) && !defined(BREAK_VIEWS_LEFT_BEHIND)
    updateViews();
#endif

sweep:
    if
    :: atomic {
        if
        :: !mayWrite[self] -> goto read
        :: else
        fi;
        if
        :: CAN_CREATE ->
            takeovers = takeovers + (log[known].phase == SWEEPING -> 1 : 0);
            append();
            known++;
            log[known].phase = SWEEPING;
            log[known].sweeper = self;
            printf("%d creates entry %d: sweeping %d\n", self, known, GOING(known))
        :: !CAN_CREATE -> known++; goto read
        fi
    }
    MAY_DIE
    fi;

    /* Requests of any other sweeper do not arrive any longer: it is bound to read the log again. */
wait:
#ifndef BREAK_SWEEPER_DOES_NOT_WAIT
    atomic { mayRemove[2] = false; mayRemove[3] = false };
#endif
    /* Reads on by number, since a list may be stale. */
renew:
    if
    :: atomic {
#ifdef BREAK_SWEEPER_TRUSTS_LISTS
        readNewest();
#else
        known = newest;
        mayWrite[self] = true;
        printf("%d reads on to entry %d\n", self, known);
#endif
        if
        :: log[known].phase == SWEEPING && log[known].sweeper == self -> mayRemove[self] = true
        :: else -> goto read
        fi;
        if
        :: collection != log[known].collection -> collection = log[known].collection; rest = GOING(known)
        :: else
        fi
    }
    MAY_DIE
    fi;

    /* In any order. */
    do
    :: atomic {
        mayRemove[self] && rest ->
        if
        :: (rest & CONTENT) -> rest = rest & ~CONTENT; here = here & ~CONTENT
        :: (rest & DIRECTORY) -> rest = rest & ~DIRECTORY; here = here & ~DIRECTORY; mark = NONE
        :: (rest & COMMIT_A) -> rest = rest & ~COMMIT_A; here = here & ~COMMIT_A
        :: (rest & COMMIT_B) -> rest = rest & ~COMMIT_B; here = here & ~COMMIT_B
        fi;
        printf("%d has removed an object: there are %d\n", self, here);
        check()
    }
    :: atomic { !mayRemove[self] && rest -> goto renew }
    :: atomic { rest == 0 -> break }
    MAY_DIE
    od;

    if
    :: atomic {
        if
        :: !mayWrite[self] -> goto read
        :: else
        fi;
        if
        :: CAN_CREATE ->
            append();
            known++;
            log[known].phase = SWEPT;
            log[known].condemned = 0;
            log[known].saved = 0;
            log[known].sweeper = 0;
            mayRemove[self] = false;
            printf("%d creates entry %d: swept\n", self, known);
            if
            :: log[known].collection < COLLECTIONS -> goto list
            :: else -> goto over
            fi
        :: !CAN_CREATE -> known++; goto read
        fi
    }
    MAY_DIE
    fi;

over:
    atomic {
        running--; mayWrite[self] = false; mayRemove[self] = false;
        known = 0; listed = 0; garbage = 0; rest = 0; collection = 0; seen = 0; r = 0
    }
}
