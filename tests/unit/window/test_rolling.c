/* Rolling windows against the plainest thing that can be right: keep all panes and add them. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "unit/window/records.h"
#include "window/rolling.h"

enum { PANE = 5 * SECOND_MS, PANES_MAX = 6000 };
static const int64_t windows_ms[] = {MINUTE_MS, 3 * MINUTE_MS, 60 * MINUTE_MS};
enum { WINDOWS = sizeof windows_ms / sizeof windows_ms[0] };

static struct baseline *baseline;
static struct layout *layout;
static struct rolling *rolling;
static struct counts *want;

/* The panes that were added. */
static struct {
    int64_t start_ms;
    struct counts *counts; /* NULL: empty */
} panes[PANES_MAX];
static uint32_t pane_count;

static void set_up(void)
{
    baseline = make_baseline_sample();
    layout = layout_new(baseline);
    rolling = rolling_new(layout, windows_ms, WINDOWS, PANE);
    want = counts_new(layout);
}

static void tear_down(void)
{
    for (uint32_t i = 0; i < pane_count; i++)
        counts_free(panes[i].counts);
    counts_free(want);
    rolling_free(rolling);
    layout_free(layout);
    baseline_free(baseline);
}

TestSuite(rolling, .init = set_up, .fini = tear_down);

static struct counts *random_pane(struct random *random)
{
    struct observation record[SAMPLE_FIELDS];
    struct counts *counts = counts_new(layout);
    for (uint32_t n = 1 + random_below(random, 3); n; n--) {
        random_record(random, baseline, record);
        counts_add_record(counts, record, 1);
    }
    return counts;
}

static void add_pane(int64_t start_ms, struct counts *counts)
{
    panes[pane_count].start_ms = start_ms;
    panes[pane_count++].counts = counts;
    rolling_add(rolling, (struct event_time){start_ms}, counts);
}

/* `want` becomes the sum of panes in [from, to). */
static void add_up(int64_t from_ms, int64_t to_ms)
{
    counts_clear(want);
    for (uint32_t i = pane_count; i-- > 0 && panes[i].start_ms >= from_ms;)
        if (panes[i].counts && panes[i].start_ms < to_ms)
            counts_add(want, panes[i].counts, 1);
}

static void check_against_sum(int64_t beginning_ms)
{
    int64_t end_ms = panes[pane_count - 1].start_ms + PANE;
    uint32_t due = rolling_due(rolling);
    for (uint32_t i = 0; i < WINDOWS; i++) {
        int64_t hop_ms = windows_ms[i] / WINDOW_HOPS;
        bool is_due = end_ms % hop_ms == 0 && end_ms - windows_ms[i] >= beginning_ms;
        cr_assert_eq(due >> i & 1, is_due, "window %u at %lld", i, (long long)end_ms);
        int64_t hop_end_ms = end_ms - end_ms % hop_ms;
        add_up(hop_end_ms - windows_ms[i], hop_end_ms);
        cr_assert(counts_same(rolling_window(rolling, i), want), "window %u at %lld", i,
                  (long long)end_ms);
    }
}

static int64_t random_gap(struct random *random)
{
    switch (random_below(random, 40)) {
    case 0:
        return 1 + random_below(random, 2000); /* up to beyond the longest window */
    case 1:
        return random_below(random, 60);
    case 2:
    case 3:
        return random_below(random, 14);
    default:
        return 0;
    }
}

static void compare_with_brute_force(uint64_t seed, int64_t start_ms)
{
    struct random random = random_new(seed);
    int64_t beginning_ms = start_ms;
    for (int i = 0; i < 2500; i++, start_ms += PANE) {
        start_ms += i ? random_gap(&random) * PANE : 0;
        add_pane(start_ms, random_below(&random, 4) ? random_pane(&random) : NULL);
        if (i % 7 == 0 || rolling_due(rolling))
            check_against_sum(beginning_ms);
    }
}

Test(rolling, equals_brute_force)
{
    compare_with_brute_force(41, 1700000000000);
}

Test(rolling, equals_brute_force_from_the_middle_of_a_hop)
{
    compare_with_brute_force(42, 1700000000000 + 7 * PANE);
}

Test(rolling, equals_brute_force_before_1970)
{
    /* Only arithmetic: such times are bad before they get here. */
    struct random random = random_new(43);
    int64_t start_ms = -100 * PANE;
    for (; start_ms < 100 * PANE; start_ms += PANE)
        add_pane(start_ms, random_pane(&random));
    add_up(start_ms - MINUTE_MS, start_ms);
    cr_assert_eq(rolling_due(rolling) & 1, 1);
    cr_assert(counts_same(rolling_window(rolling, 0), want));
}

