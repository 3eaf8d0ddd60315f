/* Whole files: the good ones must mean what they say, the bad ones must be told as their own
 * comments expect, and no bytes at all may crash the parser. */
#include "unit/config/parse.h"

#include <dirent.h>
#include <math.h>

#include "base/when.h"

static struct config *parse_file(const char *path, struct config_problems *ret_problems)
{
    struct text yaml = test_read(path);
    struct config *config =
        config_parse(bytes_make(yaml.data, yaml.size), path, test_getvar, ret_problems);
    text_release(&yaml);
    return config;
}

static struct config *parse_good(const char *name)
{
    char path[512], line[800] = "";
    struct config_problems problems;
    snprintf(path, sizeof path, CONFIG_DATA "good/%s.yaml", name);
    struct config *config = parse_file(path, &problems);
    if (problems.count)
        err_line(&problems.items[0], line, sizeof line);
    cr_assert(config, "%s", line);
    return config;
}

Test(config, defaults)
{
    struct config *config = parse_good("minimal");
    cr_assert_str_eq(config->store, "sqlite:" CONFIG_DATA "good/leeway.db");
    cr_assert_str_eq(config->listen, "127.0.0.1:9464");
    cr_assert_null(config->external_url);
    cr_assert_str_eq(config->log_level, "info");
    cr_assert_str_eq(config->log_format, "logfmt");
    cr_assert_eq(config->kafka_count, 0);
    cr_assert_eq(config->receiver_count, 0);
    cr_assert_eq(config->rule_file_count, 0);
    cr_assert_eq(config->limits.event_bytes, 262144);
    cr_assert_eq(config->limits.depth, 16);
    cr_assert_eq(config->limits.keys, 1024);
    cr_assert_eq(config->limits.key_bytes, 128);
    cr_assert_eq(config->limits.string_bytes, 4096);
    cr_assert_eq(config->limits.monitors, 256);
    cr_assert_eq(config->limits.versions, 16);
    cr_assert_eq(config->limits.fields, 512);
    cr_assert_eq(config->limits.commit_interval_ms, 5000);
    cr_assert_eq(config->limits.commit_bytes, 8388608);
    cr_assert_eq(config->limits.quarantine_rows, 10000);
    cr_assert_eq(config->retention.panes_ms, 2 * DAY_MS);
    cr_assert_eq(config->retention.hours_ms, 90 * DAY_MS);
    cr_assert_eq(config->retention.days_ms, 3 * 365 * DAY_MS);
    cr_assert_eq(config->retention.verdicts_ms, 365 * DAY_MS);
    cr_assert_eq(strlen(config->hash), 64);
    config_free(config);
}

Test(config, monitor_defaults)
{
    struct config *config = parse_good("minimal");
    const struct config_monitor *monitor = config_monitor_find(config, "fraud");
    cr_assert(monitor);
    cr_assert_eq(monitor->topic_count, 1);
    cr_assert_str_eq(monitor->topics[0], "predictions");
    cr_assert_eq(monitor->match_count, 0);
    cr_assert_null(monitor->id_path);
    cr_assert_null(monitor->time_path);
    cr_assert_null(monitor->features);
    cr_assert_null(monitor->label_path);
    cr_assert_str_eq(monitor->baseline, "fraud");
    cr_assert_eq(monitor->window_count, 2);
    cr_assert_eq(monitor->windows_ms[0], HOUR_MS);
    cr_assert_eq(monitor->windows_ms[1], DAY_MS);
    cr_assert_eq(monitor->alarm_count, 1);
    cr_assert_eq(monitor->alarm_period_ms, 90 * DAY_MS);
    cr_assert_eq(monitor->sensitivity, SENSITIVITY_NORMAL);
    cr_assert_eq(monitor->min_count, 200);
    cr_assert_eq(monitor->lateness_ms, 2 * MINUTE_MS);
    cr_assert_eq(monitor->place.line, 2);
    cr_assert_eq(monitor->place.column, 5);
    cr_assert_null(config_monitor_find(config, "frau"));
    cr_assert_null(config_receiver_find(config, "fraud"));
    config_free(config);
}

