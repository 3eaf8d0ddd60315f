/* zlib behind a pull interface: the caller asks for the next piece, so it alone decides how much
 * memory a compressed body may become. Refuses the other codings that share its name: "deflate" is
 * sent in two ways and by nobody. */
#include "source/http_inflate.h"

#include <stdlib.h>
#define ZLIB_CONST /* next_in is only read */
#include <zlib.h>

#include "base/mem.h"

enum { OUTPUT_BYTES = 16384, GZIP_ONLY = 16 };

struct http_inflate {
    z_stream stream;
    bool started, ended, bad; /* of the present member */
    unsigned char output[OUTPUT_BYTES];
};

struct http_inflate *http_inflate_new(void)
{
    struct http_inflate *zipped = mem_new(1, sizeof *zipped);
    if (inflateInit2(&zipped->stream, MAX_WBITS + GZIP_ONLY) != Z_OK)
        mem_fail(sizeof *zipped);
    return zipped;
}

void http_inflate_free(struct http_inflate *zipped)
{
    if (!zipped)
        return;
    inflateEnd(&zipped->stream);
    free(zipped);
}

/* One turn of zlib; false if it is damaged. */
static bool inflate_some(struct http_inflate *zipped, struct bytes *input)
{
    z_stream *stream = &zipped->stream;
    const uInt limit = (uInt)1 << 30;
    if (zipped->ended && input->size) { /* another member */
        inflateReset(stream);
        zipped->ended = false;
    }
    zipped->started = zipped->started || input->size > 0;
    stream->next_in = (const Bytef *)input->data;
    stream->avail_in = input->size < limit ? (uInt)input->size : limit;
    stream->next_out = zipped->output;
    stream->avail_out = OUTPUT_BYTES;
    int code = inflate(stream, Z_NO_FLUSH);
    size_t used = (size_t)((const char *)stream->next_in - input->data);
    *input = bytes_make(input->data + used, input->size - used);
    zipped->ended = zipped->ended || code == Z_STREAM_END;
    return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
}

enum inflate_result http_inflate_next(struct http_inflate *zipped, struct bytes *input,
                                      struct bytes *ret_data)
{
    size_t size = 0;
    do {
        if (zipped->bad || (zipped->ended && !input->size))
            return zipped->bad ? INFLATE_BAD : INFLATE_MORE;
        zipped->bad = !inflate_some(zipped, input);
        size = OUTPUT_BYTES - zipped->stream.avail_out;
    } while (!size && input->size);
    if (!size)
        return zipped->bad ? INFLATE_BAD : INFLATE_MORE;
    *ret_data = bytes_make(zipped->output, size);
    return INFLATE_BYTES;
}

bool http_inflate_ended(const struct http_inflate *zipped)
{
    return zipped->started && zipped->ended && !zipped->bad;
}
