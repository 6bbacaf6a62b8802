/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_rename_noreplace(int from_dir, const char *from, int to_dir, const char *to) {
    return renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);
}

int clinux_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }

int clinux_begin_writing_back(int descriptor, int64_t start, int64_t count) {
    return sync_file_range(descriptor, start, count, SYNC_FILE_RANGE_WRITE);
}

int clinux_syncfs(int descriptor) {
    int result = syncfs(descriptor);
    /* A kernel or a seccomp profile without that call has this one, which writes back all file systems. */
    if (result != 0 && (errno == ENOSYS || errno == EPERM)) {
        sync();
        return 0;
    }
    return result;
}

int clinux_open_unnamed(int directory, const char *path, mode_t mode) {
    return openat(directory, path, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
}

int clinux_fstatat(int directory, const char *path, struct stat *result, int flags) {
    return fstatat(directory, path, result, flags);
}

int clinux_fstat(int descriptor, struct stat *result) { return fstat(descriptor, result); }

int clinux_set_mtime(int directory, const char *path, const struct timespec *time) {
    /* Who may write to another's file may set both of its times to now, and nothing else. */
    if (!time) return utimensat(directory, path, NULL, AT_SYMLINK_NOFOLLOW);
    /* File systems of libfuse 2 ignore a call that sets one of the two times, and report success. */
    struct timespec times[2] = {*time, *time};
    return utimensat(directory, path, times, AT_SYMLINK_NOFOLLOW);
}

int64_t clinux_parse_time(const char *text, const char *format) {
    struct tm fields = {0};
    const char *end = strptime(text, format, &fields);
    if (!end || *end) return -1;
    /* timegm takes the offset for one of UTC, and clears it. */
    long offset = fields.tm_gmtoff;
    return timegm(&fields) - offset;
}

int clinux_contains_ignoring_case(const char *text, const char *part) { return strcasestr(text, part) != NULL; }

/* The same numbers on all architectures that Linux has had since 5.13. */
enum { landlock_create_ruleset = 444, landlock_add_rule = 445, landlock_restrict_self = 446 };
enum { landlock_create_version = 1, landlock_path_beneath = 1, landlock_net_port = 2 };
enum { landlock_connect_tcp = 2, landlock_all_tcp = 3 };

struct landlock_rules {
    uint64_t file_access;
    uint64_t network_access;
};

struct __attribute__((packed)) landlock_path {
    uint64_t file_access;
    int32_t path;
};

int clinux_landlock_version(void) {
    long version = syscall(landlock_create_ruleset, NULL, 0, landlock_create_version);
    return version < 0 ? 0 : (int)version;
}

int clinux_landlock_create(uint64_t file_access, int network) {
    struct landlock_rules rules = {file_access, network ? landlock_all_tcp : 0};
    size_t size = network ? sizeof rules : sizeof rules.file_access;
    return (int)syscall(landlock_create_ruleset, &rules, size, 0);
}

int clinux_landlock_allow(int rules, int path, uint64_t file_access) {
    struct landlock_path rule = {file_access, path};
    return (int)syscall(landlock_add_rule, rules, landlock_path_beneath, &rule, 0);
}

int clinux_landlock_allow_connecting(int rules, uint16_t port) {
    struct {
        uint64_t access, port;
    } rule = {landlock_connect_tcp, port};
    return (int)syscall(landlock_add_rule, rules, landlock_net_port, &rule, 0);
}

int clinux_landlock_enforce(int rules) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return (int)syscall(landlock_restrict_self, rules, 0);
}

int clinux_open_path(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

int clinux_try_lock(int descriptor, int is_shared) {
    struct flock lock = {.l_type = is_shared ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_OFD_SETLK, &lock);
}

void clinux_release_free_memory(void) { malloc_trim(0); }

/* linux/openat2.h, which older headers lack. */
struct openat2_how {
    uint64_t flags, mode, resolve;
};
enum { openat2_call = 437, resolve_no_magic_links = 2, resolve_no_links = 4, resolve_beneath = 8 };

int clinux_open_beneath(int directory, const char *path, int links) {
    /* A pipe or device is not waited for. */
    struct openat2_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = resolve_beneath | (links ? resolve_no_magic_links : resolve_no_links)};
    return (int)syscall(openat2_call, directory, path, &how, sizeof how);
}

int clinux_open_step(int directory, const char *name) {
    return openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

pid_t clinux_fork(void) { return fork(); }