Test(config, every_setting)
{
    struct config *config = parse_good("full");
    cr_assert_eq(config->kafka_count, 4);
    cr_assert_str_eq(config->kafka[0].key, "bootstrap.servers");
    cr_assert_str_eq(config->kafka[0].value, "kafka:9092");
    cr_assert_eq(config->kafka[1].place.line, 4);
    cr_assert_str_eq(config->kafka[2].value, "true");
    cr_assert_eq(strncmp(config->kafka[3].value, "-----BEGIN CERTIFICATE-----\nnot", 31), 0);
    cr_assert_str_eq(config->store, "postgresql://leeway@db/leeway");
    cr_assert_str_eq(config->listen, "[::1]:8080");
    cr_assert_str_eq(config->external_url, "https://leeway.example/page");
    cr_assert_str_eq(config->log_level, "debug");
    cr_assert_str_eq(config->log_format, "json");
    cr_assert_eq(config->rule_file_count, 2);
    cr_assert_str_eq(config->rule_files[0], CONFIG_DATA "good/rules/default.yaml");
    cr_assert_str_eq(config->rule_files[1], "/etc/leeway/more.yaml");
    cr_assert_eq(config->rules_place.line, 52);
    cr_assert_eq(config->limits.event_bytes, 1 << 20);
    cr_assert_eq(config->limits.string_bytes, 8000);
    cr_assert_eq(config->limits.commit_bytes, 1 << 20);
    cr_assert_eq(config->limits.quarantine_rows, 0);
    cr_assert_eq(config->retention.days_ms, 14 * DAY_MS);
    cr_assert_eq(config->retention.verdicts_ms, 36500 * DAY_MS);
    config_free(config);
}

Test(config, every_setting_of_a_monitor)
{
    struct config *config = parse_good("full");
    const struct config_monitor *monitor = &config->monitors[0];
    cr_assert_eq(monitor->topic_count, 2);
    cr_assert_str_eq(monitor->topics[1], "predictions-eu");
    cr_assert_eq(monitor->match_count, 2);
    cr_assert_str_eq(monitor->matches[1].path, "/stage");
    cr_assert_str_eq(monitor->matches[1].value, "2");
    cr_assert_str_eq(monitor->id_path, "/id");
    cr_assert_str_eq(monitor->time_path, "/ts");
    cr_assert_str_eq(monitor->version_path, "/version");
    cr_assert_str_eq(monitor->features, "/features/*");
    cr_assert_str_eq(monitor->score_path, "/prediction/score");
    cr_assert_str_eq(monitor->class_path, "/prediction/class");
    cr_assert_str_eq(monitor->value_path, "/prediction/value");
    cr_assert_str_eq(monitor->label_path, "/label");
    cr_assert_eq(monitor->segment_count, 2);
    cr_assert_str_eq(monitor->segments[0], "/features/country");
    cr_assert_str_eq(monitor->baseline, "fraud@7");
    cr_assert_eq(monitor->window_count, 3);
    cr_assert_eq(monitor->windows_ms[0], 15 * MINUTE_MS);
    cr_assert_eq(monitor->alarm_count, 2);
    cr_assert_eq(monitor->alarm_period_ms, 30 * DAY_MS);
    cr_assert_eq(monitor->sensitivity, SENSITIVITY_LOW);
    cr_assert_eq(monitor->min_count, 500);
    cr_assert_eq(monitor->lateness_ms, 0);
    config_free(config);
}

Test(config, every_setting_of_a_field)
{
    struct config *config = parse_good("full");
    const struct config_field *fields = config->monitors[0].fields;
    cr_assert_eq(config->monitors[0].field_count, 3);
    cr_assert_str_eq(fields[0].name, "amount");
    cr_assert(fields[0].has_min && fields[0].has_max && fields[0].required);
    cr_assert_eq(fields[0].min, 0);
    cr_assert_eq(fields[0].max, 50000);
    cr_assert_str_eq(fields[0].type, "number");
    cr_assert_str_eq(fields[0].path, "/features/amount");
    cr_assert_eq(fields[0].importance, 1);
    cr_assert_eq(fields[0].place.line, 31);
    cr_assert_eq(fields[0].place.column, 7);
    cr_assert_eq(fields[1].allowed_count, 5);
    cr_assert_str_eq(fields[1].allowed[2], "NO");
    cr_assert_str_eq(fields[1].allowed[3], "7");
    cr_assert_eq(fields[1].importance, 2.5);
    cr_assert(!fields[1].has_min && !fields[1].has_max && !fields[1].required);
    cr_assert(fields[2].ignore && fields[2].has_min && !fields[2].has_max);
    cr_assert_eq(fields[2].min, -1.5);
    cr_assert_null(fields[2].path);
    config_free(config);
}

