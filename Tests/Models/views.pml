/* SPDX-License-Identifier: Apache-2.0 */

#ifdef VIEWS
#ifdef BREAK_VIEW_OF_SAME_COMMIT_LEFT
#define IS_BEHIND(r) (view[r].number < log[known].edited[r] && view[r].commit != log[known].ref[r])
#else
#define IS_BEHIND(r) (view[r].number < log[known].edited[r])
#endif
#ifdef BREAK_VIEW_WITHOUT_CONDITION
#define CAN_REPLACE(r) true
#elif defined(BREAK_VIEW_REMOVED)
/* A view of no commit is removed, for which there is no condition. */
#define CAN_REPLACE(r) (view[r].number == seen || (log[known].ref[r] == 0 && view[r].commit))
#else
#define CAN_REPLACE(r) (view[r].number == seen)
#endif

/* Brings the views up to date with the known entry. Each is read again, so a lost answer makes no difference. */
inline updateViews() {
    r = 0;
    do
    :: atomic { r == REFS -> seen = 0; r = 0; break }
    :: atomic { r < REFS && !IS_BEHIND(r) -> r++ }
    :: atomic { r < REFS && IS_BEHIND(r) -> seen = view[r].number };
        if
        :: atomic {
            CAN_REPLACE(r) ->
            PROPERTY(FORWARD, view[r].number < log[known].edited[r]);
            view[r].number = log[known].edited[r];
            view[r].commit = log[known].ref[r];
            printf("%d writes view %d: commit %d, entry %d\n", self, r, view[r].commit, view[r].number);
            check()
        }
        :: atomic { !CAN_REPLACE(r) -> skip }
        MAY_DIE
        fi
    od
}
#endif
