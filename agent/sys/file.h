/* Files and clocks for the shell. */
#ifndef LEEWAY_SYS_FILE_H
#define LEEWAY_SYS_FILE_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/when.h"

/* Appends the whole file (at most `max_bytes`, else ERR_LIMIT) to `text`. "-" is standard input.
 * ERR_NOT_FOUND, ERR_IO; errors name the path. After a failure `text` may have grown. */
int file_read(const char *path, size_t max_bytes, struct text *text, struct err *reterr);

/* Writes atomically: a temporary file beside it, fsync, rename. ERR_IO leaves what was there.
 * A pipe, a terminal or a device (/dev/stdout, /dev/null) is written and stays what it is. */
int file_write(const char *path, struct bytes content, struct err *reterr);

/* A secret: read into an empty `text`, trailing newlines removed; ERR_INVALID if nothing is left,
 * and if others than its owner and group may read it or others than its owner may write it.
 * Symbolic links are followed and their target's mode counts (Kubernetes mounts secrets so). */
int secret_read(const char *path, struct text *text, struct err *reterr);

/* Wall clock and monotonic clock. */
int64_t clock_unix_ms(void);
struct loop_time clock_loop(void);

#endif