Test(config, receivers)
{
    struct config *config = parse_good("full");
    const struct config_receiver *hook = config_receiver_find(config, "hook");
    cr_assert_eq(hook->type, RECEIVER_WEBHOOK);
    cr_assert_eq(hook->url_count, 0);
    cr_assert_str_eq(hook->url_file, CONFIG_DATA "good/secrets/url");
    cr_assert_str_eq(hook->secret_file, "/run/secrets/key");
    cr_assert_str_eq(hook->token_file, "/run/secrets/token");
    cr_assert(!hook->send_resolved && hook->insecure_http && hook->enabled);
    cr_assert_eq(hook->timeout_ms, 3000);
    const struct config_receiver *slack = config_receiver_find(config, "oncall");
    cr_assert_eq(slack->type, RECEIVER_SLACK);
    cr_assert_str_eq(slack->url_file, "/run/secrets/slack");
    cr_assert(slack->send_resolved && !slack->insecure_http && slack->enabled);
    cr_assert_eq(slack->timeout_ms, 10000);
    const struct config_receiver *am = config_receiver_find(config, "am");
    cr_assert_eq(am->type, RECEIVER_ALERTMANAGER);
    cr_assert_eq(am->url_count, 2);
    cr_assert_str_eq(am->urls[1], "https://am.example:9093/prefix");
    const struct config_receiver *retrain = config_receiver_find(config, "fraud-pipeline");
    cr_assert_eq(retrain->type, RECEIVER_RETRAIN);
    cr_assert_eq(retrain->url_count, 1);
    cr_assert_str_eq(retrain->urls[0], "https://jobs.example/start?name=fraud");
    cr_assert(retrain->enabled);
    cr_assert_eq(retrain->cooldown_ms, 2 * DAY_MS);
    cr_assert_eq(retrain->daily_budget, 5);
    config_free(config);
}

Test(config, retraining_is_a_dry_run_unless_enabled)
{
    struct config *config = test_parse(
        ONE_MONITOR "receivers: [{ name: r, retrain: { url_file: u } }]\n", "leeway.yaml");
    cr_assert(!config->receivers[0].enabled);
    cr_assert_eq(config->receivers[0].cooldown_ms, DAY_MS);
    cr_assert_eq(config->receivers[0].daily_budget, 2);
    cr_assert_str_eq(config->receivers[0].url_file, "u");
    config_free(config);
}

Test(config, variables)
{
    struct config *config = parse_good("variables");
    cr_assert_str_eq(config->kafka[0].value, "a: b # \"{}[] ${MODEL}");
    cr_assert_str_eq(config->kafka[1].value, "${literal} $x $$");
    cr_assert_str_eq(config->store, "sqlite:/var/lib/leeway.db");
    cr_assert_str_eq(config->log_level, "debug");
    cr_assert_str_eq(config->monitors[0].name, "fraud");
    cr_assert_str_eq(config->monitors[0].topics[0], "fraud-events");
    cr_assert_eq(config->monitors[0].min_count, 300);
    cr_assert_eq(config->limits.depth, 20); /* quotes around a variable do not make it text */
    config_free(config);
}

Test(config, nothing_in_a_section_is_its_defaults)
{
    struct config *config = parse_good("empty_maps");
    cr_assert_str_eq(config->listen, "127.0.0.1:9464");
    cr_assert_eq(config->limits.depth, 16);
    cr_assert_eq(config->monitors[1].field_count, 2);
    cr_assert_str_eq(config->monitors[1].fields[1].name, "y");
    config_free(config);
}

Test(config, json_is_yaml)
{
    struct config *config = parse_good("json");
    cr_assert_str_eq(config->listen, "");
    cr_assert_str_eq(config->monitors[0].fields[0].name, "ä ö/~");
    config_free(config);
    config_free(parse_good("bom_crlf"));
}

/* The example of the design document, section 14: the Airflow receiver is unknown, and plain http
 * to another host has to be asked for. */
Test(config, relative_store_is_beside_the_configuration)
{
    struct config *config = test_parse(
        "store: sqlite:x.db\nmonitors: [{ monitor: a, topics: [t] }]\n", "/etc/leeway/c.yaml");
    cr_assert_str_eq(config->store, "sqlite:/etc/leeway/x.db");
    config_free(config);
    config = test_parse("monitors: [{ monitor: a, topics: [t] }]\n", "etc/c.yaml");
    cr_assert_str_eq(config->store, "sqlite:etc/leeway.db", "the default, too");
    config_free(config);
    config = test_parse("store: \"sqlite::memory:\"\nmonitors: [{ monitor: a, topics: [t] }]\n",
                        "etc/c.yaml");
    cr_assert_str_eq(config->store, "sqlite::memory:");
    config_free(config);
}

