/* SPDX-License-Identifier: Apache-2.0 */

/* The publisher's entry. */
inline publish() {
    append();
    log[known + 1].ref[0] = commit;
    log[known + 1].edited[0] = known + 1;
#if REFS == 2 && !defined(BREAK_ENTRY_FOR_EACH_REF)
    log[known + 1].ref[1] = commit;
    log[known + 1].edited[1] = known + 1;
#endif
#ifdef BREAK_SAVED_WHILE_SWEEPING
    log[known + 1].saved = log[known].saved | (needed & log[known].condemned);
#else
    log[known + 1].saved = log[known].saved | (phase == CONDEMNED -> (needed & log[known].condemned) : 0);
#endif
    printf("%d creates entry %d: commit %d, saved %d\n", self, known + 1, commit, log[known + 1].saved);
    published[self]++;
    PROPERTY(ONCE, published[self] == 1);
    check()
}

proctype Publisher(byte self; byte own) {
    byte known = 1;
    byte commit;
    /* What the publication relies on and looks for itself, and as of which collection it has done so. */
    byte needed;
    byte collection = NONE;
    byte phase;
    /* An answer was lost; the request may still be under way. */
    bool wasLost;
    bool isUnderWay;
    byte r;
    byte seen;

    /* Moves the refs to the publisher's commit, or removes them. */
    if
    :: commit = own
#ifndef KEPT
    :: commit = 0
#endif
    fi;

read:
    if
    :: atomic {
        readNewest();
        if
#ifdef BREAK_COLLECTION_NOT_LOOKED_AT
        :: collection != NONE -> goto create
#elif defined(BREAK_PHASE_ALONE_COMPARED)
        :: collection != NONE && log[known].phase == phase -> goto create
#else
        :: log[known].collection == collection && log[known].phase == phase -> goto create
#endif
        :: else
        fi
    }
    MAY_DIE
    fi;

    /* Opens what the refs do not lead to, but for a directory with the mark of this collection. */
    if
    :: atomic {
        collection = log[known].collection;
        phase = log[known].phase;
        needed = CLOSURE(commit) & ~REFERENCED(known);
        if
#ifdef BREAK_DIRECTORY_PROVES_ALL_BELOW
        :: (needed & DIRECTORY & here & ~GOING(known)) -> needed = needed & ~CONTENT
#else
        :: (needed & DIRECTORY & here) && mark == collection -> needed = needed & ~CONTENT
#endif
        :: else
        fi;
        printf("%d looks for objects %d; there are %d\n", self, needed, here);
#ifndef BREAK_SAVED_WHILE_SWEEPING
        if
        :: phase == SWEEPING && (needed & GOING(known)) -> goto over
        :: else
        fi
#endif
    }
    MAY_DIE
    fi;

    /* Puts what is not there. */
#ifdef BREAK_UPLOAD_FROM_TOP_DOWN
#define FIRST (COMMIT_A | COMMIT_B)
#define THIRD CONTENT
#else
#define FIRST CONTENT
#define THIRD (COMMIT_A | COMMIT_B)
#endif
    if
    :: atomic { here = here | (needed & FIRST); printf("%d puts objects %d\n", self, needed & FIRST) }
    MAY_DIE
    fi;
    if
    :: atomic {
        if
        :: (needed & DIRECTORY & ~here) ->
            here = here | DIRECTORY;
            mark = collection;
#ifndef BREAK_MARK_ABOVE_CONDEMNED
            if
            :: (needed & CONTENT & GOING(known)) -> mark = NONE
            :: else
            fi;
#endif
            printf("%d puts the directory, with mark %d\n", self, mark)
        :: else
        fi
    }
    MAY_DIE
    fi;
    if
    :: atomic { here = here | (needed & THIRD); printf("%d puts objects %d\n", self, needed & THIRD) }
    MAY_DIE
    fi;

create:
    if
    :: atomic {
#ifndef BREAK_OLD_READ_IS_USED
        if
#ifdef BREAK_NUMBER_WITHOUT_ANSWER_LEFT
        :: !mayWrite[self] -> goto read
#else
        :: !mayWrite[self] && wasLost -> goto unsure
        :: !mayWrite[self] && !wasLost -> goto read
#endif
        :: else
        fi;
#endif
        if
        :: CAN_CREATE ->
            publish();
            if
            :: goto answer
            :: CAN_BE_LOST -> wasLost = true; goto unsure
            fi
        :: !CAN_CREATE -> goto taken
        :: CAN_BE_LOST -> wasLost = true; isUnderWay = true; goto unsure
        fi
    }
    MAY_DIE
    fi;

    /* Asks for the entry of the number that it has tried. If that was removed, nobody knows. */
unsure:
#ifdef BREAK_LOST_MEANS_PUBLISHED
    goto answer;
#elif defined(BREAK_LOST_MEANS_NOT_PUBLISHED)
    goto read;
#endif
    if
    :: atomic { known + 1 < oldest -> died = true; goto over }
    :: atomic { known + 1 >= oldest && newest > known -> goto taken }
    :: atomic { newest <= known -> mayWrite[self] = true }
    MAY_DIE
    fi;
    /* Tries once more; meanwhile the first request may arrive. */
    if
    :: atomic { isUnderWay && newest <= known && mayWrite[self] -> isUnderWay = false; publish(); goto create }
    :: goto create
    fi;

    /* There is an entry of this number: by whom? */
taken:
    atomic {
        isUnderWay = false;
#ifdef BREAK_NEW_ID_FOR_EACH_ATTEMPT
        known++;
        goto read
#else
        if
        :: log[known + 1].by == self -> goto answer
        :: else -> known++; goto read
        fi
#endif
    };

answer:
    atomic {
        known++;
        printf("%d acknowledges entry %d\n", self, known);
        PROPERTY(ACKNOWLEDGED, known <= newest && log[known].by == self);
        acknowledged[self] = known;
    };

#ifdef VIEWS
    updateViews();
#endif

over:
    /* Variables that mean nothing any more would make states differ. */
    atomic {
        running--; mayWrite[self] = false;
        known = 0; commit = 0; needed = 0; collection = 0; phase = 0; r = 0; seen = 0;
        wasLost = false; isUnderWay = false
    }
}
