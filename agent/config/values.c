/* Scalars: YAML's own types are not used, since they surprise (no is false, 1_000 a number). A
 * scalar is text, and the setting says what it must look like; only quotes matter, because who
 * writes "5" in quotes means text. */
#include "config/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/when.h"
#include "config/kinds.h"
#include "config/words.h"

enum { AMOUNT_BYTES_MAX = 64 }; /* what is longer is no number; bounds duration_parse's sums */
#define ALARM_PERIOD_MIN_MS ((int64_t)HOUR_MS)
#define ALARM_PERIOD_MAX_MS (3660 * DAY_MS)

static struct shown node_shown(const struct setting *setting, const struct node *node)
{
    struct shown shown = {{0}};
    if (node->kind == NODE_SCALAR && !(setting->flags & SETTING_SECRET))
        return word_shown(node->text);
    snprintf(shown.text, sizeof shown.text, "%s",
             node->kind == NODE_MAP    ? "a map"
             : node->kind == NODE_LIST ? "a list"
                                       : "what is given");
    return shown;
}

int value_refuse(const struct setting *setting, const struct node *node, struct err *reterr)
{
    char path[SETTING_PATH_BYTES];
    const struct kind *kind = kind_of(setting->kind);
    bool list = setting->flags & SETTING_LIST && node->kind != NODE_SCALAR;
    setting_path(setting, path);
    if (node->is_null) {
        err_set(reterr, ERR_INVALID, "%s has no value", path);
        err_hint(reterr, "Write a value, or remove the line.");
        return ERR_INVALID;
    }
    err_set(reterr, ERR_INVALID, "%s must be %s, not %s", path, kind->what,
            node_shown(setting, node).text);
    if (kind->hint[0] && !list)
        err_hint(reterr, "%s", kind->hint);
    return ERR_INVALID;
}

/* A scalar that is there; `plain` also refuses quotes. */
static int check_scalar(const struct setting *setting, const struct node *node, bool plain,
                        struct err *reterr)
{
    if (node->kind != NODE_SCALAR || node->is_null)
        return value_refuse(setting, node, reterr);
    if (!plain || !node->quoted)
        return 0;
    char path[SETTING_PATH_BYTES];
    err_set(reterr, ERR_INVALID, "%s must be %s, not text in quotes", setting_path(setting, path),
            kind_of(setting->kind)->what);
    err_hint(reterr, "Remove the quotes.");
    return ERR_INVALID;
}

static int out_of_range(const struct setting *setting, const struct node *node, struct err *reterr)
{
    char path[SETTING_PATH_BYTES], range[SETTING_RANGE_BYTES];
    return err_set(reterr, ERR_INVALID, "%s must be %s, not %s", setting_path(setting, path),
                   setting_range(setting, range), node_shown(setting, node).text);
}

int value_text(const struct setting *setting, const struct node *node, const char **ret_text,
               struct err *reterr)
{
    const struct kind *kind = kind_of(setting->kind);
    int code = check_scalar(setting, node, false, reterr);
    if (code)
        return code;
    if (strlen(node->text) > TEXT_BYTES_MAX || (kind->accepts && !kind->accepts(node->text)))
        return value_refuse(setting, node, reterr);
    *ret_text = node->text;
    return 0;
}

/* Splits "a b c"; returns how many. */
static uint32_t split_choices(const char *choices, char words[][16], const char **ret_words,
                              uint32_t most)
{
    uint32_t count = 0;
    while (*choices && count < most) {
        size_t size = strcspn(choices, " ");
        snprintf(words[count], sizeof words[count], "%.*s", (int)size, choices);
        ret_words[count] = words[count];
        count++;
        choices += size + (choices[size] == ' ');
    }
    return count;
}

