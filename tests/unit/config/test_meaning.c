/* The hashes: what means the same has the same, what differs differs. */
#include "config/meaning.h"

#include "unit/config/parse.h"

static const char base[] =
    "kafka: {a: 1, b: 2}\n"
    "log: {level: debug}\n"
    "rules: [r.yaml]\n"
    "monitors:\n"
    "  - {monitor: m, topics: [t, u], match: {/a: x, /b: y}, windows: [1h, 24h],\n"
    "     fields: {f: {min: 1, max: 2}, g: {allowed: [p, q], importance: 3}}}\n"
    "  - {monitor: n, topics: [t]}\n"
    "receivers: [{name: w, webhook: {url: 'https://a.example'}}]\n";

/* `base` with one text replaced. */
static struct config *changed(const char *from, const char *to, const char *path)
{
    struct text yaml = {0};
    const char *at = strstr(base, from);
    cr_assert(at, "%s", from);
    text_add(&yaml, base, (size_t)(at - base));
    text_puts(&yaml, to);
    text_puts(&yaml, at + strlen(from));
    struct config *config = test_parse(yaml.data, path);
    text_release(&yaml);
    return config;
}

/* Whether the hashes of the configuration and of its first monitor stay the same. */
static void expect(const char *from, const char *to, bool same, bool same_monitor)
{
    char before[HASH_HEX_BYTES], after[HASH_HEX_BYTES];
    struct config *first = test_parse(base, "leeway.yaml");
    struct config *second = changed(from, to, "leeway.yaml");
    cr_expect_eq(strcmp(first->hash, second->hash) == 0, same, "%s -> %s", from, to);
    config_monitor_hash(config_monitor_find(first, "m"), before);
    const struct config_monitor *m = config_monitor_find(second, "m");
    config_monitor_hash(m ? m : &second->monitors[0], after);
    cr_expect_eq(strcmp(before, after) == 0, same_monitor, "monitor: %s -> %s", from, to);
    config_free(first);
    config_free(second);
}

Test(meaning, the_same)
{
    expect("{a: 1, b: 2}", "{b: 2, a: 1}", true, true);
    expect("log: {", "# comment\nlog:\n  {", true, true);
    expect("level: debug", "level: debug, format: logfmt", true, true);
    expect("[t, u]", "[u, t]", true, true);
    expect("{/a: x, /b: y}", "{/b: y, /a: \"x\"}", true, true);
    expect("windows: [1h, 24h]", "windows: [60m, 1d]", true, true);
    expect("windows: [1h, 24h],", "", true, true);
    expect("f: {min: 1, max: 2}, g: {allowed: [p, q], importance: 3}",
           "g: {importance: 3.0, allowed: [q, p]}, f: {max: 2e0, min: 1.0}", true, true);
    expect("{monitor: n, topics: [t]}", "{topics: [t], monitor: n, baseline: n}", true, true);
}

Test(meaning, zero_has_no_sign)
{
    struct config *first =
        test_parse("monitors: [{monitor: a, topics: [t], fields: {f: {min: 0}}}]", "x");
    struct config *second =
        test_parse("monitors: [{monitor: a, topics: [t], fields: {f: {min: -0.0}}}]", "x");
    cr_assert_str_eq(first->hash, second->hash);
    config_free(first);
    config_free(second);
}

Test(meaning, order_of_monitors)
{
    struct config *first =
        test_parse("monitors: [{monitor: a, topics: [t]}, {monitor: b, topics: [u]}]", "x");
    struct config *second =
        test_parse("monitors: [{monitor: b, topics: [u]}, {monitor: a, topics: [t]}]", "x");
    cr_assert_str_eq(first->hash, second->hash);
    config_free(first);
    config_free(second);
}

