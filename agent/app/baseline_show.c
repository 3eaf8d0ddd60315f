/* `leeway baseline show`: a baseline for people, or as JSON.
 *
 * Cells have equal mass, so their counts draw a flat line. What is drawn is a density: each cell's
 * rows spread evenly over its width, cut into equal steps between the 0.5 and 99.5 % quantiles, so
 * that one outlier does not squeeze everything else into one bar. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "app/baseline_command.h"
#include "app/options.h"
#include "app/visible.h"

enum { STEPS = 24, LEVELS_SHOWN = 20, BAR_WIDTH = 40 };

static bool is_number(const struct baseline_field *field)
{
    return field->type == FIELD_NUMBER || field->type == FIELD_INTEGER;
}

/* Pads and cuts by code points. */
static void print_padded(const char *text, int width)
{
    char shown[VISIBLE_BYTES];
    int printed = 0;
    for (const char *at = visible(text, shown); *at; at++) {
        bool begins = ((unsigned char)*at & 0xc0) != 0x80;
        if (begins && printed == width)
            break;
        printed += begins;
        putchar(*at);
    }
    printf("%*s", width - printed + 1, "");
}

static const char *spark(double share)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    int level = (int)ceil(share * 8);
    return blocks[level < 0 ? 0 : level > 8 ? 8 : level];
}

static double quantile(const struct baseline_field *field, double share)
{
    double wanted = share * (double)field->valid, below = 0;
    for (uint32_t i = 1; i + 1 < field->cell_count; i++) {
        double count = (double)field->counts[i];
        if (below + count >= wanted && count > 0) {
            double left = field->edges[i - 1], right = fmin(field->edges[i], field->maximum);
            return left + (right - left) * (wanted - below) / count;
        }
        below += count;
    }
    return field->maximum;
}

/* Rows in each of STEPS equal steps from `low` to `high`. */
static void density(const struct baseline_field *field, double low, double high, double *ret_rows)
{
    double step = (high - low) / STEPS;
    memset(ret_rows, 0, STEPS * sizeof *ret_rows);
    for (uint32_t i = 1; i + 1 < field->cell_count; i++) {
        double left = field->edges[i - 1], width = field->edges[i] - left;
        for (int k = 0; k < STEPS && field->counts[i]; k++) {
            double from = fmax(left, low + k * step), to = fmin(left + width, low + (k + 1) * step);
            bool thin = width < step * 1e-6;
            if (thin)
                ret_rows[k] +=
                    left >= low + k * step && (left < low + (k + 1) * step || k == STEPS - 1)
                        ? (double)field->counts[i]
                        : 0;
            else if (to > from)
                ret_rows[k] += (double)field->counts[i] * (to - from) / width;
        }
    }
}

static void draw_range(const struct baseline_field *field, double *ret_low, double *ret_high)
{
    bool integer = field->type == FIELD_INTEGER;
    *ret_low = integer ? field->minimum : quantile(field, 0.005);
    *ret_high = integer ? field->maximum + 1 : quantile(field, 0.995);
    if (!(*ret_high > *ret_low)) {
        *ret_low = field->minimum;
        *ret_high = field->maximum;
    }
    if (!(*ret_high > *ret_low))
        *ret_high = *ret_low + fmax(1, fabs(*ret_low));
}

static double largest(const double *rows, int count)
{
    double most = 0;
    for (int i = 0; i < count; i++)
        most = fmax(most, rows[i]);
    return most > 0 ? most : 1;
}

static void print_spark(const struct baseline_field *field)
{
    double rows[STEPS] = {0}, low, high;
    int count = STEPS;
    if (is_number(field)) {
        draw_range(field, &low, &high);
        density(field, low, high, rows);
    } else {
        count = field->level_count < STEPS ? (int)field->level_count : STEPS;
        for (int i = 0; i < count; i++)
            rows[i] = (double)field->counts[i];
    }
    double most = largest(rows, count);
    for (int i = 0; i < count; i++)
        fputs(spark(rows[i] / most), stdout);
}

