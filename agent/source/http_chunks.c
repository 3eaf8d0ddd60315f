/* A state machine that is fed one byte at a time outside of data and a piece at a time inside.
 * Extensions and trailers are stepped over, with a ceiling; everything else that is not exactly as
 * the grammar has it breaks the request, since its end is not known any more. */
#include "source/http_chunks.h"

enum { SIZE_DIGITS_MAX = 8 };

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum chunk_state after_size(struct http_chunks *chunks, char c)
{
    int digit = digit_of(c);
    chunks->line++;
    if (digit >= 0) {
        chunks->left = chunks->left * 16 + (uint64_t)digit;
        return chunks->line <= SIZE_DIGITS_MAX ? CHUNK_SIZE : CHUNK_BROKEN;
    }
    if (chunks->line == 1) /* no digit before it */
        return CHUNK_BROKEN;
    if (c == '\r')
        return CHUNK_SIZE_END;
    return c == ';' || c == ' ' || c == '\t' ? CHUNK_EXTENSION : CHUNK_BROKEN;
}

static enum chunk_state after_extension(struct http_chunks *chunks, char c)
{
    if (c == '\r')
        return CHUNK_SIZE_END;
    if (c == '\n' || ++chunks->line > CHUNK_LINE_MAX)
        return CHUNK_BROKEN;
    return CHUNK_EXTENSION;
}

static enum chunk_state after_size_line(struct http_chunks *chunks, char c)
{
    chunks->line = 0;
    if (c != '\n')
        return CHUNK_BROKEN;
    return chunks->left ? CHUNK_DATA : CHUNK_TRAILER;
}

static enum chunk_state after_trailer(struct http_chunks *chunks, char c)
{
    if (c == '\r')
        return CHUNK_TRAILER_LF;
    chunks->line++;
    if (c == '\n' || ++chunks->extra > CHUNK_TRAILER_MAX)
        return CHUNK_BROKEN;
    return CHUNK_TRAILER;
}

static enum chunk_state after_trailer_line(struct http_chunks *chunks, char c)
{
    bool empty = chunks->line == 0;
    chunks->line = 0;
    if (c != '\n' || ++chunks->extra > CHUNK_TRAILER_MAX)
        return CHUNK_BROKEN;
    return empty ? CHUNK_ENDED : CHUNK_TRAILER;
}

/* The state after one byte that is not data. */
static enum chunk_state step(struct http_chunks *chunks, char c)
{
    switch (chunks->state) {
    case CHUNK_SIZE:
        return after_size(chunks, c);
    case CHUNK_EXTENSION:
        return after_extension(chunks, c);
    case CHUNK_SIZE_END:
        return after_size_line(chunks, c);
    case CHUNK_DATA_CR:
        return c == '\r' ? CHUNK_DATA_LF : CHUNK_BROKEN;
    case CHUNK_DATA_LF:
        return c == '\n' ? CHUNK_SIZE : CHUNK_BROKEN;
    case CHUNK_TRAILER:
        return after_trailer(chunks, c);
    case CHUNK_TRAILER_LF:
        return after_trailer_line(chunks, c);
    case CHUNK_DATA:
    case CHUNK_ENDED:
    case CHUNK_BROKEN:
        break;
    }
    return CHUNK_BROKEN;
}

static void take_data(struct http_chunks *chunks, struct bytes *input, struct bytes *ret_data)
{
    size_t size = chunks->left < input->size ? (size_t)chunks->left : input->size;
    *ret_data = bytes_make(input->data, size);
    *input = bytes_make(input->data + size, input->size - size);
    chunks->left -= size;
    if (!chunks->left)
        chunks->state = CHUNK_DATA_CR;
}

enum chunk_result http_chunks_next(struct http_chunks *chunks, struct bytes *input,
                                   struct bytes *ret_data)
{
    while (chunks->state != CHUNK_ENDED && chunks->state != CHUNK_BROKEN) {
        if (!input->size)
            return CHUNK_MORE;
        if (chunks->state == CHUNK_DATA) {
            take_data(chunks, input, ret_data);
            return CHUNK_BYTES;
        }
        chunks->state = step(chunks, *input->data);
        *input = bytes_make(input->data + 1, input->size - 1);
    }
    return chunks->state == CHUNK_ENDED ? CHUNK_END : CHUNK_BAD;
}
