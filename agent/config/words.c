/* What a message says of a word it does not know: how it looked, and which known word was meant.
 *
 * Assumes that words may be hostile or secret: they are cut, cleaned, and never shown if they look
 * like a URL. Refuses to know the settings. */
#include "config/words.h"

#include <stdio.h>

#include "config/tree.h"

enum { WORD_MAX = 64, SHOWN_MAX = 48 };

/* Where to cut so that at most SHOWN_MAX bytes are kept and no character is broken. */
static size_t cut_at(const char *word, size_t size)
{
    if (size <= SHOWN_MAX)
        return size;
    size = SHOWN_MAX;
    while (size && ((unsigned char)word[size] & 0xc0) == 0x80)
        size--;
    return size;
}

struct shown word_shown(const char *word)
{
    struct shown shown = {{0}};
    if (strstr(word, "://")) {
        snprintf(shown.text, sizeof shown.text, "a URL");
        return shown;
    }
    size_t size = strlen(word), cut = cut_at(word, size);
    snprintf(shown.text, sizeof shown.text, "\"%.*s%s\"", (int)cut, word, cut < size ? "…" : "");
    for (char *c = shown.text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return shown;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance by the two-row method; both words are at most WORD_MAX long. */
static uint32_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    uint32_t above[WORD_MAX + 1], row[WORD_MAX + 1];
    for (uint32_t j = 0; j <= b_size; j++)
        above[j] = j;
    for (uint32_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (uint32_t j = 1; j <= b_size; j++) {
            uint32_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = smaller(change, smaller(above[j], row[j - 1]) + 1);
        }
        memcpy(above, row, sizeof row);
    }
    return above[b_size];
}

const char *nearest_word(const char *word, const char *const *candidates, uint32_t count)
{
    const char *nearest = NULL;
    size_t size = strlen(word);
    if (size > WORD_MAX)
        return NULL;
    uint32_t allowed = (uint32_t)size / 3;
    for (uint32_t i = 0; i < count; i++) {
        size_t candidate_size = strlen(candidates[i]);
        if (candidate_size > WORD_MAX)
            continue;
        uint32_t distance = edit_distance(word, size, candidates[i], candidate_size);
        if (distance > allowed || (nearest && distance == allowed))
            continue;
        nearest = candidates[i];
        allowed = distance;
    }
    return nearest;
}