static void summarize(const struct baseline_field *field, char *ret_text, size_t size)
{
    if (is_number(field))
        snprintf(ret_text, size, "mean %.4g sd %.3g in %.4g..%.4g", field->mean, field->sd,
                 field->minimum, field->maximum);
    else if (field->level_count)
        snprintf(ret_text, size, "%lld values, %s %.0f %%", (long long)field->distinct,
                 field->levels[0],
                 100.0 * (double)field->counts[0] / (double)(field->valid ? field->valid : 1));
    else
        snprintf(ret_text, size, "%lld values", (long long)field->distinct);
}

static void print_head(const struct baseline *baseline)
{
    char first[32], last[32], name[VISIBLE_BYTES];
    printf("%s@%u  %lld rows  sha256 %.12s", baseline->name, baseline->version,
           (long long)baseline->rows, baseline->hash);
    if (baseline->created[0])
        printf("  made %s", baseline->created);
    if (baseline->has_times)
        printf("\nevents from %s to %s", event_time_format(baseline->first, first),
               event_time_format(baseline->last, last));
    for (uint32_t i = 0; i < baseline->segment_count; i++)
        printf("%s%s", i ? ", " : "\nsegments: ",
               visible(baseline->fields[baseline->segments[i].field].name, name));
    printf("\n\n");
}

static void print_table(const struct baseline *baseline)
{
    double rows = baseline->rows ? (double)baseline->rows : 1;
    print_head(baseline);
    printf("%-24s %-9s %-10s %8s %8s  %-38s %s\n", "FIELD", "TYPE", "ROLE", "MISSING", "INVALID",
           "SUMMARY", "SHAPE");
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        const struct baseline_field *field = &baseline->fields[i];
        char summary[LEVEL_MAX_BYTES + 64];
        summarize(field, summary, sizeof summary);
        print_padded(field->name, 24);
        printf("%-9s %-10s %6.2f %% %6.2f %%  ", field_type_name(field->type),
               field_role_name(field->role), 100 * (double)field->missing / rows,
               100 * (double)field->invalid / rows);
        print_padded(summary, 38);
        print_spark(field);
        putchar('\n');
    }
}

static void print_bar(double share_of_largest)
{
    int blocks = (int)lround(share_of_largest * BAR_WIDTH);
    for (int i = 0; i < blocks; i++)
        fputs("█", stdout);
    putchar('\n');
}

static void print_number(const struct baseline_field *field)
{
    static const double shares[] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
    double rows[STEPS], low, high, total = field->valid ? (double)field->valid : 1;
    printf("mean %.6g, sd %.6g, minimum %.6g, maximum %.6g\nquantiles:", field->mean, field->sd,
           field->minimum, field->maximum);
    for (size_t i = 0; field->valid && i < sizeof shares / sizeof *shares; i++)
        printf(" %g %%: %.4g%s", 100 * shares[i], quantile(field, shares[i]), i < 6 ? "," : "");
    printf("\n%u cells", field->cell_count);
    if (field->rank_error > 0)
        printf(", edges from a sketch, at most %.2g %% off in rank", 100 * field->rank_error);
    printf("\n\n");
    draw_range(field, &low, &high);
    density(field, low, high, rows);
    double most = largest(rows, STEPS);
    for (int i = 0; i < STEPS; i++) {
        printf("%12.5g  %6.2f %%  ", low + i * (high - low) / STEPS, 100 * rows[i] / total);
        print_bar(rows[i] / most);
    }
}

static void print_level(const char *name, int64_t count, const struct baseline_field *field)
{
    int64_t most = field->counts[0] > count ? field->counts[0] : count;
    print_padded(name, 32);
    printf("%12lld %6.2f %%  ", (long long)count,
           100 * (double)count / (field->valid ? (double)field->valid : 1));
    print_bar(most ? (double)count / (double)most : 0);
}

static void print_category(const struct baseline_field *field)
{
    int64_t rest = 0;
    printf("%lld distinct values, %lld seen once, %lld twice\n\n", (long long)field->distinct,
           (long long)field->singletons, (long long)field->doubletons);
    for (uint32_t i = 0; i < field->level_count; i++) {
        if (i < LEVELS_SHOWN)
            print_level(field->levels[i], field->counts[i], field);
        else
            rest += field->counts[i];
    }
    if (rest) {
        char name[48];
        snprintf(name, sizeof name, "(%u more levels)", field->level_count - LEVELS_SHOWN);
        print_level(name, rest, field);
    }
    if (field->counts[field->level_count])
        print_level("(other)", field->counts[field->level_count], field);
}

