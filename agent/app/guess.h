/* What a sample of events looks like: which path is the time, the id, the prediction, what the
 * features are. Guesses by names and values, made to be read and corrected. */
#ifndef LEEWAY_APP_GUESS_H
#define LEEWAY_APP_GUESS_H

#include "app/input.h"

enum { GUESS_ROWS = 10000, GUESS_DISTINCT_MAX = 1000 };

/* One path with what its values were. */
struct guess_path {
    const char *path, *name; /* name: last part of the path */
    int64_t present, numbers, texts, booleans, times, integral;
    double minimum, maximum; /* of the numbers */
    const char **values;     /* distinct texts of the values, at most GUESS_DISTINCT_MAX, sorted */
    uint32_t distinct;       /* GUESS_DISTINCT_MAX + 1: more */
    bool special;            /* is one of the below and no feature */
};

struct guess {
    struct arena *arena;
    struct guess_path *paths;
    uint32_t path_count;
    int64_t rows, rejected;
    bool is_csv;
    /* Indexes of paths, -1: none. */
    int id, time, version, model, score, class, value, label;
    const char *features; /* "/features/" and an asterisk */
};

/* Reads the first GUESS_ROWS rows. 0 or an error; release with guess_release, also on failure. */
int guess_make(const char *file, struct guess *ret_guess, struct err *reterr);
void guess_release(struct guess *guess);

/* The path is under guess->features and nothing else. */
bool guess_is_feature(const struct guess *guess, const struct guess_path *path);

/* Texts or booleans, or whole numbers with few values. */
bool guess_is_category(const struct guess_path *path);

#endif
