/* What validation knows of a field, in the form in which it is asked for each value. Private to
 * this folder. */
#ifndef LEEWAY_VALIDATE_COMPILE_H
#define LEEWAY_VALIDATE_COMPILE_H

#include "validate/search.h"
#include "validate/table.h"
#include "validate/validate.h"

/* Longest text that canonical form ever writes anew (an integer), and to spare. */
enum { CANONICAL_BYTES = 64 };

struct check {
    const struct baseline_field *field; /* borrowed */
    enum field_type type;
    uint32_t cell_count;
    uint32_t slot; /* where the value stands */
    union {
        struct {             /* numbers */
            bool integral;   /* no fraction is allowed */
            bool limited;    /* there is a minimum or maximum */
            double min, max; /* infinite where there is no limit */
            struct search search;
        };
        struct {                       /* categories */
            struct level_table levels; /* the baseline's and what is allowed */
            uint32_t not_allowed;      /* violation of a text that is not in the list; 0: no list */
        };
        struct observation truths[2]; /* booleans: what false and true are */
    };
};

struct validator {
    struct arena *arena; /* owns the tables */
    uint32_t field_count;
    struct check checks[];
};

/* The cell of a canonical text without a level: "other" or, one further, "unseen". */
static inline uint32_t check_cell_beyond(const struct check *check, struct bytes text)
{
    return check->field->level_count + !baseline_is_other(check->field, text);
}

/* True if the baseline has surely seen the empty text as a value, though it is no level. */
static inline bool check_knows_empty(const struct check *check)
{
    return check->field->others_complete && baseline_is_other(check->field, bytes_make("", 0));
}

#endif
