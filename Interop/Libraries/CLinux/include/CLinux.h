/* SPDX-License-Identifier: Apache-2.0 */
/* Linux calls that Swift's Glibc module does not show, under names of their own. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <time.h>

#pragma clang assume_nonnull begin

/* renameat2 with RENAME_NOREPLACE: fails with EEXIST where `to` exists. */
int clinux_rename_noreplace(int from_dir, const char *from, int to_dir, const char *to);
/* pipe2 with O_CLOEXEC. */
int clinux_pipe(int descriptors[_Nonnull 2]);
/* syncfs: writes back the file system that holds `descriptor`, or all of them where there is no such call. */
int clinux_syncfs(int descriptor);
/* sync_file_range: begins to write a part of a file back, and does not wait. */
int clinux_begin_writing_back(int descriptor, int64_t start, int64_t count);
/* openat with O_TMPFILE | O_RDWR | O_CLOEXEC in `directory`. */
int clinux_open_unnamed(int directory, const char *path, mode_t mode);
/* fstatat without the ambiguity of Swift's `stat` name. */
int clinux_fstatat(int directory, const char *path, struct stat *result, int flags);
/* utimensat that sets the times of last change and access, to now where `time` is null; links are not followed. */
int clinux_set_mtime(int directory, const char *path, const struct timespec *_Nullable time);
/* openat2 for reading, of what lies below `directory` and nowhere else. Symbolic links are followed only with `links`. */
int clinux_open_beneath(int directory, const char *path, int links);
/* openat of a directory that is to be passed through, which takes no permission to read it; links are not followed. */
int clinux_open_step(int directory, const char *name);
int clinux_fstat(int descriptor, struct stat *result);
/* Locks a whole file for its open file description alone, or with others where `is_shared` is not 0, without waiting; EAGAIN
   where somebody else has it locked. */
int clinux_try_lock(int descriptor, int is_shared);
/* strptime of a whole text, then timegm of what it says, by the text's own zone if it names one; -1 where it does not fit. */
int64_t clinux_parse_time(const char *text, const char *format);
/* strcasestr: whether `text` contains `part`, in which ASCII letters stand for themselves in both cases. */
int clinux_contains_ignoring_case(const char *text, const char *part);
/* malloc_trim(0): gives free memory back to the system. */
void clinux_release_free_memory(void);
/* fork, which Swift hides: only for a process that has one thread. */
pid_t clinux_fork(void);

/* Landlock, the kernel's way for a process to give up access to files. Kernel headers may be older than the kernel. */
/* Which version the kernel has; 0 where it has none. */
int clinux_landlock_version(void);
/* Opens a path for clinux_landlock_allow alone. */
int clinux_open_path(const char *path);
/* Makes a rule set for these kinds of file access, and where `network` is not 0 for all use of TCP. */
int clinux_landlock_create(uint64_t file_access, int network);
/* Allows kinds of access to what `path` is and holds. */
int clinux_landlock_allow(int rules, int path, uint64_t file_access);
/* Allows connections to a TCP port, on any host. */
int clinux_landlock_allow_connecting(int rules, uint16_t port);
/* Gives up everything else, for this thread and all that it starts. */
int clinux_landlock_enforce(int rules);

#pragma clang assume_nonnull end
