/* Text of metrics. It assumes that names follow the conventions (a test reads them all) and trusts
 * no value of a label. It refuses to know what the metrics mean; which ones are left out when there
 * is no room is decided here only for those who did not decide it themselves. */
#include "expose/families.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* The last two families always fit: they are kept out of the budget. */
static const struct family series_family = {
    "leeway_metrics_series", FAMILY_GAUGE, NULL,
    "Series in this text, without those about the text itself."};
static const struct family missing_family = {
    "leeway_metrics_series_missing", FAMILY_GAUGE, NULL,
    "Series left out of this text because its budget is used up, by family."};
static const struct family dropped_total_family = {
    "leeway_metrics_series_dropped_total", FAMILY_COUNTER, NULL,
    "Series left out of all texts so far because the budget was used up."};

const char *families_content_type(enum families_format format)
{
    return format == FAMILIES_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

void families_init(struct families *families, enum families_format format, uint32_t series_max,
                   size_t bytes_max)
{
    *families =
        (struct families){.format = format, .series_max = series_max, .bytes_max = bytes_max};
}

void families_release(struct families *families)
{
    text_release(&families->text);
}

uint32_t families_room(const struct families *families)
{
    if (families->text.size >= families->bytes_max)
        return 0;
    return families->series < families->series_max ? families->series_max - families->series : 0;
}

void families_begin(struct families *families, const struct family *family)
{
    families->family = family;
    families->headed = false;
}

/* How a byte is written inside quotes (or in a help text, where quotes are as they are in 0.0.4);
 * NULL: as it is. */
static const char *escape_of(char byte, bool quotes)
{
    switch (byte) {
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '"':
        return quotes ? "\\\"" : NULL;
    default:
        return NULL;
    }
}

/* How many bytes from `value` on are ASCII that needs no escape: mostly all. */
static size_t plain_size(const char *value)
{
    size_t size = 0;
    while (value[size] > 0 && value[size] != '\\' && value[size] != '"' && value[size] != '\n')
        size++;
    return size;
}

static void add_escaped(struct text *text, const char *value, bool quotes)
{
    for (;;) {
        bool valid;
        size_t plain = plain_size(value);
        text_add(text, value, plain);
        value += plain;
        if (!*value)
            return;
        size_t size = utf8_character(value, strlen(value), &valid);
        const char *escape = valid ? escape_of(*value, quotes) : "\xef\xbf\xbd";
        if (escape)
            text_puts(text, escape);
        else
            text_add(text, value, size);
        value += size ? size : 1;
    }
}

/* What the family's lines call it: OpenMetrics leaves the suffix of its samples out. */
static size_t family_name_size(const struct families *families)
{
    static const char total[] = "_total", info[] = "_info";
    const struct family *family = families->family;
    size_t size = strlen(family->name);
    if (families->format == FAMILIES_OPENMETRICS && family->type == FAMILY_COUNTER)
        return size - (sizeof total - 1);
    if (families->format == FAMILIES_OPENMETRICS && family->type == FAMILY_INFO)
        return size - (sizeof info - 1);
    return size;
}

static void add_header(struct families *families)
{
    const struct family *family = families->family;
    struct text *text = &families->text;
    bool open = families->format == FAMILIES_OPENMETRICS;
    int size = (int)family_name_size(families);
    const char *type = family->type == FAMILY_COUNTER        ? "counter"
                       : family->type == FAMILY_INFO && open ? "info"
                                                             : "gauge";
    text_printf(text, "# TYPE %.*s %s\n", size, family->name, type);
    if (open && family->unit)
        text_printf(text, "# UNIT %.*s %s\n", size, family->name, family->unit);
    text_printf(text, "# HELP %.*s ", size, family->name);
    add_escaped(text, family->help, open);
    text_puts(text, "\n");
    families->headed = true;
}

void families_labels(const struct label *labels, uint32_t count, struct text *text)
{
    size_t begin = text->size;
    for (uint32_t i = 0; i < count; i++) {
        if (!labels[i].value || !labels[i].value[0])
            continue;
        if (text->size > begin)
            text_add(text, ",", 1);
        text_puts(text, labels[i].name);
        text_add(text, "=\"", 2);
        add_escaped(text, labels[i].value, true);
        text_add(text, "\"", 1);
    }
}

/* The line up to the labels. */
static void add_name(struct families *families)
{
    if (!families->headed)
        add_header(families);
    text_puts(&families->text, families->family->name);
}

/* The line up to the value. */
static void add_line(struct families *families, const struct label *labels, uint32_t count)
{
    struct text *text = &families->text;
    add_name(families);
    text_add(text, "{", 1);
    families_labels(labels, count, text);
    if (text->data[text->size - 1] == '{') {
        text->data[text->size - 1] = ' ';
        return;
    }
    text_add(text, "} ", 2);
}

/* True if there is room for one more. */
static bool take_room(struct families *families)
{
    if (!families_room(families)) {
        families_drop(families, 1);
        return false;
    }
    families->series++;
    return true;
}

static bool begin_line(struct families *families, const struct label *labels, uint32_t count)
{
    if (!take_room(families))
        return false;
    add_line(families, labels, count);
    return true;
}

static void add_number(struct text *text, double value)
{
    char number[40];
    int size;
    if (isfinite(value))
        size = snprintf(number, sizeof number, "%.10g\n", value);
    else
        size = snprintf(number, sizeof number, "%s\n",
                        isnan(value) ? "NaN"
                        : value > 0  ? "+Inf"
                                     : "-Inf");
    text_add(text, number, (size_t)size);
}

void families_add(struct families *families, const struct label *labels, uint32_t count,
                  double value)
{
    if (begin_line(families, labels, count))
        add_number(&families->text, value);
}

void families_add_of(struct families *families, struct bytes labels, struct label more,
                     double value)
{
    struct text *text = &families->text;
    if (!take_room(families))
        return;
    add_name(families);
    text_add(text, "{", 1);
    text_add(text, labels.data, labels.size);
    if (more.value) {
        text_add(text, ",", labels.size > 0);
        families_labels(&more, 1, text);
    }
    text_add(text, "} ", 2);
    add_number(text, value);
}

static void add_whole(struct text *text, int64_t value)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRId64 "\n", value);
    text_puts(text, number);
}

