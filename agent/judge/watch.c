/* The e-detector of one field over time.
 *
 * Every pane may be where a change begins. The recursion weighs all beginnings against each other,
 * and `fresh` is the weight of the latest; so the expected beginning, and the counts since then,
 * follow from the same weights without a list of panes: old ones times (1 - fresh), plus the new
 * one. All numbers are rounded to floats after each pane, so that a state that was stored and read
 * goes on like one that was not. Knows nothing of fields' meaning and of the budget. */
#include "judge/watch.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/ring.h"

/* ---- a pane ---- */

static void follow_beginning(struct watch *watch, const struct field_table *table, const int64_t *c,
                             int64_t start_ms)
{
    double fresh = watch->detector.fresh;
    double before_ms = (double)(start_ms - watch->start_ms) * (1 - fresh);
    watch->start_ms = start_ms - llround(before_ms);
    for (uint32_t i = 0; i < table->cells; i++)
        watch->counts[i] = (double)(float)((1 - fresh) * watch->counts[i] + (double)c[i]);
}

static void restart(struct watch *watch, const struct field_table *table, int64_t start_ms)
{
    edetector_restart(&watch->detector, table->table);
    watch->cells = table->cells;
    memset(watch->counts, 0, sizeof watch->counts);
    watch->start_ms = start_ms;
}

static double events_of(const struct watch *watch)
{
    double sum = 0;
    for (uint32_t i = 0; i < TABLE_CELLS_MAX; i++)
        sum += watch->counts[i];
    return sum;
}

/* True if what crossed the threshold is worth an alarm. A rate that has moved for certain, but by a
 * trifle, loses its bets; what is left must cross by itself. */
static bool explain(struct watch *watch, const struct field_table *table, double log_threshold,
                    double *log_mixture, struct alarm *ret)
{
    for (uint32_t i = 0; i < TABLE_CELLS_MAX; i++)
        ret->counts[i] = i < table->cells ? llround(watch->counts[i]) : 0;
    while (*log_mixture >= log_threshold) {
        uint32_t leader = edetector_leader(&watch->detector);
        if (field_table_reason(table, leader, ret->counts, &ret->reason))
            return true;
        leader -= (leader - table->shape_bets) % EDETECTOR_RATE_BETS;
        for (uint32_t k = 0; k < EDETECTOR_RATE_BETS; k++)
            watch->detector.r[leader + k] = 0;
        *log_mixture = edetector_log_mixture(&watch->detector);
    }
    return false;
}

static void take_alarm(struct watch *watch, const struct judge_pane_input *pane,
                       double log_evidence, struct alarm *ret)
{
    struct episode *episode = &watch->episode;
    bool goes_on = watch_holds(watch);
    int64_t pane_ms = pane->end.ms - pane->start.ms; /* no finer than panes is it known */
    if (!goes_on)
        *episode = (struct episode){.since_ms = watch->start_ms - watch->start_ms % pane_ms,
                                    .window_ms = pane->window_ms};
    ret->log_evidence = log_evidence;
    ret->since_ms = episode->since_ms;
    episode->alarm_ms = pane->end.ms;
    episode->needed = (double)(float)fmax(episode->needed, events_of(watch));
    episode->seen = 0;
    ret->is_told = !goes_on || pane->end.ms - episode->told_ms >= pane->window_ms / RING_HOPS;
    if (ret->is_told)
        episode->told_ms = pane->end.ms;
}

/* An alarm holds while the statistic would not yet have had the records to alarm again. */
static void age_episode(struct watch *watch, const struct judge_pane_input *pane, int64_t n,
                        double log_mixture, double log_threshold)
{
    struct episode *episode = &watch->episode;
    if (!episode->alarm_ms)
        return;
    episode->seen = (double)(float)(episode->seen + (double)n);
    if (!episode->over_ms && episode->seen >= 2 * episode->needed &&
        pane->end.ms - episode->alarm_ms >= pane->window_ms && log_mixture < log_threshold / 2)
        episode->over_ms = pane->end.ms;
    if (episode->over_ms &&
        pane->end.ms - episode->over_ms > (RING_WINDOWS_MAX + 1) * pane->window_ms)
        *episode = (struct episode){0};
}

bool watch_step(struct watch *watch, const struct field_table *table, const int64_t *c, int64_t n,
                const struct judge_pane_input *pane, double log_threshold, struct alarm *ret_alarm)
{
    if (watch->detector.count != table->table->count || watch->cells != table->cells)
        restart(watch, table, pane->start.ms);
    double log_mixture = edetector_update(&watch->detector, table->table, c, table->phi);
    follow_beginning(watch, table, c, pane->start.ms);
    if (log_mixture >= log_threshold &&
        explain(watch, table, log_threshold, &log_mixture, ret_alarm)) {
        take_alarm(watch, pane, log_mixture, ret_alarm);
        restart(watch, table, pane->end.ms);
        return true;
    }
    edetector_round(&watch->detector);
    age_episode(watch, pane, n, log_mixture, log_threshold);
    return false;
}

