#include <criterion/criterion.h>

#include "incident/rule.h"

static const char config_yaml[] =
    "monitors:\n"
    "  - { monitor: fraud, topics: [t], features: /features/* }\n"
    "receivers:\n"
    "  - { name: oncall, webhook: { url: \"http://127.0.0.1:1/\" } }\n"
    "  - { name: train, retrain: { url: \"http://127.0.0.1:1/\" } }\n";

struct parsed {
    struct arena *arena;
    struct config *config;
    struct ruleset ruleset;
    struct config_problems problems;
    int code;
};

static struct parsed parse(const char *yaml)
{
    struct parsed p = {.arena = arena_new()};
    p.config = config_parse(bytes_of(config_yaml), "leeway.yaml", NULL, &p.problems);
    cr_assert_not_null(p.config, "%s", p.problems.count ? p.problems.items[0].text : "");
    p.code = ruleset_parse(p.arena, p.config, bytes_of(yaml), "r.yaml", &p.ruleset, &p.problems);
    return p;
}

static void release(struct parsed *p)
{
    config_problems_release(&p->problems);
    config_free(p->config);
    arena_free(p->arena);
}

Test(rule, all_keys)
{
    struct parsed p = parse(
        "- rule: inputs\n  when: missing_rate > 2%\n  monitor: fr*\n  fields: [amount, "
        "\"card_*\"]\n"
        "  segments: all\n  window: 1h\n  for: 2 of 3\n  clear_after: 2\n  severity: critical\n"
        "  notify: [oncall]\n  retrain: train\n");
    cr_assert_eq(p.code, 0, "%s", p.problems.count ? p.problems.items[0].text : "");
    const struct rule *rule = &p.ruleset.rules[0];
    cr_assert_str_eq(rule->name, "inputs");
    cr_assert_eq(rule->subject, RULE_MISSING_RATE);
    cr_assert_eq(rule->operator, RULE_ABOVE);
    cr_assert_float_eq(rule->threshold, .02, 1e-12);
    cr_assert_eq(rule->field_count, 2);
    cr_assert(rule->segments);
    cr_assert_eq(rule->window_ms, 3600000);
    cr_assert(rule->for_hits == 2 && rule->for_windows == 3 && rule->clear_after == 2);
    cr_assert_eq(rule->severity, RULE_CRITICAL);
    cr_assert_str_eq(rule->notify[0], "oncall");
    cr_assert_str_eq(rule->retrain, "train");
    release(&p);
}

Test(rule, drift_takes_the_judges_word)
{
    struct parsed p = parse("- rule: d\n  when: drift >= high\n");
    cr_assert_eq(p.code, 0);
    cr_assert_eq(p.ruleset.rules[0].for_windows, 0);
    cr_assert_float_eq(p.ruleset.rules[0].threshold, SEVERITY_HIGH, 0);
    release(&p);
}

static const struct {
    const char *yaml, *place, *text, *hint;
} bad[] = {
    {"- rule: a\n  when: dritf >= low\n", "r.yaml:2:9", "unknown quantity \"dritf\"", "drift"},
    {"- rule: a\n  when: drift >= severe\n", "r.yaml:2:9", "invalid threshold",
     "notice, low, medium or high"},
    {"- rule: a\n  when: psi < 1\n", "r.yaml:2:9", "unknown operator", "Use >"},
    {"- rule: a\n  when: psi\n", "r.yaml:2:9", "not of the form", "for example"},
    {"- rule: a\n  when: psi > 20%\n", "r.yaml:2:9", "invalid threshold", "number"},
    {"- rule: a\n  when: missing_rate > 120%\n", "r.yaml:2:9", "invalid threshold", "percentage"},
    {"- rule: a\n  when: psi > 1\n  notfy: [oncall]\n", "r.yaml:3:3", "unknown key \"notfy\"",
     "notify"},
    {"- rule: a\n  when: psi > 1\n  notify: [oncal]\n", "r.yaml:3:11", "unknown receiver \"oncal\"",
     "oncall"},
    {"- rule: a\n  when: psi > 1\n  retrain: oncall\n", "r.yaml:3:12", "does not start retraining",
     "notify"},
    {"- rule: a\n  when: psi > 1\n  notify: [train]\n", "r.yaml:3:11", "cannot be notified",
     "retrain"},
    {"- rule: a\n  when: psi > 1\n  for: 3 of 2\n", "r.yaml:3:8", "invalid \"for", "K of N"},
    {"- rule: a\n  when: psi > 1\n  clear_after: 0\n", "r.yaml:3:16", "clear_after", ""},
    {"- rule: a\n  when: psi > 1\n  monitor: nothing\n", "r.yaml:3:12", "no monitor matches", ""},
    {"- rule: a\n  when: psi > 1\n  severity: page\n", "r.yaml:3:13", "unknown severity",
     "info, warning"},
    {"- rule: a\n", "r.yaml:1:3", "needs a condition", ""},
    {"- when: psi > 1\n", "r.yaml:1:3", "needs a name", ""},
    {"- rule: A B\n  when: psi > 1\n", "r.yaml:1:3", "invalid rule name", ""},
    {"- rule: a\n  when: psi > 1\n- rule: a\n  when: psi > 2\n", "r.yaml:3:3", "defined twice",
     "r.yaml:1"},
    {"rule: a\n", "r.yaml:1:1", "must be a list", ""},
    {"- 7\n", "r.yaml:1:3", "must be a map", ""},
};

Test(rule, problems_have_place_text_and_hint)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct parsed p = parse(bad[i].yaml);
        cr_assert_eq(p.code, ERR_INVALID, "%s", bad[i].yaml);
        cr_assert_geq(p.problems.count, 1);
        const struct err *err = &p.problems.items[0];
        cr_expect_str_eq(err->place, bad[i].place, "%s: %s", bad[i].yaml, err->place);
        cr_expect_not_null(strstr(err->text, bad[i].text), "%s: %s", bad[i].yaml, err->text);
        cr_expect_not_null(strstr(err->hint, bad[i].hint), "%s: %s", bad[i].yaml, err->hint);
        release(&p);
    }
}

Test(rule, all_problems_are_reported)
{
    struct parsed p =
        parse("- rule: a\n  when: psi < 1\n  severity: page\n- rule: b\n  when: x > 1\n");
    cr_assert_eq(p.problems.count, 3);
    release(&p);
}

Test(rule, globs)
{
    cr_assert(glob_match("*", "") && glob_match("*", "abc") && glob_match("a*c", "abbbc") &&
              glob_match("a?c", "abc"));
    cr_assert(glob_match("card_*", "card_") && !glob_match("card_*", "car") &&
              !glob_match("", "a"));
    cr_assert(glob_match("*a*b*", "xxaxxbxx") && !glob_match("*a*b*", "xxbxxaxx"));
}