Test(rolling, a_window_is_due_when_it_is_full)
{
    int64_t first = 1700000040000; /* a whole minute */
    for (int64_t n = 1; n <= 40; n++) {
        add_pane(first + (n - 1) * PANE, NULL);
        cr_assert_eq(rolling_due(rolling) & 1, n >= 12, "pane %lld", (long long)n);
        cr_assert_eq(rolling_due(rolling) >> 1 & 1, n >= 36 && n % 3 == 0, "pane %lld",
                     (long long)n);
    }
}

Test(rolling, expiry_returns_to_zero)
{
    struct random random = random_new(44);
    int64_t start_ms = 1700000000000;
    for (int i = 0; i < 800; i++, start_ms += PANE)
        add_pane(start_ms, random_pane(&random));
    cr_assert(!rolling_is_empty(rolling));
    int64_t last_ms = start_ms;
    for (; !rolling_is_empty(rolling); start_ms += PANE)
        rolling_add(rolling, (struct event_time){start_ms}, NULL);
    /* The longest window, and a hop that was being filled. */
    cr_assert(start_ms > last_ms && start_ms <= last_ms + windows_ms[2] * 13 / 12);
    for (uint32_t i = 0; i < WINDOWS; i++) {
        cr_assert(counts_zero(rolling_window(rolling, i)));
        cr_assert(isinf(rolling_window(rolling, i)->extents[0].min));
    }
}

Test(rolling, a_gap_of_a_century_is_a_jump)
{
    struct random random = random_new(45);
    add_pane(946684800000, random_pane(&random));
    add_pane(4102444800000 - PANE, random_pane(&random));
    check_against_sum(946684800000);
    cr_assert_eq(rolling_window(rolling, 0)->rows, panes[1].counts->rows);
}

Test(rolling, skip_empties_and_keeps_the_beginning)
{
    struct random random = random_new(46);
    int64_t start_ms = 1700000040000;
    for (int i = 0; i < 800; i++, start_ms += PANE)
        add_pane(start_ms, random_pane(&random));
    start_ms += 10 * MINUTE_MS;
    rolling_skip(rolling, (struct event_time){start_ms});
    cr_assert(rolling_is_empty(rolling));
    cr_assert_eq(rolling_due(rolling), 0);
    for (uint32_t i = 0; i < WINDOWS; i++)
        cr_assert(counts_zero(rolling_window(rolling, i)));
    for (uint32_t i = 0; i < pane_count; i++)
        counts_free(panes[i].counts);
    pane_count = 0;
    add_pane(start_ms, random_pane(&random));
    cr_assert_eq(rolling_due(rolling) & 1, 1, "a window that began in the skipped time is full");
    check_against_sum(1700000040000);
}

/* After a restart: the beginning first, then the panes of the longest window. */
Test(rolling, rebuilt_equals_undisturbed)
{
    struct random random = random_new(47);
    int64_t first_ms = 1700000040000, start_ms = first_ms;
    for (int i = 0; i < 1500; i++, start_ms += PANE)
        add_pane(start_ms, random_below(&random, 3) ? random_pane(&random) : NULL);
    struct rolling *rebuilt = rolling_new(layout, windows_ms, WINDOWS, PANE);
    rolling_skip(rebuilt, (struct event_time){first_ms});
    int64_t from_ms = start_ms - windows_ms[2] * 13 / 12;
    for (uint32_t i = 0; i < pane_count; i++)
        if (panes[i].start_ms >= from_ms && panes[i].counts)
            rolling_add(rebuilt, (struct event_time){panes[i].start_ms}, panes[i].counts);
    for (int i = 0; i < 500; i++, start_ms += PANE) {
        struct counts *counts = random_pane(&random);
        rolling_add(rebuilt, (struct event_time){start_ms}, counts);
        rolling_add(rolling, (struct event_time){start_ms}, counts);
        cr_assert_eq(rolling_due(rebuilt), rolling_due(rolling));
        for (uint32_t w = 0; w < WINDOWS; w++)
            cr_assert(counts_same(rolling_window(rebuilt, w), rolling_window(rolling, w)));
        counts_free(counts);
    }
    rolling_free(rebuilt);
}

Test(rolling, nothing_added)
{
    cr_assert(rolling_is_empty(rolling));
    cr_assert_eq(rolling_due(rolling), 0);
    cr_assert(counts_zero(rolling_window(rolling, 0)));
    rolling_free(NULL);
}
