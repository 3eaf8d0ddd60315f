/* Log lines: logfmt or JSON on standard error, one event a line, fields escaped, never a secret.
 * Shell only: the core does not log. */
#ifndef LEEWAY_SYS_LOG_H
#define LEEWAY_SYS_LOG_H

#include <stdbool.h>

#include "base/err.h"

enum log_level { LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARNING_LEVEL, LOG_ERROR_LEVEL };

/* Level names: debug, info, warning, error. Formats: logfmt, json. Unknown names leave the setting
 * as it was and return false. */
bool log_setup(const char *level, const char *format);

/* msg is a constant phrase; then key/value pairs of C strings: log_info("listening", "address", a).
 * The macros end the list; who calls log_line ends it with NULL. */
void log_line(enum log_level level, const char *msg, ...) __attribute__((sentinel));
#define log_debug(...)   log_line(LOG_DEBUG_LEVEL, __VA_ARGS__, (char *)0)
#define log_info(...)    log_line(LOG_INFO_LEVEL, __VA_ARGS__, (char *)0)
#define log_warning(...) log_line(LOG_WARNING_LEVEL, __VA_ARGS__, (char *)0)
#define log_error(...)   log_line(LOG_ERROR_LEVEL, __VA_ARGS__, (char *)0)

/* Logs an error value with its place and hint. */
void log_err(enum log_level level, const char *msg, const struct err *err);

#endif
