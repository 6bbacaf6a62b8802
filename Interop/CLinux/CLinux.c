/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int clinux_rename_noreplace(int from_dir, const char *from, int to_dir, const char *to) {
    return renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);
}

int clinux_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }

int clinux_syncfs(int descriptor) { return syncfs(descriptor); }

int clinux_open_unnamed(int directory, const char *path, mode_t mode) {
    return openat(directory, path, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
}

int clinux_fstatat(int directory, const char *path, struct stat *result, int flags) {
    return fstatat(directory, path, result, flags);
}

int clinux_fstat(int descriptor, struct stat *result) { return fstat(descriptor, result); }

int clinux_try_lock(int descriptor) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_OFD_SETLK, &lock);
}

pid_t clinux_fork(void) { return fork(); }