Test(config, design_example)
{
    struct config_problems problems;
    struct text yaml = test_read(CONFIG_DATA "design_example.yaml");
    cr_assert_null(config_parse(bytes_make(yaml.data, yaml.size), "d.yaml", NULL, &problems));
    cr_assert_eq(problems.count, 1);
    cr_assert_str_eq(problems.items[0].place, "d.yaml:21:22");
    cr_assert_str_eq(problems.items[0].text, "unknown receiver type \"airflow\"");
    config_problems_release(&problems);
    char *airflow = strstr(yaml.data, "  - { name: retrain");
    memset(airflow, ' ', strcspn(airflow, "\n"));
    struct config *config = test_parse(yaml.data, "d.yaml");
    cr_assert_eq(config->receiver_count, 2);
    config_free(config);
    text_release(&yaml);
}

/* Checks the problems of one file against its "# expect: " and "# hint: " comments. */
static void check_bad(const char *path)
{
    struct config_problems problems;
    struct text yaml = test_read(path);
    cr_assert_null(config_parse(bytes_make(yaml.data, yaml.size), path, test_getvar, &problems),
                   "%s is accepted", path);
    uint32_t seen = 0;
    for (char *line = yaml.data; line && line[0] == '#'; line = strchr(line, '\n') + 1) {
        char wanted[512], got[512] = "nothing";
        struct err *problem = seen < problems.count ? &problems.items[seen] : NULL;
        if (strncmp(line, "# hint: ", 8) == 0) {
            snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(line + 8, "\n"), line + 8);
            cr_expect(strstr(problems.items[seen - 1].hint, wanted), "%s: hint \"%s\", not \"%s\"",
                      path, wanted, problems.items[seen - 1].hint);
            continue;
        }
        snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(line + 10, "\n"), line + 10);
        if (problem)
            snprintf(got, sizeof got, "%s %s", strstr(problem->place, ".yaml:") + 6, problem->text);
        cr_expect(strncmp(got, wanted, strlen(wanted)) == 0, "%s: \"%s\" is told, not \"%s\"", path,
                  got, wanted);
        seen++;
    }
    cr_expect_eq(problems.count, seen, "%s: %u problems, not %u", path, problems.count, seen);
    for (uint32_t i = 0; i < problems.count; i++)
        cr_expect(!strstr(problems.items[i].text, "SECRETTOKEN") &&
                      !strstr(problems.items[i].hint, "SECRETTOKEN"),
                  "%s shows a secret", path);
    config_problems_release(&problems);
    text_release(&yaml);
}

/* Calls `check` for every .yaml file of the directory; returns how many. */
static uint32_t each_file(const char *directory, void (*check)(const char *path))
{
    uint32_t count = 0;
    DIR *dir = opendir(directory);
    cr_assert(dir, "%s", directory);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[1024];
        if (!strstr(entry->d_name, ".yaml"))
            continue;
        snprintf(path, sizeof path, "%s%s", directory, entry->d_name);
        check(path);
        count++;
    }
    closedir(dir);
    return count;
}

Test(config, bad_files)
{
    cr_assert_geq(each_file(CONFIG_DATA "bad/", check_bad), 45);
}

Test(config, no_variables_without_a_source)
{
    struct config_problems problems;
    const char yaml[] = "store: \"sqlite:${MODEL}\"\n" ONE_MONITOR;
    cr_assert_null(config_parse(bytes_of(yaml), NULL, NULL, &problems));
    cr_assert_str_eq(problems.items[0].place, "leeway.yaml:1:8");
    cr_assert_str_eq(problems.items[0].text, "variable MODEL is not set");
    config_problems_release(&problems);
}

Test(config, problems_are_bounded)
{
    struct config_problems problems;
    struct text yaml = {0};
    for (int i = 0; i < 20000; i++)
        text_printf(&yaml, "unknown%d: 1\n", i);
    cr_assert_null(config_parse(bytes_make(yaml.data, yaml.size), "x.yaml", NULL, &problems));
    cr_assert_eq(problems.count, CONFIG_PROBLEMS_MAX);
    cr_assert(strstr(problems.items[CONFIG_PROBLEMS_MAX - 1].text, "too many problems"));
    config_problems_release(&problems);
    text_release(&yaml);
}

Test(config, a_long_path_keeps_the_line)
{
    struct config_problems problems;
    char path[600];
    memset(path, 'd', sizeof path);
    memcpy(path + sizeof path - 13, "/leeway.yaml", 13);
    cr_assert_null(config_parse(bytes_of("x: 1"), path, NULL, &problems));
    const char *place = problems.items[0].place;
    cr_assert_str_eq(place + strlen(place) - 16, "/leeway.yaml:1:1");
    config_problems_release(&problems);
}