static void print_effects(const struct baseline_field *field)
{
    char length[24];
    if (field->effect_count == 0)
        return;
    printf("\ndesign effects (1: as independent events)\n%-8s %8s %9s %7s %7s %7s %7s %8s\n",
           "WINDOW", "WINDOWS", "LOCATION", "SCALE", "SKEW", "TAILS", "REST", "MISSING");
    for (uint32_t i = 0; i < field->effect_count; i++) {
        const struct design_effect *effect = &field->effects[i];
        printf("%-8s %8u %9.2f %7.2f %7.2f %7.2f %7.2f %8.2f\n",
               duration_format(effect->window_ms, length), effect->windows, effect->components[0],
               effect->components[1], effect->components[2], effect->components[3], effect->rest,
               effect->missing);
    }
}

static void print_field(const struct baseline *baseline, const struct baseline_field *field)
{
    char name[VISIBLE_BYTES], path[VISIBLE_BYTES];
    print_head(baseline);
    printf("%s  %s  %s  %s\n%lld valid, %lld missing, %lld invalid\n", visible(field->name, name),
           visible(field->path, path), field_type_name(field->type), field_role_name(field->role),
           (long long)field->valid, (long long)field->missing, (long long)field->invalid);
    if (is_number(field))
        print_number(field);
    else
        print_category(field);
    print_effects(field);
}

static int print_json(const struct baseline *baseline, int field)
{
    char *document __attribute__((cleanup(mem_cleanup))) = baseline_format(baseline);
    if (field < 0) {
        fputs(document, stdout);
        return EXIT_OK;
    }
    json_t *root = json_loads(document, 0, NULL);
    json_t *part = json_array_get(json_object_get(root, "fields"), (size_t)field);
    int failed = json_dumpf(part, stdout, JSON_INDENT(2)) != 0;
    putchar('\n');
    json_decref(root);
    return failed ? EXIT_FAILED : EXIT_OK;
}

static int show(const struct baseline *baseline, const char *field_name, bool json)
{
    int field = field_name ? baseline_find(baseline, bytes_of(field_name)) : -1;
    struct err err = {0};
    if (field_name && field < 0) {
        err_set(&err, ERR_NOT_FOUND, "%s@%u has no field %s", baseline->name, baseline->version,
                field_name);
        return baseline_fail(&err);
    }
    if (json)
        return print_json(baseline, field);
    if (field >= 0)
        print_field(baseline, &baseline->fields[field]);
    else
        print_table(baseline);
    return EXIT_OK;
}

int baseline_show(int argc, char **argv)
{
    const char *url = NULL, *config = NULL, *field = NULL, *output = "table";
    struct option_values words = {0};
    const struct option options[] = {
        {"field", 0, OPTION_TEXT, &field, "NAME", "one field with its histogram"},
        {"output", 'o', OPTION_TEXT, &output, "json|table", "how (default table)"},
        {"store", 0, OPTION_TEXT, &url, "URL", "where baselines are (default sqlite:leeway.db)"},
        {"config", 'c', OPTION_TEXT, &config, "FILE", "take the store from this configuration"},
        {.name = NULL}};
    struct err err = {0};
    const char *usage = "leeway baseline show NAME[@VERSION] [--field NAME] [--output json|table]";
    int code = options_parse(argc, argv, usage, "Shows what a baseline holds.", options, &words);
    if (code >= 0)
        return code;
    bool json = strcmp(output, "json") == 0;
    if (words.count != 1 || (!json && strcmp(output, "table") != 0)) {
        fprintf(stderr, "leeway: %s\nusage: %s\n",
                words.count == 1 ? "--output is json or table" : "which baseline? NAME is wanted",
                usage);
        return EXIT_USAGE;
    }
    struct store *store = baseline_open_store(url, config);
    if (!store)
        return EXIT_FAILED;
    struct baseline *baseline = baseline_load(store, words.items[0], &err);
    code = baseline ? show(baseline, field, json) : baseline_fail(&err);
    baseline_free(baseline);
    store_close(store);
    return code;
}
