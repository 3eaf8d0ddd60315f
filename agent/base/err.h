/* An error as its caller sees it: what failed, where, and what to do about it.
 *
 * Functions that can fail return 0 or one of the negative codes below and fill a caller-owned
 * `struct err` (may be NULL). Expected outcomes (late, fenced, not enough data) are enums of their
 * own and never errors. Wording: lower case, no full stop; "could not" for something tried,
 * "cannot" for something impossible; the hint is a sentence. */
#ifndef LEEWAY_BASE_ERR_H
#define LEEWAY_BASE_ERR_H

enum err_code {
    ERR_NONE = 0,
    ERR_INVALID = -1,     /* what was given is wrong: configuration, document, argument */
    ERR_IO = -2,          /* the operating system, a file or a library said no */
    ERR_NOT_FOUND = -3,   /* the named thing does not exist */
    ERR_CONFLICT = -4,    /* a compare-and-set lost; nothing was written */
    ERR_LIMIT = -5,       /* a ceiling of the settings was reached */
    ERR_UNAVAILABLE = -6, /* a server is away; trying again later can help */
    ERR_UNSUPPORTED = -7  /* understood, and not offered */
};

struct err {
    int code;
    char place[160]; /* "file.yaml:12:5", "table baseline"; empty if none */
    char text[320];  /* one line */
    char hint[224];  /* one sentence; empty if none */
};

/* Fills `reterr` (NULL is allowed) with `code` and the formatted line, clears place and hint.
 * Returns `code`, so that `return err_set(reterr, ERR_IO, …)` reads well. */
int err_set(struct err *reterr, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds the place or the hint to an error that was just set. NULL is allowed. */
void err_place(struct err *reterr, const char *format, ...) __attribute__((format(printf, 2, 3)));
void err_hint(struct err *reterr, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes "place: text\n  hint" (parts that are empty are left out) into `ret_line` and returns it.
 */
const char *err_line(const struct err *err, char *ret_line, unsigned long size);

#endif
