/* The table of settings: the one place that says what leeway.yaml may contain.
 *
 * Parsing, messages, the configuration's hashes, docs/CONFIG.md and the JSON Schema are made from
 * it. A setting belongs to a section, which is named by its path: "" is the top of the file,
 * "monitors[]" an item of the list `monitors`, "monitors[].fields.*" an entry of the map `fields`,
 * "web" the map `web`. A section is stored in one struct (config_monitor, …) and rows say where. */
#ifndef LEEWAY_CONFIG_SETTINGS_H
#define LEEWAY_CONFIG_SETTINGS_H

#include <stddef.h>

#include "config/config.h"

enum setting_kind {
    /* Texts, stored as const char *. */
    KIND_TEXT,
    KIND_NAME,
    KIND_POINTER,  /* JSON Pointer */
    KIND_FEATURES, /* JSON Pointer that ends in an asterisk */
    KIND_TOPIC,
    KIND_BASELINE, /* name or name@version */
    KIND_START,    /* earliest, latest or an instant */
    KIND_LISTEN,   /* host:port, or empty */
    KIND_STORE,
    KIND_FILE, /* resolved against the directory of the config file */
    KIND_LINK, /* URL for people */
    KIND_WORD, /* one of `choices` */
    KIND_URL,  /* URL to send to; always stored as a list */
    /* Others. */
    KIND_CHOICE,   /* one of `choices`, stored as its index */
    KIND_BOOL,     /* bool */
    KIND_NUMBER,   /* double; `extra`: bool "is given", if not 0 */
    KIND_INTEGER,  /* uint32_t or int64_t, by `width` */
    KIND_SIZE,     /* the same, in bytes */
    KIND_DURATION, /* int64_t ms */
    KIND_RATE,     /* "1 per 90 days": uint32_t count; `extra`: int64_t period in ms */
    /* Containers. */
    KIND_SECTION, /* a map with settings of its own, in the same struct plus `offset` */
    KIND_VARIANT, /* the same; stores `minimum` as enum at `offset`, settings in the same struct */
    KIND_ITEMS,   /* list of maps: array of structs, `extra`: uint32_t count */
    KIND_ENTRIES, /* map of maps: the same, the key goes into the name */
    KIND_PAIRS,   /* map of texts: array of structs that begin with key and value */
    KIND_COUNT
};

enum setting_flag {
    SETTING_REQUIRED = 1,
    SETTING_EITHER = 2,       /* exactly one of the rows of the section with this flag is given */
    SETTING_SECRET = 4,       /* what is given is never shown */
    SETTING_LIST = 8,         /* a list of `kind`: array, `extra`: uint32_t count */
    SETTING_SET = 16,         /* the order of the list means nothing */
    SETTING_JUDGES = 32,      /* decides how a monitor counts or judges */
    SETTING_POINTER_KEYS = 64 /* keys of KIND_PAIRS are JSON Pointers */
};

/* Structs of KIND_ITEMS and KIND_ENTRIES begin with `const char *name`. */
struct setting {
    const char *section, *key;
    enum setting_kind kind;
    unsigned flags;
    size_t offset, extra, width; /* in the section's struct; width of the member */
    size_t element, place;       /* ITEMS, ENTRIES, PAIRS: size, and where its struct place is */
    int64_t minimum, maximum;    /* of values, inclusive; both 0: any */
    uint32_t least, most;        /* elements of a list or map */
    const char *preset;          /* default, in YAML; NULL: none */
    const char *no_preset;       /* what the reference says of no default; NULL: a dash */
    const char *choices;         /* separated by spaces */
    const char *help;            /* for the reference: sentences */
};

extern const struct setting settings_table[];
extern const uint32_t settings_count;

enum { SETTING_PATH_BYTES = 96, SETTING_RANGE_BYTES = 64 };

/* The setting `key` of `section`, or NULL. */
const struct setting *setting_find(const char *section, const char *key);

/* "monitors[].windows", and for containers the section of what is inside: "monitors[]". Buffers of
 * SETTING_PATH_BYTES. */
const char *setting_path(const struct setting *setting, char *ret_path);
const char *setting_inside(const struct setting *setting, char *ret_section);

/* True for kinds that hold settings of their own. */
bool setting_is_container(const struct setting *setting);

/* A value or the range of values as a person writes it: "16MiB", "24h", "1 to 64"; empty if any
 * value will do. Buffer of SETTING_RANGE_BYTES. */
const char *setting_amount(const struct setting *setting, int64_t amount, char *ret_text);
const char *setting_range(const struct setting *setting, char *ret_text);

#endif
