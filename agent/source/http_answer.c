/* Answers as bytes: a status line, few headers, one line of JSON. */
#include <inttypes.h>
#include <time.h>

#include "source/http_internal.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {202, "Accepted"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *answer_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

/* What clients sent may be part of the line. */
static void add_string(struct text *json, const char *line)
{
    text_puts(json, "\"");
    for (; *line; line++) {
        unsigned char c = (unsigned char)*line;
        if (c == '"' || c == '\\')
            text_printf(json, "\\%c", c);
        else if (c < ' ')
            text_printf(json, "\\u%04x", c);
        else
            text_add(json, line, 1);
    }
    text_puts(json, "\"");
}

static void add_number(struct text *json, const char *name, int64_t number)
{
    if (number >= 0)
        text_printf(json, "%s\"%s\":%" PRId64, json->size > 1 ? "," : "", name, number);
}

static void add_body(struct text *json, const struct http_answer *answer)
{
    text_puts(json, "{");
    if (answer->error) {
        text_puts(json, "\"error\":");
        add_string(json, answer->error);
    }
    add_number(json, "accepted", answer->accepted);
    add_number(json, "repeated", answer->repeated);
    add_number(json, "next_offset", answer->next);
    text_puts(json, "}\n");
}

static void add_date(struct text *out)
{
    char date[40];
    struct tm when;
    time_t now = time(NULL);
    if (gmtime_r(&now, &when) && strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &when))
        text_printf(out, "Date: %s\r\n", date);
}

void answer_write(struct text *out, const struct http_answer *answer, bool keep_alive,
                  bool no_content)
{
    struct text json = {0};
    add_body(&json, answer);
    text_printf(out, "HTTP/1.1 %d %s\r\n", answer->status, answer_reason(answer->status));
    add_date(out);
    text_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", json.size);
    text_puts(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    if (answer->status == 405)
        text_puts(out, "Allow: POST\r\n");
    if (answer->status == 415)
        text_puts(out, "Accept-Encoding: gzip\r\n");
    if (answer->retry_after_s)
        text_printf(out, "Retry-After: %d\r\n", answer->retry_after_s);
    text_puts(out, keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
    if (!no_content)
        text_add(out, json.data, json.size);
    text_release(&json);
}