/* ---- text ---- */

/* Eight digits: a state has a hundred thousand of these. */
static void add_float(float number, struct text *text)
{
    static const char digits[] = "0123456789abcdef";
    char hex[8];
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    for (int i = 0; i < 8; i++)
        hex[i] = digits[bits >> (28 - 4 * i) & 15];
    text_add(text, hex, sizeof hex);
}

static void format_numbers(const double *numbers, uint32_t count, struct text *text)
{
    for (uint32_t i = 0; i < count;) {
        uint32_t zeros = 0;
        while (i + zeros < count && !(numbers[i + zeros] > 0))
            zeros++;
        if (zeros)
            text_printf(text, "z%u,", zeros);
        else
            add_float((float)numbers[i], text);
        i += zeros ? zeros : 1;
    }
}

void watch_format(const struct watch *watch, struct text *text)
{
    const struct episode *e = &watch->episode;
    text_printf(text, "%u,%u,%" PRId64 ";", watch->detector.count, watch->cells, watch->start_ms);
    if (e->alarm_ms) {
        const double sizes[] = {e->needed, e->seen};
        text_printf(text, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",",
                    e->alarm_ms, e->since_ms, e->told_ms, e->over_ms, e->window_ms);
        format_numbers(sizes, 2, text);
    }
    text_puts(text, ";");
    format_numbers(watch->counts, watch->cells, text);
    text_puts(text, ";");
    format_numbers(watch->detector.r, watch->detector.count, text);
}

struct reader {
    const char *at, *end;
    bool failed;
};

/* A decimal integer and the one character after it, which must be `stop`. */
static int64_t read_integer(struct reader *reader, char stop)
{
    bool is_negative = reader->at < reader->end && *reader->at == '-';
    const char *first = reader->at += is_negative;
    int64_t number = 0;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' &&
           reader->at - first < 16)
        number = number * 10 + (*reader->at++ - '0');
    if (reader->at == first || reader->at == reader->end || *reader->at++ != stop)
        reader->failed = true;
    return is_negative ? -number : number;
}

static double read_float(struct reader *reader)
{
    uint32_t bits = 0;
    float number;
    for (int i = 0; i < 8 && !reader->failed; i++) {
        char c = reader->at < reader->end ? *reader->at++ : '\0';
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                                                : 16;
        reader->failed = digit > 15;
        bits = bits << 4 | (digit & 15);
    }
    memcpy(&number, &bits, sizeof number);
    if (!(number > 0) || !isfinite(number))
        reader->failed = true;
    return (double)number;
}

/* Exactly `count` numbers. */
static void read_numbers(struct reader *reader, double *ret, uint32_t count)
{
    for (uint32_t i = 0; i < count && !reader->failed;) {
        int64_t zeros = 0;
        if (reader->at < reader->end && *reader->at == 'z') {
            reader->at++;
            zeros = read_integer(reader, ',');
            if (zeros < 1 || zeros > (int64_t)(count - i))
                reader->failed = true;
        }
        if (reader->failed)
            return;
        for (int64_t k = 0; k < zeros; k++)
            ret[i++] = 0;
        if (!zeros)
            ret[i++] = read_float(reader);
    }
}

static void read_stop(struct reader *reader)
{
    if (reader->at == reader->end || *reader->at++ != ';')
        reader->failed = true;
}

static void read_episode(struct reader *reader, struct episode *ret)
{
    double sizes[2] = {0};
    if (reader->failed || reader->at == reader->end || *reader->at == ';')
        return;
    ret->alarm_ms = read_integer(reader, ',');
    ret->since_ms = read_integer(reader, ',');
    ret->told_ms = read_integer(reader, ',');
    ret->over_ms = read_integer(reader, ',');
    ret->window_ms = read_integer(reader, ',');
    read_numbers(reader, sizes, 2);
    ret->needed = sizes[0];
    ret->seen = sizes[1];
}

bool watch_parse(struct bytes text, struct watch *ret_watch)
{
    struct reader reader = {text.data, text.data + text.size, false};
    struct watch watch = {0};
    int64_t count = read_integer(&reader, ','), cells = read_integer(&reader, ',');
    watch.start_ms = read_integer(&reader, ';');
    if (count < 0 || count > ALTERNATIVES_MAX || cells < 0 || cells > TABLE_CELLS_MAX)
        return false;
    read_episode(&reader, &watch.episode);
    read_stop(&reader);
    read_numbers(&reader, watch.counts, (uint32_t)cells);
    read_stop(&reader);
    watch.cells = (uint32_t)cells;
    watch.detector.count = (uint32_t)count;
    watch.detector.fresh = 1;
    read_numbers(&reader, watch.detector.r, (uint32_t)count);
    if (reader.failed || reader.at != reader.end)
        return false;
    *ret_watch = watch;
    return true;
}
