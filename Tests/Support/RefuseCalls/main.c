// SPDX-License-Identifier: Apache-2.0
//
// refuse-calls ERROR CALL[,CALL...] PROGRAM [ARGUMENT...]
//
// Runs a program, and all that it starts, under a seccomp filter that answers some system calls with an error (EPERM or
// ENOSYS, for instance), as containers with older seccomp profiles do, and kernels that do not know a call.

#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct named {
    const char *name;
    unsigned number;
};

static const struct named errors[] = {
    {"EPERM", EPERM},           {"ENOSYS", ENOSYS},   {"EINVAL", EINVAL}, {"EOPNOTSUPP", EOPNOTSUPP},
    {"EACCES", EACCES},         {"EIO", EIO},         {"ENOLCK", ENOLCK}, {"EMFILE", EMFILE},
};

// Numbers above 423 are the same on all architectures, and older headers lack their names.
static const struct named calls[] = {
    {"renameat2", SYS_renameat2},
    {"getrandom", SYS_getrandom},
    {"memfd_create", SYS_memfd_create},
    {"copy_file_range", SYS_copy_file_range},
    {"preadv2", SYS_preadv2},
    {"statx", SYS_statx},
    {"linkat", SYS_linkat},
    {"fallocate", SYS_fallocate},
    {"syncfs", SYS_syncfs},
    {"sync_file_range", SYS_sync_file_range},
    {"fallocate", SYS_fallocate},
    {"syncfs", SYS_syncfs},
    {"linkat", SYS_linkat},
    {"fsetxattr", SYS_fsetxattr},
    {"flock", SYS_flock},
    {"splice", SYS_splice},
    {"fsetxattr", SYS_fsetxattr},
    {"fgetxattr", SYS_fgetxattr},
    {"prlimit64", SYS_prlimit64},
    {"rseq", 334},
    {"pidfd_open", 434},
    {"clone3", 435},
    {"close_range", 436},
    {"openat2", 437},
    {"pidfd_getfd", 438},
    {"faccessat2", 439},
    {"epoll_pwait2", 441},
    {"landlock_create_ruleset", 444},
    {"landlock_add_rule", 445},
    {"landlock_restrict_self", 446},
    {"fchmodat2", 452},
};

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "name this architecture's AUDIT_ARCH"
#endif

static unsigned find(const struct named *table, size_t count, const char *name) {
    for (size_t index = 0; index < count; index++) {
        if (strcmp(table[index].name, name) == 0) return table[index].number;
    }
    fprintf(stderr, "refuse-calls: %s is not in its tables\n", name);
    exit(64);
}
#define FIND(table, name) find(table, sizeof table / sizeof *table, name)

int main(int count, char **arguments) {
    if (count < 4) {
        fprintf(stderr, "usage: refuse-calls ERROR CALL[,CALL...] PROGRAM [ARGUMENT...]\n");
        return 64;
    }
    unsigned error = FIND(errors, arguments[1]);
    enum { most = 32 };
    struct sock_filter filter[2 * most + 4] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    unsigned short length = 4;
    for (char *name = strtok(arguments[2], ","); name; name = strtok(NULL, ",")) {
        if (length + 3 > (int)(sizeof filter / sizeof *filter)) {
            fprintf(stderr, "refuse-calls: more than %d calls\n", most);
            return 64;
        }
        filter[length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FIND(calls, name), 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {length, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("refuse-calls: seccomp");
        return 71;
    }
    execvp(arguments[3], arguments + 3);
    perror(arguments[3]);
    return 127;
}
