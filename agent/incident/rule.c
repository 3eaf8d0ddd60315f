/* Rules as people write them. Every problem is reported at its line and column; names that are
 * unknown get the nearest known one. Conditions are one comparison; a language of its own would be
 * out of place here. */
#include "incident/rule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/tree.h"

static const struct subject {
    const char *name;
    enum rule_subject subject;
} subjects[] = {
    {"drift", RULE_DRIFT},
    {"psi", RULE_PSI},
    {"js", RULE_JS},
    {"ks", RULE_KS},
    {"wasserstein", RULE_WASSERSTEIN},
    {"missing_rate", RULE_MISSING_RATE},
    {"invalid_rate", RULE_INVALID_RATE},
    {"unseen_rate", RULE_UNSEEN_RATE},
    {"drifted_share", RULE_DRIFTED_SHARE},
};
enum { SUBJECT_COUNT = sizeof subjects / sizeof *subjects };

static const char *const severities[] = {"auto", "info", "warning", "critical"};
static const char *const keys[] = {"rule",     "when",   "monitor", "fields",
                                   "segments", "window", "for",     "clear_after",
                                   "severity", "notify", "retrain"};
enum { KEY_COUNT = sizeof keys / sizeof *keys };

const char *rule_severity_name(enum rule_severity severity)
{
    return severities[severity];
}

