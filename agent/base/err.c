/* Errors are values: fixed buffers, no allocation, nothing printed. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *reterr, int code, const char *format, ...)
{
    if (!reterr)
        return code;
    reterr->code = code;
    reterr->place[0] = reterr->hint[0] = '\0';
    va_list args;
    va_start(args, format);
    vsnprintf(reterr->text, sizeof reterr->text, format, args);
    va_end(args);
    return code;
}

void err_place(struct err *reterr, const char *format, ...)
{
    if (!reterr)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(reterr->place, sizeof reterr->place, format, args);
    va_end(args);
}

void err_hint(struct err *reterr, const char *format, ...)
{
    if (!reterr)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(reterr->hint, sizeof reterr->hint, format, args);
    va_end(args);
}

const char *err_line(const struct err *err, char *ret_line, unsigned long size)
{
    snprintf(ret_line, size, "%s%s%s%s%s", err->place, err->place[0] ? ": " : "", err->text,
             err->hint[0] ? "\n  hint: " : "", err->hint);
    return ret_line;
}
