/* Files and clocks for the shell. */
#ifndef LEEWAY_SYS_FILE_H
#define LEEWAY_SYS_FILE_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/when.h"

/* Appends the whole file (at most `max_bytes`) to `text`. "-" is standard input. Errors name the
 * path. */
int file_read(const char *path, size_t max_bytes, struct text *text, struct err *reterr);

/* Writes atomically: a temporary file beside it, fsync, rename. */
int file_write(const char *path, struct bytes content, struct err *reterr);

/* A secret: read, trailing newline removed; ERR_INVALID if empty, and if others than its owner may
 * read it (unless it is in a directory that Kubernetes mounts: symbolic links are followed and
 * their target's mode counts). */
int secret_read(const char *path, struct text *text, struct err *reterr);

/* Wall clock and monotonic clock. */
int64_t clock_unix_ms(void);
struct loop_time clock_loop(void);

#endif