int value_choice(const struct setting *setting, const struct node *node, uint32_t *ret_index,
                 struct err *reterr)
{
    enum { CHOICES_MAX = 8 };
    char words[CHOICES_MAX][16], path[SETTING_PATH_BYTES];
    const char *known[CHOICES_MAX];
    int code = check_scalar(setting, node, false, reterr);
    if (code)
        return code;
    uint32_t count = split_choices(setting->choices, words, known, CHOICES_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(known[i], node->text) == 0) {
            *ret_index = i;
            return 0;
        }
    struct text list = {0};
    for (uint32_t i = 0; i < count; i++)
        text_printf(&list, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", known[i]);
    err_set(reterr, ERR_INVALID, "%s must be %s, not %s", setting_path(setting, path), list.data,
            node_shown(setting, node).text);
    text_release(&list);
    const char *near = nearest_word(node->text, known, count);
    if (near)
        err_hint(reterr, "Did you mean \"%s\"?", near);
    return ERR_INVALID;
}

int value_bool(const struct setting *setting, const struct node *node, bool *ret_value,
               struct err *reterr)
{
    int code = check_scalar(setting, node, true, reterr);
    if (code)
        return code;
    bool yes = strcmp(node->text, "true") == 0;
    if (!yes && strcmp(node->text, "false") != 0)
        return value_refuse(setting, node, reterr);
    *ret_value = yes;
    return 0;
}

static size_t digits_at(const char *text)
{
    return strspn(text, "0123456789");
}

/* JSON's numbers, and a leading + or point: strtod alone would take hexadecimal, inf and nan. */
static bool is_decimal(const char *text)
{
    text += *text == '-' || *text == '+';
    size_t digits = digits_at(text);
    text += digits;
    if (*text == '.') {
        text++;
        digits += digits_at(text);
        text += digits_at(text);
    }
    if (digits && (*text == 'e' || *text == 'E')) {
        text++;
        text += *text == '-' || *text == '+';
        digits = digits_at(text);
        text += digits;
    }
    return digits && *text == '\0';
}

int value_number(const struct setting *setting, const struct node *node, double *ret_value,
                 struct err *reterr)
{
    int code = check_scalar(setting, node, true, reterr);
    if (code)
        return code;
    if (strlen(node->text) > AMOUNT_BYTES_MAX || !is_decimal(node->text))
        return value_refuse(setting, node, reterr);
    double value = strtod(node->text, NULL);
    if (!isfinite(value))
        return value_refuse(setting, node, reterr);
    bool bounded = setting->minimum || setting->maximum;
    if (bounded && (value < (double)setting->minimum || value > (double)setting->maximum))
        return out_of_range(setting, node, reterr);
    *ret_value = value;
    return 0;
}

/* Up to 12 digits at the start: no unit can make that overflow. */
static bool take_integer(const char **text, int64_t *ret_value)
{
    size_t digits = digits_at(*text);
    if (!digits || digits > 12)
        return false;
    *ret_value = strtoll(*text, NULL, 10);
    *text += digits;
    return true;
}

static bool parse_size(const char *text, int64_t *ret_bytes)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } units[] = {{"", 1},          {"B", 1},     {"KiB", 1 << 10}, {"MiB", 1 << 20},
                 {"GiB", 1 << 30}, {"KB", 1000}, {"MB", 1000000},  {"GB", 1000000000}};
    int64_t number;
    if (!take_integer(&text, &number) || number > 1000000000)
        return false;
    text += strspn(text, " ");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text, units[i].name) == 0) {
            *ret_bytes = number * units[i].bytes;
            return true;
        }
    return false;
}

static bool parse_duration(const char *text, int64_t *ret_ms)
{
    if (strcmp(text, "0") == 0 || strcmp(text, "0s") == 0) {
        *ret_ms = 0;
        return true;
    }
    return strlen(text) <= AMOUNT_BYTES_MAX && duration_parse(bytes_of(text), ret_ms);
}

static bool parse_amount(enum setting_kind kind, const char *text, int64_t *ret_value)
{
    if (kind == KIND_SIZE)
        return parse_size(text, ret_value);
    if (kind == KIND_DURATION)
        return parse_duration(text, ret_value);
    return take_integer(&text, ret_value) && *text == '\0';
}

int value_amount(const struct setting *setting, const struct node *node, int64_t *ret_value,
                 struct err *reterr)
{
    int64_t value = 0;
    int code = check_scalar(setting, node, setting->kind == KIND_INTEGER, reterr);
    if (code)
        return code;
    if (!parse_amount(setting->kind, node->text, &value)) {
        value_refuse(setting, node, reterr);
        if (setting->kind == KIND_DURATION && parse_amount(KIND_INTEGER, node->text, &value))
            err_hint(reterr, "Add a unit: %.12ss, %.12sm or %.12sh.", node->text, node->text,
                     node->text);
        return ERR_INVALID;
    }
    if (value < setting->minimum || value > setting->maximum)
        return out_of_range(setting, node, reterr);
    *ret_value = value;
    return 0;
}

int value_rate(const struct setting *setting, const struct node *node, uint32_t *ret_count,
               int64_t *ret_period_ms, struct err *reterr)
{
    char path[SETTING_PATH_BYTES], range[SETTING_RANGE_BYTES];
    int64_t number, period = 0;
    int code = check_scalar(setting, node, false, reterr);
    if (code)
        return code;
    const char *text = node->text;
    bool valid = take_integer(&text, &number) && text[0] == ' ';
    text += valid ? strspn(text, " ") : 0;
    valid = valid && strncmp(text, "per ", 4) == 0 && parse_duration(text + 4, &period);
    if (!valid)
        return value_refuse(setting, node, reterr);
    if (number < setting->minimum || number > setting->maximum)
        return err_set(reterr, ERR_INVALID, "%s must allow %s alarms, not %s",
                       setting_path(setting, path), setting_range(setting, range),
                       node_shown(setting, node).text);
    if (period < ALARM_PERIOD_MIN_MS || period > ALARM_PERIOD_MAX_MS)
        return err_set(reterr, ERR_INVALID, "%s must be per 1h to 3660d, not %s",
                       setting_path(setting, path), node_shown(setting, node).text);
    *ret_count = (uint32_t)number;
    *ret_period_ms = period;
    return 0;
}
