// SPDX-License-Identifier: Apache-2.0
//
// Runs a command and notes what it took:
//
//     measured [--apart] FILE COMMAND ARGUMENT…
//
// writes a line into FILE: seconds, seconds of processor in user and in system mode, peak memory in KiB, exit status.
// Its own exit status is the command's, or 128 and the signal's number.
//
// It exists because a process that was started by a large one, such as Python, has that one's peak memory as its own:
// Linux counts what the process was before exec(). This program is small.
//
// The figures include children that the command has waited for. With --apart the command is nobody's child, so that
// it does not count for whoever started `measured`: a receiver is not part of its client.

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *action) {
    fprintf(stderr, "measured: cannot %s: %s\n", action, strerror(errno));
    _exit(127);
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// Returns the exit status to pass on.
static int measure(const char *file, char **command) {
    double start = now();
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        execvp(command[0], command);
        fail(command[0]);
    }
    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) < 0) {
        if (errno != EINTR) fail("wait");
    }
    double wall = now() - start;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    FILE *output = fopen(file, "w");
    if (!output) fail(file);
    fprintf(output, "%.6f %.6f %.6f %ld %d\n", wall, seconds(usage.ru_utime), seconds(usage.ru_stime),
            usage.ru_maxrss, code);
    if (fclose(output)) fail(file);
    return code;
}

// As measure, in a process whose parent does not wait for it.
static int measure_apart(const char *file, char **command) {
    int ends[2];
    if (pipe(ends)) fail("make a pipe");
    pid_t between = fork();
    if (between < 0) fail("fork");
    if (between == 0) {
        pid_t orphan = fork();
        if (orphan != 0) _exit(orphan < 0 ? 127 : 0);
        close(ends[0]);
        // The command must not hold the pipe open, nor see it.
        int report = dup3(ends[1], 100, 02000000 /* O_CLOEXEC */);
        close(ends[1]);
        unsigned char code = (unsigned char)measure(file, command);
        if (write(report, &code, 1) != 1) fail("report");
        _exit(0);
    }
    close(ends[1]);
    // This process must not keep the command's pipes open.
    close(0);
    close(1);
    waitpid(between, NULL, 0);
    unsigned char code = 127;
    while (read(ends[0], &code, 1) < 0 && errno == EINTR) {
    }
    return code;
}

int main(int count, char **arguments) {
    int apart = count > 1 && strcmp(arguments[1], "--apart") == 0;
    if (count < 3 + apart) {
        fprintf(stderr, "usage: measured [--apart] FILE COMMAND ARGUMENT...\n");
        return 127;
    }
    char **rest = arguments + 1 + apart;
    return apart ? measure_apart(rest[0], rest + 1) : measure(rest[0], rest + 1);
}
