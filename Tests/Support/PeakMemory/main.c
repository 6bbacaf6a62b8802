// SPDX-License-Identifier: Apache-2.0
//
// peak-memory FILE PROGRAM [ARGUMENT...]
//
// Runs a program, writes the largest amount of memory that it had resident, in KiB, into FILE, and ends as it ended.
//
// A program that posix_spawn starts inherits the peak of whoever starts it; one that this small program forks does not.

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: peak-memory FILE PROGRAM [ARGUMENT...]\n");
        return 64;
    }
    pid_t child = fork();
    if (child < 0) {
        perror("peak-memory: fork");
        return 71;
    }
    if (child == 0) {
        execvp(arguments[2], arguments + 2);
        perror(arguments[2]);
        _exit(127);
    }
    // Whoever waits for the program's input to be closed must not wait for us.
    close(0);
    close(1);
    int status = 0;
    struct rusage usage = {0};
    if (wait4(child, &status, 0, &usage) != child) {
        perror("peak-memory: wait4");
        return 71;
    }
    FILE *file = fopen(arguments[1], "w");
    if (file == NULL || fprintf(file, "%ld\n", usage.ru_maxrss) < 0 || fclose(file) != 0) {
        perror(arguments[1]);
        return 71;
    }
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        kill(getpid(), WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}