Test(meaning, what_counts_and_judges)
{
    expect("monitor: m,", "monitor: k,", false, false);
    expect("[t, u]", "[t]", false, false);
    expect("/a: x", "/a: z", false, false);
    expect("/a: x", "/c: x", false, false);
    expect("[1h, 24h]", "[1h]", false, false);
    expect("min: 1,", "min: -1,", false, false);
    expect("min: 1,", "", false, false);
    expect("min: 1,", "min: 1, required: true,", false, false);
    expect("[p, q]", "[p]", false, false);
    expect(", g: {", ", h: {", false, false);
    expect(", g: {", ", g: {ignore: true, ", false, false);
    expect("monitor: m,", "monitor: m, lateness: 3m,", false, false);
    expect("monitor: m,", "monitor: m, alarms: 1 per 91 days,", false, false);
    expect("monitor: m,", "monitor: m, alarms: 2 per 90 days,", false, false);
    expect("monitor: m,", "monitor: m, sensitivity: high,", false, false);
    expect("monitor: m,", "monitor: m, min_count: 201,", false, false);
    expect("monitor: m,", "monitor: m, segments: [/s],", false, false);
    expect("monitor: m,", "monitor: m, features: /f/*,", false, false);
    expect("monitor: m,", "monitor: m, label: /l,", false, false);
    expect("monitor: m,", "monitor: m, event: {time: /t},", false, false);
    expect("monitor: m,", "monitor: m, prediction: {score: /t},", false, false);
}

Test(meaning, what_does_not_judge)
{
    expect("importance: 3", "importance: 4", false, true);              /* only ranks */
    expect("monitor: m,", "monitor: m, baseline: other,", false, true); /* has its own hash */
    expect("a: 1", "a: 3", false, true);
    expect("level: debug", "level: info", false, true);
    expect("r.yaml", "s.yaml", false, true);
    expect("a.example", "b.example", false, true);
    expect("name: w", "name: x", false, true);
    expect("webhook: {url: ", "retrain: {url: ", false, true);
    expect("webhook: {url: ", "webhook: {timeout: 9s, url: ", false, true);
    expect("monitor: n", "monitor: o", false, true);
    expect("log: {", "limits: {depth: 3}\nlog: {", false, true);
    expect("log: {", "retention: {panes: 3d}\nlog: {", false, true);
    expect("log: {", "store: sqlite:x\nlog: {", false, true);
}

Test(meaning, values_cannot_be_confused)
{
    struct config *first = test_parse("kafka: {a: \"1;1:b;1:2\"}\n" ONE_MONITOR, "x");
    struct config *second = test_parse("kafka: {a: 1, b: 2}\n" ONE_MONITOR, "x");
    cr_assert_str_neq(first->hash, second->hash);
    config_free(first);
    config_free(second);
}

Test(meaning, the_directory_does_not_matter)
{
    struct config *first = changed("a: 1", "a: 1", "leeway.yaml");
    struct config *second = changed("a: 1", "a: 1", "/etc/leeway/other.yaml");
    cr_assert_str_eq(second->rule_files[0], "/etc/leeway/r.yaml");
    cr_assert_str_eq(first->hash, second->hash);
    config_free(first);
    config_free(second);
}

Test(meaning, rendering)
{
    struct text text = {0};
    struct config *config = test_parse(base, "leeway.yaml");
    meaning_add(&text, "monitors[]", &config->monitors[0], SETTING_JUDGES, bytes_make("", 0));
    cr_assert(strstr(text.data, "monitors[].topics=2;1:t;1:u;\n"), "%s", text.data);
    cr_assert(strstr(text.data, "monitors[].windows=2;3600000;86400000;\n"));
    cr_assert(strstr(text.data, "monitors[].alarms=1/7776000000;\n"));
    cr_assert(strstr(text.data, "monitors[].fields.*.min=3ff0000000000000;\n"));
    cr_assert_null(strstr(text.data, "importance"));
    cr_assert_null(strstr(text.data, "baseline"));
    text_release(&text);
    config_free(config);
}
