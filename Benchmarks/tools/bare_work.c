// SPDX-License-Identifier: Apache-2.0
//
// The least that a push or a pull can be: reads objects, deflates or inflates and hashes those that are files, writes all of
// them into one directory, and syncs it. On all cores, without names, checks, connections or refs.
//
//     bare_work METHOD FOLDER < LIST
//
// LIST has the path of an object in each line. METHOD is a level of libdeflate, 0 to 12, or `isal` for ISA-L's level 1; with
// `inflate` the objects are those of an archive repository, and files get an extended attribute, as in a bare-user one.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

static char **paths;
static size_t path_count;
static atomic_size_t next_path;
static int level;  // -1 stands for ISA-L
static int inflates;
static int directory;

static void fail(const char *what) {
    fprintf(stderr, "bare_work: %s: %s\n", what, strerror(errno));
    exit(1);
}

struct bytes {
    unsigned char *start;
    size_t size;
};

static void grow(struct bytes *bytes, size_t size) {
    if (size <= bytes->size) return;
    free(bytes->start);
    bytes->start = malloc(size);
    if (!bytes->start) fail("memory");
    bytes->size = size;
}

static size_t read_file(const char *path, struct bytes *content) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status)) fail(path);
    size_t size = (size_t)status.st_size, filled = 0;
    grow(content, size + 1);
    while (filled < size) {
        ssize_t count = read(file, content->start + filled, size - filled);
        if (count <= 0) fail(path);
        filled += (size_t)count;
    }
    close(file);
    return size;
}

static size_t squeeze(struct libdeflate_compressor *compressor, const struct bytes *content, size_t size,
                      struct bytes *output) {
#ifdef HAVE_ISAL
    if (level < 0) {
        static _Thread_local unsigned char buffer[ISAL_DEF_LVL1_DEFAULT];
        grow(output, size + size / 8 + 1024);
        struct isal_zstream stream;
        isal_deflate_stateless_init(&stream);
        stream.level = 1;
        stream.level_buf = buffer;
        stream.level_buf_size = sizeof buffer;
        stream.next_in = content->start;
        stream.avail_in = (uint32_t)size;
        stream.next_out = output->start;
        stream.avail_out = (uint32_t)output->size;
        stream.end_of_stream = 1;
        if (isal_deflate_stateless(&stream) != COMP_OK) fail("ISA-L");
        return stream.total_out;
    }
#endif
    grow(output, libdeflate_deflate_compress_bound(compressor, size));
    return libdeflate_deflate_compress(compressor, content->start, size, output->start, output->size);
}

static unsigned long big_endian(const unsigned char *start, int count) {
    unsigned long value = 0;
    for (int index = 0; index < count; index++) value = value << 8 | start[index];
    return value;
}

// A .filez is the size of a header, padding, the header, which begins with the content's size, and raw deflate.
static size_t stretch(struct libdeflate_decompressor *decompressor, const struct bytes *content, size_t size,
                      struct bytes *output) {
    if (size < 16) fail("a file without a header");
    size_t start = 8 + big_endian(content->start, 4), count = big_endian(content->start + 8, 8);
    grow(output, count + 1);
    size_t filled;
    if (start > size || libdeflate_deflate_decompress(decompressor, content->start + start, size - start,
                                                      output->start, count, &filled) || filled != count)
        fail("inflate");
    return count;
}

static void write_file(const char *path, const unsigned char *start, size_t size) {
    const char *name = strrchr(path, '/');
    // The directory above the name holds the first two digits of the checksum.
    char full[256];
    snprintf(full, sizeof full, "%.2s%s", name - 2, name + 1);
    int file = openat(directory, full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) fail(full);
    while (size > 0) {
        ssize_t count = write(file, start, size);
        if (count < 0) fail(full);
        start += count;
        size -= (size_t)count;
    }
    static const char attribute[32];
    if (inflates && strcmp(strrchr(path, '.'), ".filez") == 0 &&
        fsetxattr(file, "user.ostreemeta", attribute, sizeof attribute, 0))
        fail("an extended attribute");
    close(file);
}

static void *work(void *unused) {
    struct libdeflate_compressor *compressor = level < 0 ? NULL : libdeflate_alloc_compressor(level);
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    EVP_MD *algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    struct bytes content = {0}, output = {0};
    size_t index;
    while ((index = atomic_fetch_add(&next_path, 1)) < path_count) {
        const char *path = paths[index];
        size_t size = read_file(path, &content);
        int is_stretched = inflates && strcmp(strrchr(path, '.'), ".filez") == 0;
        if (is_stretched) {
            size = stretch(decompressor, &content, size, &output);
            struct bytes other = content;
            content = output;
            output = other;
        }
        unsigned char checksum[EVP_MAX_MD_SIZE];
        EVP_DigestInit_ex2(digest, algorithm, NULL);
        EVP_DigestUpdate(digest, content.start, size);
        EVP_DigestFinal_ex(digest, checksum, NULL);
        if (strcmp(strrchr(path, '.'), ".file") == 0) {
            size_t count = squeeze(compressor, &content, size, &output);
            write_file(path, output.start, count);
        } else {
            write_file(path, content.start, size);
        }
    }
    return unused;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: bare_work METHOD FOLDER < LIST\n");
        return 2;
    }
    inflates = strcmp(arguments[1], "inflate") == 0;
    level = strcmp(arguments[1], "isal") == 0 ? -1 : atoi(arguments[1]);
#ifndef HAVE_ISAL
    if (level < 0) {
        fprintf(stderr, "bare_work: built without ISA-L\n");
        return 2;
    }
#endif
    directory = open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) fail(arguments[2]);
    size_t room = 0;
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t length; (length = getline(&line, &capacity, stdin)) > 0;) {
        if (line[length - 1] == '\n') line[length - 1] = 0;
        if (path_count == room) paths = realloc(paths, (room = room ? room * 2 : 1024) * sizeof *paths);
        if (!paths || !(paths[path_count++] = strdup(line))) fail("memory");
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t threads[256];
    if (cores > 256) cores = 256;
    for (long index = 0; index < cores; index++) {
        if (pthread_create(&threads[index], NULL, work, NULL)) fail("thread");
    }
    for (long index = 0; index < cores; index++) pthread_join(threads[index], NULL);
    if (syncfs(directory)) fail("sync");
    return 0;
}
