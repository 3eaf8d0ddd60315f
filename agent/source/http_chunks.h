/* The chunked coding of HTTP/1.1 (RFC 9112, 7.1), as the bytes come. Private to this folder. */
#ifndef LEEWAY_SOURCE_HTTP_CHUNKS_H
#define LEEWAY_SOURCE_HTTP_CHUNKS_H

#include <stdint.h>

#include "base/bytes.h"

enum { CHUNK_LINE_MAX = 256, CHUNK_TRAILER_MAX = 4096 };

enum chunk_state {
    CHUNK_SIZE,
    CHUNK_EXTENSION, /* ignored */
    CHUNK_SIZE_END,  /* the LF of the line with the size */
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER, /* lines that are ignored, up to an empty one */
    CHUNK_TRAILER_LF,
    CHUNK_ENDED,
    CHUNK_BROKEN
};

/* `{0}` is ready for the first chunk. */
struct http_chunks {
    enum chunk_state state;
    uint64_t left;  /* of this chunk; while its size is read: the size so far */
    uint32_t line;  /* bytes of the line that is being read */
    uint32_t extra; /* bytes of all trailers */
};

enum chunk_result {
    CHUNK_MORE, /* the input is used up */
    CHUNK_BYTES,
    CHUNK_END, /* what is left of the input belongs to the next request */
    CHUNK_BAD  /* stays so */
};

/* Takes from the front of `input`; `ret_data` (for CHUNK_BYTES, never empty) is a view into it. */
enum chunk_result http_chunks_next(struct http_chunks *chunks, struct bytes *input,
                                   struct bytes *ret_data);

#endif
