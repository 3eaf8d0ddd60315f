/* The head of an HTTP/1.1 request, from bytes to views. Private to this folder. */
#ifndef LEEWAY_SOURCE_HTTP_HEAD_H
#define LEEWAY_SOURCE_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { HTTP_HEADERS_MAX = 64 };

struct http_header {
    struct bytes name, value; /* value without white space around it */
};

/* All views are into the bytes that were parsed. */
struct http_head {
    struct bytes method, path, query; /* as they came, not decoded; query without "?" */
    struct http_header headers[HTTP_HEADERS_MAX];
    uint32_t header_count;
    int64_t length; /* Content-Length; -1: none */
    bool chunked, keep_alive, expects_continue;
};

/* Why a request is refused: a status and a constant line. Status 0: it is not. */
struct http_refusal {
    int status;
    const char *why;
};

/* The size of the head with its empty line (and empty lines before it); 0: it is not complete. */
size_t http_head_size(struct bytes bytes);

/* Parses a complete head. Strict, because whatever is read in two ways lets two parties disagree
 * where a request ends: lines end in CRLF, a header is not continued, Content-Length stands once
 * and not beside Transfer-Encoding, the only coding is chunked, HTTP/1.1 needs one Host. Refusals:
 * 400, 417, 431 (too many headers), 501 (another coding), 505. `ret_head` is unspecified then. */
struct http_refusal http_head_parse(struct bytes bytes, struct http_head *ret_head);

/* The number of headers of that name (in any case); `ret_value` is the first one's. Unchanged if
 * there is none. */
uint32_t http_head_find(const struct http_head *head, const char *name, struct bytes *ret_value);

/* True if the comma-separated list `value` contains `word`, in any case. */
bool http_list_contains(struct bytes value, const char *word);

/* True if `bytes` is `word`, in any case of ASCII letters. */
bool http_same(struct bytes bytes, const char *word);

#endif
