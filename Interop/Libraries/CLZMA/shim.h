/* SPDX-License-Identifier: Apache-2.0 */
/* liblzma's decoder of .xz streams with an opaque type: its structure must be initialised by a macro. */
#pragma once
#include <lzma.h>
#include <stdlib.h>

#pragma clang assume_nonnull begin

typedef lzma_stream *clzma_decoder;

/* Makes a decoder of one stream that uses no more memory than so many bytes; NULL without memory. */
static inline _Nullable clzma_decoder clzma_make(uint64_t memory_limit) {
    lzma_stream *stream = (lzma_stream *)malloc(sizeof(lzma_stream));
    if (stream == NULL) return NULL;
    *stream = (lzma_stream)LZMA_STREAM_INIT;
    if (lzma_stream_decoder(stream, memory_limit, 0) == LZMA_OK) return stream;
    free(stream);
    return NULL;
}

static inline void clzma_free(clzma_decoder stream) {
    lzma_end(stream);
    free(stream);
}

/* Decodes more bytes and advances `input` and `output`.
   Returns 0, 1 at the end of the stream, 2 if the memory does not suffice, or 3 if the bytes are invalid. */
static inline int clzma_decode(
    clzma_decoder stream, const uint8_t *_Nullable *_Nonnull input, size_t *input_size,
    uint8_t *_Nonnull *_Nonnull output, size_t *output_size) {
    stream->next_in = *input;
    stream->avail_in = *input_size;
    stream->next_out = *output;
    stream->avail_out = *output_size;
    lzma_ret result = lzma_code(stream, LZMA_RUN);
    *input = stream->next_in;
    *input_size = stream->avail_in;
    *output = stream->next_out;
    *output_size = stream->avail_out;
    switch (result) {
    case LZMA_OK: return 0;
    case LZMA_STREAM_END: return 1;
    case LZMA_MEM_ERROR:
    case LZMA_MEMLIMIT_ERROR: return 2;
    default: return 3;
    }
}

#pragma clang assume_nonnull end
