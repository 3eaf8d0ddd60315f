/* What the kernel says of this process, for the process_* metrics. */
#ifndef LEEWAY_EXPOSE_PROCESS_H
#define LEEWAY_EXPOSE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct process_usage {
    double cpu_seconds;     /* user and system, since the start */
    int64_t resident_bytes; /* in memory now */
    int64_t start_ticks;    /* after boot */
};

/* From the text of /proc/PID/stat (proc(5)); the command name in it may hold anything. False if it
 * is not such a text. Pure but for the tick and page size. */
bool process_parse(struct bytes stat, struct process_usage *ret_usage);

/* Of this process, now. False if /proc cannot be read. */
bool process_read(struct process_usage *ret_usage);

/* When this process started, seconds since 1970; 0 if unknown. Not the same to the last digit when
 * asked again, so ask once. */
double process_start_seconds(void);

/* Open file descriptors and the limit of them; -1 if unknown. */
int64_t process_open_fds(void);
int64_t process_max_fds(void);

#endif