bool glob_match(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* What a rule is parsed with; problems are collected, the first is not the last. */
struct parse {
    struct arena *arena;
    const struct config *config;
    struct config_problems *problems;
    bool failed;
};

static struct err *problem(struct parse *parse, const struct place *place)
{
    struct config_problems *problems = parse->problems;
    if (problems->count == problems->capacity) {
        problems->capacity = problems->capacity ? problems->capacity * 2 : 8;
        problems->items = mem_resize(problems->items, problems->capacity, sizeof *problems->items);
    }
    parse->failed = true;
    struct err *err = &problems->items[problems->count++];
    err_set(err, ERR_INVALID, " ");
    err_place(err, "%s:%u:%u", place->file ? place->file : "rules", place->line, place->column);
    return err;
}

/* Keeps the place of `err` and sets its text. */
#define SAY(err, ...) snprintf((err)->text, sizeof(err)->text, __VA_ARGS__)

static void hint_near(struct err *err, const char *word, const char *const *known, uint32_t count)
{
    const char *near = nearest_word(word, known, count);
    if (near)
        err_hint(err, "Did you mean %s?", near);
}

static const char *scalar(struct parse *parse, const struct node *node)
{
    if (node->kind == NODE_SCALAR && !node->is_null)
        return node->text;
    struct err *err = problem(parse, &node->place);
    SAY(err, "%s must be a single value", node->key ? node->key : "this");
    return NULL;
}

/* One value or a list of them. */
static const char **scalars(struct parse *parse, const struct node *node, uint32_t *ret_count)
{
    *ret_count = 0;
    uint32_t count = node->kind == NODE_LIST ? node->child_count : 1;
    const char **list = arena_alloc(parse->arena, count ? count : 1, sizeof *list);
    for (uint32_t i = 0; i < count; i++) {
        const char *text = scalar(parse, node->kind == NODE_LIST ? node->children[i] : node);
        if (text)
            list[(*ret_count)++] = text;
    }
    return list;
}

static const struct subject *find_subject(const char *name)
{
    for (size_t i = 0; i < SUBJECT_COUNT; i++)
        if (!strcmp(subjects[i].name, name))
            return &subjects[i];
    return NULL;
}

static void unknown_subject(struct parse *parse, const struct node *node, const char *name)
{
    const char *known[SUBJECT_COUNT];
    for (size_t i = 0; i < SUBJECT_COUNT; i++)
        known[i] = subjects[i].name;
    struct err *err = problem(parse, &node->place);
    SAY(err, "unknown quantity \"%s\" in condition", name);
    err_hint(err, "Known are drift, psi, js, ks, wasserstein, missing_rate, invalid_rate, "
                  "unseen_rate and drifted_share.");
    hint_near(err, name, known, SUBJECT_COUNT);
}

static bool parse_threshold(const struct rule *rule, const char *text, double *ret)
{
    enum severity severity;
    if (rule->subject == RULE_DRIFT) {
        if (!severity_parse(bytes_of(text), &severity) || severity == SEVERITY_NONE)
            return false;
        *ret = severity;
        return true;
    }
    char *end;
    errno = 0;
    *ret = strtod(text, &end);
    if (errno || end == text)
        return false;
    bool is_rate = rule->subject >= RULE_MISSING_RATE;
    while (*end == ' ')
        end++;
    if (*end == '%' && is_rate) {
        *ret /= 100;
        end++;
    }
    return *end == '\0' && *ret >= 0 && (!is_rate || *ret <= 1) && *ret < 1e9;
}

/* "psi > 0.25", "drift >= high", "missing_rate > 2%" */
static void parse_condition(struct parse *parse, const struct node *node, struct rule *rule)
{
    const char *text = scalar(parse, node);
    char name[32], operator[4], threshold[32];
    if (!text)
        return;
    rule->condition = text;
    if (sscanf(text, " %31[a-z_] %3[<>=] %31[^\n]", name, operator, threshold) != 3) {
        struct err *err = problem(parse, &node->place);
        SAY(err, "condition \"%.60s\" is not of the form NAME OPERATOR VALUE", text);
        err_hint(err, "Write for example drift >= high, psi > 0.25 or missing_rate > 2%%.");
        return;
    }
    const struct subject *subject = find_subject(name);
    if (!subject) {
        unknown_subject(parse, node, name);
        return;
    }
    rule->subject = subject->subject;
    rule->operator= !strcmp(operator, ">=") ? RULE_AT_LEAST : RULE_ABOVE;
    if (strcmp(operator, ">") && strcmp(operator, ">=")) {
        struct err *err = problem(parse, &node->place);
        SAY(err, "unknown operator \"%s\" in condition", operator);
        err_hint(err, "Use > or >=.");
    } else if (!parse_threshold(rule, threshold, &rule->threshold)) {
        struct err *err = problem(parse, &node->place);
        SAY(err, "invalid threshold \"%s\" for %s", threshold, name);
        err_hint(err, rule->subject == RULE_DRIFT
                          ? "drift takes notice, low, medium or high."
                          : "Scores take a number, rates a number up to 1 or a percentage.");
    }
}

static void parse_for(struct parse *parse, const struct node *node, struct rule *rule)
{
    const char *text = scalar(parse, node);
    unsigned hits, windows;
    char rest;
    if (!text)
        return;
    if (sscanf(text, "%u of %u%c", &hits, &windows, &rest) == 2 && hits >= 1 && hits <= windows &&
        windows <= 5) {
        rule->for_hits = hits;
        rule->for_windows = windows;
        return;
    }
    struct err *err = problem(parse, &node->place);
    SAY(err, "invalid \"for: %.40s\"", text);
    err_hint(err, "Write K of N with 1 <= K <= N <= 5, for example 2 of 3.");
}

static void parse_clear_after(struct parse *parse, const struct node *node, struct rule *rule)
{
    const char *text = scalar(parse, node);
    char *end = NULL;
    unsigned long number = text ? strtoul(text, &end, 10) : 0;
    if (text && end != text && !*end && number >= 1 && number <= 5) {
        rule->clear_after = (uint32_t)number;
        return;
    }
    struct err *err = problem(parse, &node->place);
    SAY(err, "clear_after must be a number of windows from 1 to 5");
}

static void parse_window(struct parse *parse, const struct node *node, struct rule *rule)
{
    const char *text = scalar(parse, node);
    if (text && duration_parse(bytes_of(text), &rule->window_ms))
        return;
    struct err *err = problem(parse, &node->place);
    SAY(err, "invalid window \"%.40s\"", text ? text : "");
    err_hint(err, "Write a duration that the monitor has among its windows, for example 24h.");
}

static void parse_severity(struct parse *parse, const struct node *node, struct rule *rule)
{
    const char *text = scalar(parse, node);
    for (int i = 0; text && i < 4; i++) {
        if (!strcmp(text, severities[i])) {
            rule->severity = (enum rule_severity)i;
            return;
        }
    }
    struct err *err = problem(parse, &node->place);
    SAY(err, "unknown severity \"%.40s\"", text ? text : "");
    err_hint(err, "Use info, warning, critical or auto.");
    if (text)
        hint_near(err, text, severities, 4);
}

static void parse_segments(struct parse *parse, const struct node *node, struct rule *rule)
{
    const char *text = scalar(parse, node);
    rule->segments = text && !strcmp(text, "all");
    if (!text || rule->segments || !strcmp(text, "none"))
        return;
    struct err *err = problem(parse, &node->place);
    SAY(err, "segments must be all or none");
}

static void check_receiver(struct parse *parse, const struct node *node, const char *name,
                           bool retrain)
{
    const struct config_receiver *receiver = config_receiver_find(parse->config, name);
    if (receiver && (receiver->type == RECEIVER_RETRAIN) == retrain)
        return;
    struct err *err = problem(parse, &node->place);
    if (receiver) {
        SAY(err,
            retrain ? "receiver %s does not start retraining"
                    : "receiver %s starts retraining and cannot be notified",
            name);
        err_hint(err, retrain ? "Name it under notify instead." : "Name it under retrain instead.");
        return;
    }
    SAY(err, "unknown receiver \"%.60s\"", name);
    uint32_t count = parse->config->receiver_count;
    const char **known = arena_alloc(parse->arena, count ? count : 1, sizeof *known);
    for (uint32_t i = 0; i < count; i++)
        known[i] = parse->config->receivers[i].name;
    hint_near(err, name, known, count);
}

static void parse_notify(struct parse *parse, const struct node *node, struct rule *rule)
{
    rule->notify = scalars(parse, node, &rule->notify_count);
    for (uint32_t i = 0; i < rule->notify_count; i++)
        check_receiver(parse, node, rule->notify[i], false);
}

static void parse_monitor(struct parse *parse, const struct node *node, struct rule *rule)
{
    rule->monitor = scalar(parse, node);
    for (uint32_t i = 0; rule->monitor && i < parse->config->monitor_count; i++)
        if (glob_match(rule->monitor, parse->config->monitors[i].name))
            return;
    if (!rule->monitor)
        return;
    struct err *err = problem(parse, &node->place);
    SAY(err, "no monitor matches \"%.60s\"", rule->monitor);
}

static void parse_key(struct parse *parse, const struct node *node, struct rule *rule)
{
    const char *key = node->key;
    if (!strcmp(key, "rule"))
        rule->name = scalar(parse, node);
    else if (!strcmp(key, "when"))
        parse_condition(parse, node, rule);
    else if (!strcmp(key, "monitor"))
        parse_monitor(parse, node, rule);
    else if (!strcmp(key, "fields"))
        rule->fields = scalars(parse, node, &rule->field_count);
    else if (!strcmp(key, "segments"))
        parse_segments(parse, node, rule);
    else if (!strcmp(key, "window"))
        parse_window(parse, node, rule);
    else if (!strcmp(key, "for"))
        parse_for(parse, node, rule);
    else if (!strcmp(key, "clear_after"))
        parse_clear_after(parse, node, rule);
    else if (!strcmp(key, "severity"))
        parse_severity(parse, node, rule);
    else if (!strcmp(key, "notify"))
        parse_notify(parse, node, rule);
    else if (!strcmp(key, "retrain")) {
        rule->retrain = scalar(parse, node);
        if (rule->retrain)
            check_receiver(parse, node, rule->retrain, true);
    } else {
        struct err *err = problem(parse, &node->key_place);
        SAY(err, "unknown key \"%.60s\" in rule", key);
        hint_near(err, key, keys, KEY_COUNT);
    }
}

static bool name_is_valid(const char *name)
{
    size_t size = strlen(name);
    return size && size <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == size;
}

static void check_rule(struct parse *parse, const struct node *node, const struct ruleset *ruleset,
                       const struct rule *rule)
{
    if (!rule->name || !rule->condition) {
        struct err *err = problem(parse, &node->place);
        SAY(err, "a rule needs %s", rule->name ? "a condition (when)" : "a name (rule)");
        return;
    }
    if (!name_is_valid(rule->name)) {
        struct err *err = problem(parse, &node->place);
        SAY(err, "invalid rule name \"%.64s\"", rule->name);
        err_hint(err, "Use lower-case letters, digits, dots, dashes and underscores, at most 64.");
    }
    for (uint32_t i = 0; i < ruleset->count; i++) {
        if (strcmp(ruleset->rules[i].name, rule->name))
            continue;
        struct err *err = problem(parse, &node->place);
        SAY(err, "rule %s is defined twice", rule->name);
        err_hint(err, "The other one is at %s:%u.", ruleset->rules[i].place.file,
                 ruleset->rules[i].place.line);
    }
}

static void ruleset_append(struct arena *arena, struct ruleset *ruleset, const struct rule *rule)
{
    struct rule *rules = arena_alloc(arena, ruleset->count + 1, sizeof *rules);
    if (ruleset->count)
        memcpy(rules, ruleset->rules, ruleset->count * sizeof *rules);
    rules[ruleset->count++] = *rule;
    ruleset->rules = rules;
}

static void parse_rule(struct parse *parse, const struct node *node, struct ruleset *ruleset)
{
    struct rule rule = {.monitor = "*", .clear_after = 3, .place = node->place};
    if (node->kind != NODE_MAP) {
        struct err *err = problem(parse, &node->place);
        SAY(err, "a rule must be a map of keys");
        return;
    }
    bool failed_before = parse->failed;
    parse->failed = false;
    for (uint32_t i = 0; i < node->child_count; i++)
        parse_key(parse, node->children[i], &rule);
    if (!parse->failed)
        check_rule(parse, node, ruleset, &rule);
    if (rule.subject != RULE_DRIFT && !rule.for_windows)
        rule.for_hits = rule.for_windows = 1;
    if (!parse->failed)
        ruleset_append(parse->arena, ruleset, &rule);
    parse->failed = parse->failed || failed_before;
}

int ruleset_parse(struct arena *arena, const struct config *config, struct bytes yaml,
                  const char *file, struct ruleset *ruleset, struct config_problems *ret_problems)
{
    struct parse parse = {.arena = arena, .config = config, .problems = ret_problems};
    struct err syntax;
    struct place top = {.file = file, .line = 1, .column = 1};
    struct node *tree = tree_parse(arena, yaml, file, NULL, &syntax);
    if (!tree) {
        *problem(&parse, &top) = syntax;
        return ERR_INVALID;
    }
    if (tree->kind != NODE_LIST) {
        struct err *err = problem(&parse, &tree->place);
        SAY(err, "a rules file must be a list of rules");
        return ERR_INVALID;
    }
    for (uint32_t i = 0; i < tree->child_count; i++)
        parse_rule(&parse, tree->children[i], ruleset);
    return parse.failed ? ERR_INVALID : 0;
}

void ruleset_default(struct arena *arena, struct ruleset *ruleset)
{
    struct rule rule = {.name = "drift",
                        .subject = RULE_DRIFT,
                        .operator= RULE_AT_LEAST,
                        .threshold = SEVERITY_LOW,
                        .condition = "drift >= low",
                        .monitor = "*",
                        .clear_after = 3,
                        .place = {.file = "built-in rules", .line = 1, .column = 1}};
    ruleset_append(arena, ruleset, &rule);
}