Test(config, largest_allowed)
{
    struct text yaml = {0};
    text_puts(&yaml, "monitors:\n");
    for (int i = 0; i < 256; i++) {
        text_printf(&yaml, "- monitor: m%d\n  topics: [t]\n  fields: {", i);
        for (int j = 0; j < 200; j++)
            text_printf(&yaml, "f%d: {},", j);
        text_puts(&yaml, "}\n");
    }
    struct config *config = test_parse(yaml.data, "leeway.yaml");
    cr_assert_eq(config->monitor_count, 256);
    cr_assert_eq(config->monitors[255].field_count, 200);
    config_free(config);
    text_release(&yaml);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Flips, inserts, removes and copies a few bytes. */
static void mutate(struct text *text, uint64_t *state)
{
    static const char marks[] = "{}[]:,-\n\t \"'#&*!|>%@`$~?<=/\\0129\xc3\xa4\xff";
    uint64_t edits = 1 + next_random(state) % 6;
    for (uint64_t i = 0; i < edits && text->size > 8; i++) {
        size_t at = next_random(state) % text->size;
        size_t size = 1 + next_random(state) % 8;
        size_t from = next_random(state) % (text->size - 8);
        size_t room = text->size - at;
        switch (next_random(state) % 5) {
        case 0:
            text->data[at] = (char)(next_random(state) & 0xff);
            break;
        case 1:
            text->data[at] = marks[next_random(state) % (sizeof marks - 1)];
            break;
        case 2:
            memmove(text->data + at, text->data + from, size < room ? size : room);
            break;
        case 3:
            memmove(text->data + at, text->data + at + (size < room ? size : room),
                    room - (size < room ? size : room));
            text->size -= size < room ? size : room;
            break;
        default:
            text->size = next_random(state) % 64 ? text->size : at;
        }
    }
}

static void parse_mutants(const char *path)
{
    const char *given = getenv("LEEWAY_SEED");
    uint64_t state = given ? strtoull(given, NULL, 10) : 20261123, seed = state;
    struct text yaml = test_read(path);
    state = (state + hash_bytes(bytes_make(yaml.data, yaml.size), 0)) | 1;
    for (int round = 0; round < 60; round++) {
        struct text mutant = {0};
        struct config_problems problems;
        text_add(&mutant, yaml.data, yaml.size);
        mutate(&mutant, &state);
        struct config *config =
            config_parse(bytes_make(mutant.data, mutant.size), path, test_getvar, &problems);
        cr_assert_eq(config == NULL, problems.count > 0, "%s, seed %llu", path,
                     (unsigned long long)seed);
        for (uint32_t i = 0; i < problems.count; i++)
            cr_assert(problems.items[i].code && problems.items[i].text[0] &&
                          strstr(problems.items[i].place, ".yaml:"),
                      "%s, seed %llu", path, (unsigned long long)seed);
        config_problems_release(&problems);
        config_free(config);
        text_release(&mutant);
    }
    text_release(&yaml);
}

Test(config, mutants_never_crash)
{
    uint32_t files = each_file(CONFIG_DATA "good/", parse_mutants);
    files += each_file(CONFIG_DATA "bad/", parse_mutants);
    cr_assert_geq(files * 60, 3000);
}

Test(config, truncated_never_crashes)
{
    struct text yaml = test_read(CONFIG_DATA "good/full.yaml");
    for (size_t size = 0; size <= yaml.size; size += 7) {
        struct config_problems problems;
        struct config *config =
            config_parse(bytes_make(yaml.data, size), "t.yaml", NULL, &problems);
        cr_assert_eq(config == NULL, problems.count > 0);
        config_problems_release(&problems);
        config_free(config);
    }
    text_release(&yaml);
}

Test(config, http)
{
    struct config *config = test_parse("monitors: [{monitor: m, topics: [t]}]", "x");
    cr_assert_null(config->http.listen);
    cr_assert_eq(config->http.partition, 0);
    cr_assert_eq(config->http.linger_ms, 50);
    cr_assert_eq(config->http.body_bytes, 8 << 20);
    config_free(config);
    config = test_parse("http: {listen: '[::1]:9465', partition: 1024, linger: 0s, "
                        "body_bytes: 64KiB}\nmonitors: [{monitor: m, topics: [t]}]",
                        "x");
    cr_assert_str_eq(config->http.listen, "[::1]:9465");
    cr_assert_eq(config->http.partition, 1024);
    cr_assert_eq(config->http.linger_ms, 0);
    cr_assert_eq(config->http.body_bytes, 65536);
    config_free(config);
}

Test(config, free_takes_null)
{
    config_free(NULL);
}
