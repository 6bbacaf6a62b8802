// SPDX-License-Identifier: Apache-2.0
//
// The least that a push or a pull can be: reads objects, deflates or inflates and hashes those that are files, writes all of
// them into one directory, and syncs it. On all cores, without names, checks, connections or refs.
//
//     bare_work METHOD FOLDER < LIST
//     bare_work send METHOD < LIST | bare_work receive|unpack FOLDER
//
// LIST has the path of an object in each line. METHOD is a level of libdeflate, 0 to 12, or `isal` for ISA-L's level 1; with
// `inflate` the objects are those of an archive repository, and files get an extended attribute, as in a bare-user one.
//
// The second form has a connection in its middle, such as that of ssh. `send` deflates only, and nothing with `as-is`;
// `receive` inflates, hashes, keeps what came, and syncs, as an archive repository does; `unpack` keeps what it inflated.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
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
static int keeps_deflated;
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

// The name of an object in the folder; the directory above its path's last part holds the first two digits.
struct name {
    char text[128];
};

static struct name name_of(const char *path) {
    const char *last = strrchr(path, '/');
    struct name name = {0};
    snprintf(name.text, sizeof name.text, "%.2s%s", last - 2, last + 1);
    return name;
}

static int is_packed(const struct name *name) { return strcmp(strrchr(name->text, '.'), ".filez") == 0; }

static void write_all(int file, const void *start, size_t size, const char *what) {
    const unsigned char *position = start;
    while (size > 0) {
        ssize_t count = write(file, position, size);
        if (count < 0) fail(what);
        position += count;
        size -= (size_t)count;
    }
}

static void write_file(const struct name *name, const unsigned char *start, size_t size) {
    int file = openat(directory, name->text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) fail(name->text);
    write_all(file, start, size, name->text);
    static const char attribute[32];
    if (inflates && !keeps_deflated && is_packed(name) &&
        fsetxattr(file, "user.ostreemeta", attribute, sizeof attribute, 0))
        fail("an extended attribute");
    close(file);
}

static void swap(struct bytes *one, struct bytes *other) {
    struct bytes kept = *one;
    *one = *other;
    *other = kept;
}

// -- A stream of objects: a header of fixed size before each -------------------------------

struct header {
    uint64_t size;
    struct name name;
};

static pthread_mutex_t output_lock = PTHREAD_MUTEX_INITIALIZER;

static void *send_objects(void *unused) {
    struct libdeflate_compressor *compressor = level < 0 ? NULL : libdeflate_alloc_compressor(level);
    struct bytes content = {0}, output = {0};
    size_t index;
    while ((index = atomic_fetch_add(&next_path, 1)) < path_count) {
        struct header header = {read_file(paths[index], &content), name_of(paths[index])};
        // The least that `stretch` can read: the size of a header of 8 bytes, which is the content's size.
        unsigned char start[16] = {0, 0, 0, 8};
        int deflates = !keeps_deflated && strcmp(strrchr(header.name.text, '.'), ".file") == 0;
        if (deflates) {
            for (int digit = 0; digit < 8; digit++) start[8 + digit] = (unsigned char)(header.size >> (56 - 8 * digit));
            header.size = squeeze(compressor, &content, header.size, &output) + sizeof start;
            strcat(header.name.text, "z");
            swap(&content, &output);
        }
        pthread_mutex_lock(&output_lock);
        write_all(1, &header, sizeof header, "the stream");
        if (deflates) write_all(1, start, sizeof start, "the stream");
        write_all(1, content.start, header.size - (deflates ? sizeof start : 0), "the stream");
        pthread_mutex_unlock(&output_lock);
    }
    return unused;
}

static pthread_mutex_t input_lock = PTHREAD_MUTEX_INITIALIZER;

static int read_all(void *start, size_t size) {
    size_t filled = 0;
    while (filled < size) {
        ssize_t count = read(0, (char *)start + filled, size - filled);
        if (count < 0 || (count == 0 && filled > 0)) fail("the stream");
        if (count == 0) return 0;
        filled += (size_t)count;
    }
    return 1;
}

