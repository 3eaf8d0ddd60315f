/* Reading a request's head. Problem: this is the first thing that bytes of strangers meet, and
 * what is tolerated here is what requests are smuggled with. So it accepts what clients write and
 * nothing that is only possible; it keeps no copy, and refuses to know what any path or header is
 * for but those that say where the request ends. */
#include "source/http_head.h"

#include <strings.h>

static const struct http_refusal fine = {0, NULL};

static struct http_refusal refuse(int status, const char *why)
{
    return (struct http_refusal){status, why};
}

static size_t empty_lines(struct bytes bytes)
{
    size_t at = 0;
    while (bytes.size - at >= 2 && bytes.data[at] == '\r' && bytes.data[at + 1] == '\n')
        at += 2;
    return at;
}

size_t http_head_size(struct bytes bytes)
{
    size_t start = empty_lines(bytes);
    if (bytes.size == start)
        return 0;
    const char *stop = memmem(bytes.data + start, bytes.size - start, "\r\n\r\n", 4);
    return stop ? (size_t)(stop - bytes.data) + 4 : 0;
}

/* RFC 9110, 5.6.2 */
static bool is_token(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        char c = bytes.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return bytes.size > 0;
}

static bool all_above(struct bytes bytes, char low, bool tab)
{
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        if (c == 0x7f || (c < (unsigned char)low && !(tab && c == '\t')))
            return false;
    }
    return true;
}

/* The part before `stop`, which is dropped too. False: there is no `stop`. */
static bool take_until(struct bytes *rest, const char *stop, struct bytes *ret_part)
{
    size_t size = strlen(stop);
    const char *at = memmem(rest->data, rest->size, stop, size);
    if (!at)
        return false;
    *ret_part = bytes_make(rest->data, (size_t)(at - rest->data));
    rest->size -= ret_part->size + size;
    rest->data = at + size;
    return true;
}

bool http_same(struct bytes bytes, const char *word)
{
    return bytes.size == strlen(word) && strncasecmp(bytes.data, word, bytes.size) == 0;
}

bool http_list_contains(struct bytes value, const char *word)
{
    struct bytes item;
    while (take_until(&value, ",", &item))
        if (http_same(bytes_trim(item), word))
            return true;
    return http_same(bytes_trim(value), word);
}

uint32_t http_head_find(const struct http_head *head, const char *name, struct bytes *ret_value)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < head->header_count; i++)
        if (http_same(head->headers[i].name, name) && count++ == 0)
            *ret_value = head->headers[i].value;
    return count;
}

static bool is_listed(const struct http_head *head, const char *name, const char *word)
{
    for (uint32_t i = 0; i < head->header_count; i++)
        if (http_same(head->headers[i].name, name) &&
            http_list_contains(head->headers[i].value, word))
            return true;
    return false;
}

static struct http_refusal parse_version(struct bytes version, struct http_head *head)
{
    if (bytes_equal(version, bytes_of("HTTP/1.1")))
        head->keep_alive = true;
    else if (!bytes_equal(version, bytes_of("HTTP/1.0")))
        return version.size == 8 && memcmp(version.data, "HTTP/", 5) == 0
                   ? refuse(505, "only HTTP/1.1 is spoken here")
                   : refuse(400, "the request line is not one of HTTP/1.1");
    return fine;
}

static struct http_refusal parse_request_line(struct bytes line, struct http_head *head)
{
    struct bytes target;
    if (!take_until(&line, " ", &head->method) || !take_until(&line, " ", &target) ||
        !is_token(head->method) || !target.size || !all_above(target, '!', false))
        return refuse(400, "the request line is not one of HTTP/1.1");
    if (target.data[0] != '/')
        return refuse(400, "the request's target must begin with a slash");
    head->query = target;
    if (!take_until(&head->query, "?", &head->path)) {
        head->path = target;
        head->query = bytes_make("", 0);
    }
    return parse_version(line, head);
}

static struct http_refusal parse_header(struct bytes line, struct http_head *head)
{
    struct http_header header;
    if (line.size && (line.data[0] == ' ' || line.data[0] == '\t'))
        return refuse(400, "a header is continued on the next line");
    if (!take_until(&line, ":", &header.name) || !is_token(header.name))
        return refuse(400, "a header has no name");
    if (!all_above(line, ' ', true))
        return refuse(400, "a header has a control character");
    if (head->header_count == HTTP_HEADERS_MAX)
        return refuse(431, "more than 64 headers");
    header.value = bytes_trim(line);
    head->headers[head->header_count++] = header;
    return fine;
}

static bool parse_length(struct bytes text, int64_t *ret_length)
{
    int64_t length = 0;
    if (!text.size || text.size > 18)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        length = length * 10 + (text.data[i] - '0');
    }
    *ret_length = length;
    return true;
}

/* Where the body ends. */
static struct http_refusal judge_framing(struct http_head *head)
{
    struct bytes length, coding;
    uint32_t lengths = http_head_find(head, "Content-Length", &length);
    uint32_t codings = http_head_find(head, "Transfer-Encoding", &coding);
    head->length = -1;
    if (lengths > 1 || codings > 1 || (lengths && codings))
        return refuse(400, "Content-Length or Transfer-Encoding must be given once");
    if (lengths && !parse_length(length, &head->length))
        return refuse(400, "Content-Length is not a number of bytes");
    if (!codings)
        return fine;
    if (!http_same(coding, "chunked"))
        return refuse(501, "the only Transfer-Encoding that is understood is chunked");
    if (!head->keep_alive)
        return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
    head->chunked = true;
    return fine;
}

static struct http_refusal judge_headers(struct http_head *head)
{
    struct bytes value;
    uint32_t hosts = http_head_find(head, "Host", &value);
    bool is_1_1 = head->keep_alive;
    struct http_refusal refusal = judge_framing(head);
    if (refusal.status)
        return refusal;
    if (hosts > 1 || (is_1_1 && !hosts))
        return refuse(400, "there must be one Host header");
    uint32_t count = http_head_find(head, "Expect", &value);
    if (count > 1 || (count && !http_same(value, "100-continue")))
        return refuse(417, "the only expectation that is understood is 100-continue");
    head->expects_continue = count && is_1_1;
    head->keep_alive = !is_listed(head, "Connection", "close") &&
                       (is_1_1 || is_listed(head, "Connection", "keep-alive"));
    return fine;
}

struct http_refusal http_head_parse(struct bytes bytes, struct http_head *ret_head)
{
    size_t skipped = empty_lines(bytes);
    struct bytes rest = bytes_make(bytes.data + skipped, bytes.size - skipped), line;
    ret_head->header_count = 0;
    ret_head->chunked = ret_head->keep_alive = ret_head->expects_continue = false;
    if (!take_until(&rest, "\r\n", &line))
        return refuse(400, "the request line is not one of HTTP/1.1");
    struct http_refusal refusal = parse_request_line(line, ret_head);
    while (!refusal.status && take_until(&rest, "\r\n", &line) && line.size)
        refusal = parse_header(line, ret_head);
    return refusal.status ? refusal : judge_headers(ret_head);
}
