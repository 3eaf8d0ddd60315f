/* What each kind of setting looks like: for messages, for the schema, and as a check. */
#ifndef LEEWAY_CONFIG_KINDS_H
#define LEEWAY_CONFIG_KINDS_H

#include "config/settings.h"

struct kind {
    const char *what;                  /* "a size such as 256KiB" */
    const char *hint;                  /* a sentence for who got it wrong; empty: none */
    const char *word;                  /* one or two words for the reference */
    const char *pattern;               /* regular expression of the schema; NULL: none */
    bool (*accepts)(const char *text); /* texts only; NULL: any text */
};

const struct kind *kind_of(enum setting_kind kind);

/* The key of a map of texts, as the setting's flags say. */
const struct kind *kind_of_keys(const struct setting *setting);

enum { NAME_BYTES_MAX = 128, TEXT_BYTES_MAX = 65536 };

/* [a-z0-9][a-z0-9_.-]*, at most NAME_BYTES_MAX bytes. */
bool name_valid(const char *text);
/* "fraud" or "fraud@7". */
bool reference_valid(const char *text);

#endif