// Takes the next object. Whoever has it works on it while another thread takes the one behind it.
static int receive_object(struct header *header, struct bytes *content) {
    pthread_mutex_lock(&input_lock);
    int is_there = read_all(header, sizeof *header);
    if (is_there) {
        grow(content, header->size + 1);
        read_all(content->start, header->size);
    }
    pthread_mutex_unlock(&input_lock);
    return is_there;
}

static void *receive_objects(void *unused) {
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    EVP_MD *algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    struct bytes content = {0}, output = {0};
    struct header header;
    while (receive_object(&header, &content)) {
        int packed = is_packed(&header.name);
        size_t size = packed ? stretch(decompressor, &content, header.size, &output) : header.size;
        unsigned char checksum[EVP_MAX_MD_SIZE];
        EVP_DigestInit_ex2(digest, algorithm, NULL);
        EVP_DigestUpdate(digest, packed ? output.start : content.start, size);
        EVP_DigestFinal_ex(digest, checksum, NULL);
        if (packed && !keeps_deflated)
            write_file(&header.name, output.start, size);
        else
            write_file(&header.name, content.start, header.size);
    }
    return unused;
}

// -- All in one process --------------------------------------------------------------------

static void *work(void *unused) {
    struct libdeflate_compressor *compressor = level < 0 ? NULL : libdeflate_alloc_compressor(level);
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    EVP_MD *algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    struct bytes content = {0}, output = {0};
    size_t index;
    while ((index = atomic_fetch_add(&next_path, 1)) < path_count) {
        size_t size = read_file(paths[index], &content);
        struct name name = name_of(paths[index]);
        if (inflates && is_packed(&name)) {
            size = stretch(decompressor, &content, size, &output);
            swap(&content, &output);
        }
        unsigned char checksum[EVP_MAX_MD_SIZE];
        EVP_DigestInit_ex2(digest, algorithm, NULL);
        EVP_DigestUpdate(digest, content.start, size);
        EVP_DigestFinal_ex(digest, checksum, NULL);
        if (strcmp(strrchr(name.text, '.'), ".file") == 0) {
            size_t count = squeeze(compressor, &content, size, &output);
            write_file(&name, output.start, count);
        } else {
            write_file(&name, content.start, size);
        }
    }
    return unused;
}

static void read_list(void) {
    size_t room = 0;
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t length; (length = getline(&line, &capacity, stdin)) > 0;) {
        if (line[length - 1] == '\n') line[length - 1] = 0;
        if (path_count == room) paths = realloc(paths, (room = room ? room * 2 : 1024) * sizeof *paths);
        if (!paths || !(paths[path_count++] = strdup(line))) fail("memory");
    }
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: bare_work METHOD FOLDER < LIST, or send METHOD < LIST, or receive|unpack FOLDER\n");
        return 2;
    }
    const char *word = arguments[1], *method = word;
    void *(*job)(void *) = work;
    if (strcmp(word, "send") == 0) {
        job = send_objects;
        method = arguments[2];
        keeps_deflated = strcmp(method, "as-is") == 0;
    } else if (strcmp(word, "receive") == 0 || strcmp(word, "unpack") == 0) {
        job = receive_objects;
        keeps_deflated = strcmp(word, "receive") == 0;
    }
    inflates = job == receive_objects || strcmp(word, "inflate") == 0;
    level = strcmp(method, "isal") == 0 ? -1 : atoi(method);
#ifndef HAVE_ISAL
    if (level < 0) {
        fprintf(stderr, "bare_work: built without ISA-L\n");
        return 2;
    }
#endif
    if (job != send_objects) {
        directory = open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) fail(arguments[2]);
    }
    if (job != receive_objects) read_list();
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t threads[256];
    if (cores > 256) cores = 256;
    for (long index = 0; index < cores; index++) {
        if (pthread_create(&threads[index], NULL, job, NULL)) fail("thread");
    }
    for (long index = 0; index < cores; index++) pthread_join(threads[index], NULL);
    if (job != send_objects && syncfs(directory)) fail("sync");
    return 0;
}
