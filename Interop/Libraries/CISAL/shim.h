/* SPDX-License-Identifier: Apache-2.0 */
/* ISA-L's deflate with opaque types: Swift would import the large structures field by field. */
#pragma once
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#pragma clang assume_nonnull begin

/* The working memory for a compression level (0 to 3), in bytes. */
static inline size_t cisal_workspace_size(int level) {
    switch (level) {
    case 1: return ISAL_DEF_LVL1_DEFAULT;
    case 2: return ISAL_DEF_LVL2_DEFAULT;
    case 3: return ISAL_DEF_LVL3_DEFAULT;
    default: return 8;
    }
}

/* Compresses one part of a raw deflate stream, independently of the others, up to a byte boundary.
   Returns the size of the result; 0 if it does not fit into `capacity`. */
static inline size_t cisal_compress_part(
    int level, void *workspace, const void *input, size_t size, int is_last, void *output, size_t capacity) {
    struct isal_zstream stream;
    isal_deflate_init(&stream);
    stream.level = (uint32_t)level;
    stream.level_buf = (uint8_t *)workspace;
    stream.level_buf_size = (uint32_t)cisal_workspace_size(level);
    stream.flush = is_last ? NO_FLUSH : FULL_FLUSH;
    stream.end_of_stream = is_last != 0;
    stream.next_in = (uint8_t *)input;
    stream.avail_in = (uint32_t)size;
    stream.next_out = (uint8_t *)output;
    stream.avail_out = (uint32_t)capacity;
    if (isal_deflate(&stream) != COMP_OK || stream.avail_in != 0 || stream.avail_out == 0) return 0;
    return stream.total_out;
}

/* The state of inflating a raw deflate stream. */
typedef struct inflate_state *cisal_inflater;

static inline _Nullable cisal_inflater cisal_inflater_make(void) {
    return (cisal_inflater)malloc(sizeof(struct inflate_state));
}

static inline void cisal_inflater_reset(cisal_inflater stream) {
    isal_inflate_init(stream);
    stream->crc_flag = ISAL_DEFLATE;
}

/* Inflates more bytes and advances `input` and `output`. Returns 0, or a negative number if the bytes are invalid. */
static inline int cisal_inflate(
    cisal_inflater stream, const uint8_t *_Nullable *_Nonnull input, size_t *input_size,
    uint8_t *_Nonnull *_Nonnull output, size_t *output_size) {
    stream->next_in = (uint8_t *)*input;
    stream->avail_in = (uint32_t)*input_size;
    stream->next_out = *output;
    stream->avail_out = (uint32_t)*output_size;
    int result = isal_inflate(stream);
    *input = stream->next_in;
    *input_size = stream->avail_in;
    *output = stream->next_out;
    *output_size = stream->avail_out;
    return result < 0 ? result : 0;
}

/* Returns 1 if the end of the stream was reached. */
static inline int cisal_is_complete(cisal_inflater stream) {
    return stream->block_state == ISAL_BLOCK_FINISH;
}

/* The number of whole bytes after the stream's end that were taken from the input. */
static inline int cisal_bytes_behind_end(cisal_inflater stream) { return stream->read_in_length / 8; }

#pragma clang assume_nonnull end
