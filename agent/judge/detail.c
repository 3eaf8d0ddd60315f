/* Words for reasons. Numbers are rounded for reading; the exact ones are in the verdict. */
#include "judge/detail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

static void add_rate(struct text *text, const char *what, double live, double total, double base,
                     double base_total)
{
    text_printf(text, "%s %.3g %% → %.3g %%", what, base_total > 0 ? 100 * base / base_total : 0.0,
                total > 0 ? 100 * live / total : 0.0);
}

static const char *direction(double z)
{
    return z > 0 ? "up" : "down";
}

static void add_location(struct text *text, const struct comparison *c)
{
    if (isfinite(c->mean_shift_sd) && fabs(c->mean_shift_sd) >= .005)
        text_printf(text, "location %s, mean %+.2f sd", direction(c->smooth[0].z),
                    c->mean_shift_sd);
    else
        text_printf(text, "location %s", direction(c->smooth[0].z));
}

static void add_shape(struct text *text, const struct comparison *c)
{
    static const char *const names[COMPONENTS] = {"location", "scale", "skew", "tails"};
    uint32_t best = c->smooth_count > 1 ? 1 : 0;
    for (uint32_t i = best + 1; i < c->smooth_count && i < COMPONENTS; i++)
        if (fabs(c->smooth[i].z) > fabs(c->smooth[best].z))
            best = i;
    text_printf(text, "%s %s", names[best], direction(c->smooth[best].z));
}

static void add_cells(struct text *text, const struct comparison *c,
                      const struct baseline_field *field)
{
    if (c->moved_level >= 0 && (uint32_t)c->moved_level < field->level_count) {
        struct bytes level = bytes_of(field->levels[c->moved_level]);
        text_printf(text, "\"%.*s\" ", (int)utf8_cut(level, 40), level.data);
        add_rate(text, "share", (double)c->moved_live, (double)(c->n + c->unseen),
                 (double)c->moved_base, (double)c->m);
    } else {
        text_printf(text, "shares moved (psi %.3g)", c->scores[SCORE_PSI].value);
    }
}

static void add_reason(struct text *text, enum reason reason, const struct comparison *c,
                       const struct baseline_field *field)
{
    double total = (double)c->total, values = (double)(c->n + c->unseen), m = (double)field->valid;
    double rows = (double)(field->valid + field->missing + field->invalid);
    switch (reason) {
    case REASON_LOCATION:
        add_location(text, c);
        break;
    case REASON_SHAPE:
        add_shape(text, c);
        break;
    case REASON_CELLS:
        add_cells(text, c, field);
        break;
    case REASON_MISSING:
        add_rate(text, "missing", (double)c->missing, total, (double)field->missing, rows);
        break;
    case REASON_INVALID:
        add_rate(text, "invalid", (double)c->invalid, total, (double)field->invalid, rows);
        break;
    case REASON_BELOW:
        add_rate(text, "below training minimum", (double)c->below, values, 0, m);
        break;
    case REASON_ABOVE:
        add_rate(text, "above training maximum", (double)c->above, values, 0, m);
        break;
    case REASON_UNSEEN:
        add_rate(text, "unseen categories", (double)c->unseen, values, 0, m);
        break;
    case REASON_RANGE:
        add_rate(text, "out of range", (double)(c->below_min + c->above_max), values, 0, m);
        break;
    case REASON_NOT_ALLOWED:
        add_rate(text, "not allowed", (double)c->not_allowed, values, 0, m);
        break;
    case REASONS:
        break;
    }
}

/* Cuts at a UTF-8 character boundary. */
static void copy_cut(const struct text *text, char *ret, size_t size)
{
    size_t length = text->size < size - 1 ? text->size : size - 1;
    while (length && length < text->size && ((unsigned char)text->data[length] & 0xc0) == 0x80)
        length--;
    if (length)
        memcpy(ret, text->data, length);
    ret[length] = '\0';
}

void detail_format(const struct verdict *verdict, const struct baseline_field *field,
                   const struct tested *tested, char *ret, size_t size)
{
    struct text text = {0};
    uint32_t left = verdict->reasons;
    /* Location says what cells would repeat. */
    if (left & (1u << REASON_LOCATION | 1u << REASON_SHAPE))
        left &= ~(1u << REASON_CELLS);
    while (left) {
        int best = -1;
        for (int i = 0; i < REASONS; i++)
            if (left >> i & 1 && (best < 0 || tested->reason_log_p[i] < tested->reason_log_p[best]))
                best = i;
        text_puts(&text, text.size ? ", " : "");
        add_reason(&text, (enum reason)best, &verdict->comparison, field);
        left &= ~(1u << best);
    }
    copy_cut(&text, ret, size);
    text_release(&text);
}
