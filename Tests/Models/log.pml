/* SPDX-License-Identifier: Apache-2.0 */

/* The state of the bucket, the properties, and the requests that read and create entries of the log. */

#ifndef PUBLISHERS
#define PUBLISHERS 2
#endif
#ifndef COLLECTORS
#define COLLECTORS 0
#endif
#ifndef COLLECTIONS
#define COLLECTIONS 1
#endif
#ifndef TAKEOVERS
#define TAKEOVERS 1
#endif
#ifndef REFS
#define REFS 1
#endif
/* More entries than there can be. */
#define SIZE (2 + 2 * PUBLISHERS + COLLECTIONS * 3 + TAKEOVERS + 1)

/* The properties; Tests/Models/check has their names, too. */
#define ACKNOWLEDGED 1
#define ONCE 2
#define OBJECTS 3
#define TOGETHER 4
#define FORWARD 5
#define NEWEST 6
#define READABLE 7
#ifdef CHECKED
#define PROPERTY(number, condition) assert((condition) || number != CHECKED)
#else
#define PROPERTY(number, condition) assert((condition) || number == 0)
#endif

/* Objects, as bits of a set: two commits of the same directory, which has one file. */
#define CONTENT 1
#define DIRECTORY 2
#define COMMIT_A 4
#define COMMIT_B 8
#define ALL 15
/* Commits, or none, with everything below them. */
#define CLOSURE(commits) (commits | (commits -> (DIRECTORY | CONTENT) : 0))

/* Phases of a collection. */
#define SWEPT 0
#define CONDEMNED 1
#define SWEEPING 2

#define NONE 255

typedef Entry {
    byte ref[REFS];             /* the commit of each ref; 0 for none */
    byte edited[REFS];          /* the number of the last entry that has edited it */
    byte collection;
    byte phase;
    byte condemned;
    byte saved;
    byte sweeper;
    byte by;
}

Entry log[SIZE];
/* Numbers of the entries that are there. */
byte newest = 1;
byte oldest = 1;

byte here;
/* The number of the collection in which the directory was put, with everything below it there to stay. */
byte mark = NONE;

/* True while requests of a process may arrive that rest on what it has read of the log; time ends it. */
bool mayWrite[4];
bool mayRemove[4];

byte takeovers;

/* For the properties alone. */
byte published[2];
byte acknowledged[2];
byte running;
/* True if somebody has not brought the views up to date with its entry. */
bool died;

#ifdef BREAK_LIST_HAS_NUMBER_ALONE
byte listOf[COLLECTIONS + 1] = NONE;
#endif

#ifdef VIEWS
typedef View {
    byte commit;
    byte number;
}
View view[REFS];
#endif

/* What the refs of an entry lead to. */
#if REFS == 1
#define REFERENCED(number) CLOSURE((log[number].ref[0]))
#else
#define REFERENCED(number) CLOSURE((log[number].ref[0] | log[number].ref[1]))
#endif
/* What the sweep of an entry's collection removes. */
#define GOING(number) (log[number].condemned & ~log[number].saved)

/* The properties that hold at each moment. */
inline check() {
    PROPERTY(OBJECTS, (REFERENCED(newest) & ~here & ALL) == 0);
#if REFS == 2
    PROPERTY(TOGETHER, log[newest].ref[0] == log[newest].ref[1]);
#endif
#ifdef VIEWS
    PROPERTY(READABLE, (CLOSURE(view[0].commit) & ~here & ALL) == 0);
#if REFS == 2
    PROPERTY(READABLE, (CLOSURE(view[1].commit) & ~here & ALL) == 0);
#endif
#endif
}

/* Reads the newest entry, or any earlier one that is there and no older than the one that is known. */
inline readNewest() {
    if
    :: known < oldest -> known = oldest
    :: else
    fi;
    do
    :: known < newest -> known++
    :: break
    od;
    mayWrite[self] = true;
    printf("%d reads entry %d\n", self, known)
}

/* Creates the entry behind the known one, with the same content; the caller changes it. */
inline append() {
    /* An entry whose number was removed is in no chain; nor is one that another replaces. */
    PROPERTY(ACKNOWLEDGED, known + 1 >= oldest);
    PROPERTY(ACKNOWLEDGED, acknowledged[0] != known + 1 && acknowledged[1] != known + 1);
    log[known + 1].ref[0] = log[known].ref[0];
    log[known + 1].edited[0] = log[known].edited[0];
#if REFS == 2
    log[known + 1].ref[1] = log[known].ref[1];
    log[known + 1].edited[1] = log[known].edited[1];
#endif
    log[known + 1].collection = log[known].collection;
    log[known + 1].phase = log[known].phase;
    log[known + 1].condemned = log[known].condemned;
    log[known + 1].saved = log[known].saved;
    log[known + 1].sweeper = log[known].sweeper;
    log[known + 1].by = self;
    if
    :: newest < known + 1 -> newest = known + 1
    :: else
    fi
}

#ifdef BREAK_ENTRY_WITHOUT_CONDITION
#define CAN_CREATE true
#else
#define CAN_CREATE (newest <= known || known + 1 < oldest)
#endif

#ifdef ANSWERED
#define CAN_BE_LOST false
#else
#define CAN_BE_LOST !wasLost
#endif

#ifdef CRASHES
#define MAY_DIE :: true -> died = true; goto over
#else
#define MAY_DIE
#endif
