/* Command-line options of one command, from a table that also prints its help. */
#ifndef LEEWAY_APP_OPTIONS_H
#define LEEWAY_APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_DRIFT = 3,
    EXIT_FENCED = 70, /* another member took this one's place in the consumer group */
    EXIT_STALLED = 75 /* a partition stays silent whatever was tried; start again */
};

enum option_type { OPTION_TEXT, OPTION_FLAG, OPTION_NUMBER, OPTION_LIST };

/* `target`: const char **, bool *, int64_t *, or struct option_values *. A long name without dashes
 * ("config"), a letter or 0. */
struct option {
    const char *name;
    char letter;
    enum option_type type;
    void *target;
    const char *value_name; /* "FILE"; NULL for flags */
    const char *help;
};

enum { OPTION_VALUES_MAX = 64 };
struct option_values {
    const char *items[OPTION_VALUES_MAX];
    uint32_t count;
};

/* Parses argv[1..]; --name value, --name=value, -x value, --, and everything else positional
 * (collected in order; refused if ret_positional is NULL). Prints usage errors to standard error
 * and help (for -h, --help) to standard output. Returns -1 to go on, else the exit code to return
 * at once (EXIT_OK after help, EXIT_USAGE). `usage` is the first line, e.g. "leeway replay --config
 * FILE --file FILE"; `about` a paragraph. The table ends with a row whose name is NULL. */
int options_parse(int argc, char **argv, const char *usage, const char *about,
                  const struct option *options, struct option_values *ret_positional);

#endif
