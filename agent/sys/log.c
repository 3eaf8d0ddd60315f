/* One write(2) a line, so that lines of several processes do not mix; a full pipe drops the line
 * rather than waiting. Values are cut at 256 bytes, control characters are escaped and what is no
 * UTF-8 is replaced, so that nothing from outside can forge a line or spoil one. */
#include "sys/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "base/when.h"
#include "sys/file.h"

enum { VALUE_MAX_BYTES = 256 };

static enum log_level threshold = LOG_INFO_LEVEL;
static bool as_json;
static const char *const level_names[] = {"debug", "info", "warning", "error"};

bool log_setup(const char *level, const char *format)
{
    bool known = !strcmp(format, "logfmt") || !strcmp(format, "json");
    if (known)
        as_json = !strcmp(format, "json");
    for (int i = 0; i < 4; i++) {
        if (!strcmp(level, level_names[i])) {
            threshold = (enum log_level)i;
            return known;
        }
    }
    return false;
}

/* Both formats are read by programs that refuse what is not UTF-8. */
static void add_quoted(struct text *line, const char *value)
{
    size_t end = utf8_cut(bytes_of(value), VALUE_MAX_BYTES);
    text_puts(line, "\"");
    for (size_t i = 0; i < end;) {
        bool valid;
        unsigned char c = (unsigned char)value[i];
        size_t size = utf8_character(value + i, end - i, &valid);
        if (!valid)
            text_puts(line, "\\ufffd");
        else if (c == '"' || c == '\\')
            text_printf(line, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            text_printf(line, "\\u%04x", c);
        else
            text_add(line, value + i, size);
        i += size ? size : 1;
    }
    text_puts(line, "\"");
}

/* True if a value may stand in logfmt without quotes. */
static bool is_plain(const char *value)
{
    size_t size = 0;
    for (; value[size]; size++)
        if (strchr(" \"=\\\x7f", value[size]) || (unsigned char)value[size] < 0x20)
            return false;
    return size > 0 && size < VALUE_MAX_BYTES && utf8_valid(bytes_make(value, size));
}

static void add_pair(struct text *line, const char *key, const char *value)
{
    if (as_json) {
        text_puts(line, line->size > 1 ? "," : "");
        add_quoted(line, key);
        text_puts(line, ":");
        add_quoted(line, value);
        return;
    }
    text_printf(line, "%s%s=", line->size ? " " : "", key);
    if (is_plain(value))
        text_puts(line, value);
    else
        add_quoted(line, value);
}

void log_line(enum log_level level, const char *msg, ...)
{
    if (level < threshold)
        return;
    struct text line = {0};
    char now[32];
    if (as_json)
        text_puts(&line, "{");
    add_pair(&line, "ts", event_time_format((struct event_time){clock_unix_ms()}, now));
    add_pair(&line, "level", level_names[level]);
    add_pair(&line, "msg", msg);
    va_list args;
    va_start(args, msg);
    for (const char *key = va_arg(args, char *); key; key = va_arg(args, char *)) {
        const char *value = va_arg(args, char *);
        add_pair(&line, key, value ? value : "");
    }
    va_end(args);
    text_puts(&line, as_json ? "}\n" : "\n");
    ssize_t written = write(STDERR_FILENO, line.data, line.size);
    (void)written; /* nowhere left to say it */
    text_release(&line);
}

void log_err(enum log_level level, const char *msg, const struct err *err)
{
    log_line(level, msg, "error", err->text, "place", err->place, "hint", err->hint, (char *)0);
}