void families_add_whole(struct families *families, const struct label *labels, uint32_t count,
                        int64_t value)
{
    if (begin_line(families, labels, count))
        add_whole(&families->text, value);
}

void families_add_ms(struct families *families, const struct label *labels, uint32_t count,
                     int64_t ms)
{
    char number[32];
    if (!begin_line(families, labels, count))
        return;
    uint64_t size = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    snprintf(number, sizeof number, "%s%" PRIu64 ".%03" PRIu64 "\n", ms < 0 ? "-" : "", size / 1000,
             size % 1000);
    text_puts(&families->text, number);
}

void families_drop(struct families *families, int64_t series)
{
    uint32_t at = 0;
    families->dropped += series;
    while (at < families->dropped_count && families->dropped_of[at].family != families->family)
        at++;
    if (at == families->dropped_count && at < FAMILIES_DROPPED_MAX)
        families->dropped_of[families->dropped_count++] =
            (struct families_dropped){families->family, 0};
    if (at < FAMILIES_DROPPED_MAX)
        families->dropped_of[at].series += series;
}

void families_one(struct families *families, const struct family *family, double value)
{
    families_begin(families, family);
    families_add(families, NULL, 0, value);
}

void families_one_whole(struct families *families, const struct family *family, int64_t value)
{
    families_begin(families, family);
    families_add_whole(families, NULL, 0, value);
}

void families_one_ms(struct families *families, const struct family *family, int64_t ms)
{
    families_begin(families, family);
    families_add_ms(families, NULL, 0, ms);
}

/* A sample outside of the budget. */
static void add_always(struct families *families, const struct label *labels, uint32_t count,
                       int64_t value)
{
    add_line(families, labels, count);
    add_whole(&families->text, value);
}

static void add_missing(struct families *families)
{
    families_begin(families, &missing_family);
    for (uint32_t i = 0; i < families->dropped_count; i++) {
        const struct families_dropped *dropped = &families->dropped_of[i];
        const struct label label = {"family", dropped->family->name};
        add_always(families, &label, 1, dropped->series);
    }
}

void families_end(struct families *families, int64_t dropped_before)
{
    families_begin(families, &series_family);
    add_always(families, NULL, 0, families->series);
    add_missing(families);
    families_begin(families, &dropped_total_family);
    add_always(families, NULL, 0, dropped_before + families->dropped);
    if (families->format == FAMILIES_OPENMETRICS)
        text_puts(&families->text, "# EOF\n");
    families->family = NULL;
}
