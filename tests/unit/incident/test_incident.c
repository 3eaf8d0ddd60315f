#include <criterion/criterion.h>
#include <jansson.h>

#include "incident/book.h"

#define HOUR ((int64_t)3600000)
#define HOP  (HOUR / 12)

struct fixture {
    struct arena *arena;
    struct config_monitor monitor;
    struct config_field important;
    struct ruleset ruleset;
    struct incident_book *book;
    struct incident_changes changes;
    struct incident_context context;
};

static struct fixture *open_fixture(void)
{
    struct fixture *f = mem_new(1, sizeof *f);
    f->arena = arena_new();
    f->important = (struct config_field){.name = "amount", .importance = 10};
    f->monitor = (struct config_monitor){.name = "shop", .fields = &f->important, .field_count = 1};
    f->context = (struct incident_context){.monitor = &f->monitor,
                                           .baseline = "shop@1",
                                           .baseline_hash = "abc",
                                           .reproduce = "leeway replay"};
    f->book = incident_book_new();
    ruleset_default(f->arena, &f->ruleset);
    return f;
}

static void close_fixture(struct fixture *f)
{
    incident_changes_release(&f->changes);
    incident_book_free(f->book);
    arena_free(f->arena);
    free(f);
}

static struct verdict verdict(const char *field, int64_t end_ms, enum severity severity)
{
    struct verdict v = {.monitor = "shop",
                        .version = "1",
                        .segment = "",
                        .field = field,
                        .generation = "0123456789abcdef",
                        .start = {end_ms - HOUR},
                        .end = {end_ms},
                        .window_ms = HOUR,
                        .p = 1e-9,
                        .effect = .1};
    v.severity = severity;
    v.significant = severity > SEVERITY_NONE;
    v.state = severity > SEVERITY_NONE ? STATE_DRIFT : STATE_OK;
    snprintf(v.detail, sizeof v.detail, "%s moved", field);
    v.comparison.total = v.comparison.n = 1000;
    return v;
}

static void step(struct fixture *f, const struct verdict *verdicts, uint32_t count)
{
    f->changes.count = 0;
    incident_step(&f->ruleset, f->book, &f->context, verdicts, count, f->arena, &f->changes);
}

static void step_one(struct fixture *f, const char *field, int64_t end_ms, enum severity severity)
{
    struct verdict v = verdict(field, end_ms, severity);
    step(f, &v, 1);
}

Test(incident, one_message_for_forty_fields)
{
    struct fixture *f = open_fixture();
    struct verdict verdicts[40];
    char names[40][16];
    for (int i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "f%02d", i);
        verdicts[i] = verdict(names[i], 10 * HOUR, i == 7 ? SEVERITY_HIGH : SEVERITY_LOW);
    }
    step(f, verdicts, 40);
    cr_assert_eq(f->changes.count, 1);
    const struct incident *incident = &f->changes.items[0].incident;
    cr_assert_eq(f->changes.items[0].event, INCIDENT_OPENED);
    cr_assert_eq(incident->state, INCIDENT_FIRING);
    cr_assert_eq(incident->severity, RULE_CRITICAL);
    cr_assert_eq(incident->sequence, 1);
    cr_assert_not_null(strstr(incident->title, "40 fields drift, most of all f07 (high)"), "%s",
                       incident->title);
    json_t *evidence = json_loads(incident->evidence, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_eq(json_integer_value(json_object_get(evidence, "member_count")), 40);
    cr_assert_eq(json_array_size(json_object_get(evidence, "members")), 20);
    cr_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(evidence, "members"), 0), "field")),
                     "f07");
    json_decref(evidence);
    close_fixture(f);
}

Test(incident, important_fields_come_first)
{
    struct fixture *f = open_fixture();
    struct verdict verdicts[] = {verdict("zebra", 10 * HOUR, SEVERITY_LOW),
                                 verdict("amount", 10 * HOUR, SEVERITY_LOW)};
    verdicts[0].effect = .5;
    step(f, verdicts, 2);
    cr_assert_not_null(strstr(f->changes.items[0].incident.title, "most of all amount"));
    close_fixture(f);
}

Test(incident, resolves_after_three_quiet_windows_and_not_before)
{
    struct fixture *f = open_fixture();
    step_one(f, "amount", 10 * HOUR, SEVERITY_LOW);
    char id[ID_BYTES];
    strcpy(id, f->changes.items[0].incident.id);
    int resolving = 0;
    for (int64_t end = 10 * HOUR + HOP; end < 13 * HOUR; end += HOP) {
        step_one(f, "amount", end, SEVERITY_NONE);
        for (uint32_t i = 0; i < f->changes.count; i++) {
            cr_assert_eq(f->changes.items[i].event, INCIDENT_CHANGED);
            resolving += f->changes.items[i].incident.state == INCIDENT_RESOLVING;
        }
    }
    cr_assert_eq(resolving, 1);
    step_one(f, "amount", 13 * HOUR, SEVERITY_NONE);
    cr_assert_eq(f->changes.count, 1);
    cr_assert_eq(f->changes.items[0].event, INCIDENT_CLOSED);
    cr_assert_str_eq(f->changes.items[0].incident.id, id);
    cr_assert_eq(f->changes.items[0].incident.resolved.ms, 13 * HOUR);
    cr_assert_eq(f->changes.items[0].incident.sequence, 2);
    cr_assert_not_null(strstr(f->changes.items[0].incident.evidence, "amount"),
                       "the last message names its fields");
    step_one(f, "amount", 20 * HOUR, SEVERITY_LOW);
    cr_assert_str_neq(f->changes.items[0].incident.id, id, "a new one begins");
    close_fixture(f);
}

Test(incident, hit_while_resolving_fires_again_without_a_message)
{
    struct fixture *f = open_fixture();
    step_one(f, "amount", 10 * HOUR, SEVERITY_LOW);
    for (int64_t end = 10 * HOUR + HOP; end <= 12 * HOUR; end += HOP)
        step_one(f, "amount", end, SEVERITY_NONE);
    step_one(f, "amount", 12 * HOUR + HOP, SEVERITY_LOW);
    cr_assert_eq(f->changes.count, 1);
    cr_assert_eq(f->changes.items[0].event, INCIDENT_CHANGED);
    cr_assert_eq(f->changes.items[0].incident.state, INCIDENT_FIRING);
    close_fixture(f);
}

Test(incident, worse_is_told_once)
{
    struct fixture *f = open_fixture();
    step_one(f, "amount", 10 * HOUR, SEVERITY_LOW);
    step_one(f, "amount", 10 * HOUR + HOP, SEVERITY_HIGH);
    cr_assert_eq(f->changes.items[0].event, INCIDENT_WORSENED);
    cr_assert_eq(f->changes.items[0].incident.severity, RULE_CRITICAL);
    step_one(f, "amount", 10 * HOUR + 2 * HOP, SEVERITY_HIGH);
    for (uint32_t i = 0; i < f->changes.count; i++)
        cr_assert_eq(f->changes.items[i].event, INCIDENT_CHANGED);
    close_fixture(f);
}

Test(incident, windows_that_cannot_be_judged_change_nothing)
{
    struct fixture *f = open_fixture();
    step_one(f, "amount", 10 * HOUR, SEVERITY_LOW);
    for (int64_t end = 10 * HOUR + HOP; end <= 30 * HOUR; end += HOP) {
        struct verdict v = verdict("amount", end, SEVERITY_NONE);
        v.state = end % 2 ? STATE_SILENT : STATE_INSUFFICIENT;
        step(f, &v, 1);
        cr_assert_eq(f->changes.count, 0);
    }
    close_fixture(f);
}

Test(incident, for_counts_windows_that_do_not_overlap)
{
    struct fixture *f = open_fixture();
    f->ruleset.rules[0].for_hits = 2;
    f->ruleset.rules[0].for_windows = 3;
    for (int64_t end = 10 * HOUR; end < 11 * HOUR; end += HOP) {
        step_one(f, "amount", end, SEVERITY_LOW);
        cr_assert_eq(f->changes.count, 0, "the first hour is one window");
    }
    step_one(f, "amount", 11 * HOUR, SEVERITY_LOW);
    cr_assert_eq(f->changes.count, 1);
    cr_assert_eq(f->changes.items[0].event, INCIDENT_OPENED);
    close_fixture(f);
}

Test(incident, flapping_is_one_incident)
{
    struct fixture *f = open_fixture();
    int told = 0;
    for (int i = 0; i < 24 * 12; i++) {
        step_one(f, "amount", 10 * HOUR + i * HOP, i / 6 % 2 ? SEVERITY_NONE : SEVERITY_LOW);
        for (uint32_t k = 0; k < f->changes.count; k++)
            told += f->changes.items[k].event != INCIDENT_CHANGED;
    }
    cr_assert_eq(told, 1);
    close_fixture(f);
}

/* Significant now and then, never far from it: one incident, open as long as that lasts. */
Test(incident, what_lingers_does_not_clear)
{
    struct fixture *f = open_fixture();
    int told = 0;
    int64_t end = 10 * HOUR;
    for (int i = 0; i < 20 * 12; i++, end += HOP) {
        struct verdict v = verdict("amount", end, i % 80 ? SEVERITY_NONE : SEVERITY_LOW);
        v.lingering = true;
        step(f, &v, 1);
        for (uint32_t k = 0; k < f->changes.count; k++)
            told += f->changes.items[k].event != INCIDENT_CHANGED;
    }
    cr_assert_eq(told, 1);
    for (int i = 0; i <= 3 * 12; i++, end += HOP) {
        step_one(f, "amount", end, SEVERITY_NONE);
        for (uint32_t k = 0; k < f->changes.count; k++)
            told += f->changes.items[k].event == INCIDENT_CLOSED;
    }
    cr_assert_eq(told, 2, "it clears once it has really gone");
    close_fixture(f);
}

Test(incident, lingering_opens_nothing)
{
    struct fixture *f = open_fixture();
    for (int i = 0; i < 50; i++) {
        struct verdict v = verdict("amount", 10 * HOUR + i * HOP, SEVERITY_NONE);
        v.lingering = true;
        step(f, &v, 1);
        cr_assert_eq(f->changes.count, 0);
    }
    close_fixture(f);
}

Test(incident, rules_choose_fields_windows_segments_and_scores)
{
    struct fixture *f = open_fixture();
    static const char *globs[] = {"am*"};
    struct rule *rule = &f->ruleset.rules[0];
    *rule = (struct rule){.name = "psi",
                          .subject = RULE_PSI,
                          .operator= RULE_ABOVE,
                          .threshold = .2,
                          .condition = "psi > 0.2",
                          .monitor = "sh?p",
                          .fields = globs,
                          .field_count = 1,
                          .window_ms = HOUR,
                          .for_hits = 1,
                          .for_windows = 1,
                          .clear_after = 1};
    struct verdict v = verdict("other", 10 * HOUR, SEVERITY_NONE);
    v.comparison.scores[SCORE_PSI].value = .3;
    step(f, &v, 1);
    cr_assert_eq(f->changes.count, 0);
    v.field = "amount";
    v.segment = "country=MX";
    step(f, &v, 1);
    cr_assert_eq(f->changes.count, 0);
    v.segment = "";
    v.comparison.scores[SCORE_PSI].value = .2;
    step(f, &v, 1);
    cr_assert_eq(f->changes.count, 0, "> is not >=");
    v.comparison.scores[SCORE_PSI].value = .21;
    step(f, &v, 1);
    cr_assert_eq(f->changes.count, 1);
    close_fixture(f);
}

Test(incident, drifted_share_is_of_fields)
{
    struct fixture *f = open_fixture();
    f->ruleset.rules[0].subject = RULE_DRIFTED_SHARE;
    f->ruleset.rules[0].operator= RULE_AT_LEAST;
    f->ruleset.rules[0].threshold = .5;
    f->ruleset.rules[0].for_hits = f->ruleset.rules[0].for_windows = 1;
    struct verdict verdicts[] = {verdict("a", 10 * HOUR, SEVERITY_LOW),
                                 verdict("b", 10 * HOUR, SEVERITY_NONE),
                                 verdict("c", 10 * HOUR, SEVERITY_NONE)};
    step(f, verdicts, 3);
    cr_assert_eq(f->changes.count, 0);
    verdicts[1] = verdict("b", 10 * HOUR + HOP, SEVERITY_LOW);
    verdicts[0].end.ms = verdicts[2].end.ms = 10 * HOUR + HOP;
    step(f, verdicts, 3);
    cr_assert_eq(f->changes.count, 1);
    close_fixture(f);
}

/* The book as text in between changes nothing, and ids depend on what happened alone. */
Test(incident, book_survives_its_text)
{
    struct fixture *a = open_fixture(), *b = open_fixture();
    for (int i = 0; i < 80; i++) {
        enum severity severity = i < 20 || (i > 40 && i < 44) ? SEVERITY_LOW : SEVERITY_NONE;
        struct text text = {0};
        struct err err;
        incident_book_format(b->book, &text);
        incident_book_free(b->book);
        b->book = incident_book_parse(bytes_make(text.data, text.size), &err);
        cr_assert_not_null(b->book);
        text_release(&text);
        step_one(a, "amount", 10 * HOUR + i * HOP, severity);
        step_one(b, "amount", 10 * HOUR + i * HOP, severity);
        cr_assert_eq(a->changes.count, b->changes.count, "%d", i);
        for (uint32_t k = 0; k < a->changes.count; k++) {
            cr_assert_eq(a->changes.items[k].event, b->changes.items[k].event);
            cr_assert_str_eq(a->changes.items[k].incident.id, b->changes.items[k].incident.id);
            cr_assert_str_eq(a->changes.items[k].incident.evidence,
                             b->changes.items[k].incident.evidence);
        }
    }
    close_fixture(a);
    close_fixture(b);
}

Test(incident, damaged_books_are_refused)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"format\":1}",
                                      "{\"format\":1,\"incidents\":[{}]}",
                                      "{\"format\":9,\"incidents\":[]}",
                                      "{\"format\":1,\"incidents\":[1]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        cr_assert_null(incident_book_parse(bytes_of(bad[i]), &err), "%s", bad[i]);
        cr_assert_eq(err.code, ERR_INVALID);
    }
}

static void close_all(struct fixture *f, struct event_time now)
{
    f->changes.count = 0;
    incident_close_version(&f->ruleset, f->book, "2", &f->context, now, "ended by a test", f->arena,
                           &f->changes);
    cr_assert_leq(f->changes.count, 1, "only that version");
    incident_close_version(&f->ruleset, f->book, "1", &f->context, now, "ended by a test", f->arena,
                           &f->changes);
}

Test(incident, another_configuration_closes_what_is_open)
{
    struct fixture *f = open_fixture();
    step_one(f, "amount", 10 * HOUR, SEVERITY_HIGH);
    char id[ID_BYTES];
    snprintf(id, sizeof id, "%s", f->changes.items[0].incident.id);
    struct verdict other = verdict("amount", 11 * HOUR, SEVERITY_LOW);
    other.version = "2";
    step(f, &other, 1);
    close_all(f, (struct event_time){12 * HOUR});
    cr_assert_eq(f->changes.count, 2, "both versions");
    const struct incident_change *change = &f->changes.items[1];
    cr_assert_eq(change->event, INCIDENT_CLOSED);
    cr_assert_eq(change->rule, &f->ruleset.rules[0]);
    cr_assert_str_eq(change->incident.id, id);
    cr_assert_eq(change->incident.state, INCIDENT_RESOLVED);
    cr_assert_eq(change->incident.severity, RULE_CRITICAL);
    cr_assert_eq(change->incident.resolved.ms, 12 * HOUR);
    cr_assert_eq(change->incident.sequence, 2);
    cr_assert_str_eq(change->incident.title, "shop 1: ended by a test");
    json_t *evidence = json_loads(change->incident.evidence, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_str_eq(json_string_value(json_object_get(evidence, "ended")), "ended by a test");
    cr_assert_eq(json_array_size(json_object_get(evidence, "members")), 1);
    json_decref(evidence);
    close_all(f, (struct event_time){13 * HOUR});
    cr_assert_eq(f->changes.count, 0, "once");
    close_fixture(f);
}

Test(incident, pending_ones_end_without_a_word)
{
    struct fixture *f = open_fixture();
    f->ruleset.rules[0].for_hits = f->ruleset.rules[0].for_windows = 2;
    step_one(f, "amount", 10 * HOUR, SEVERITY_LOW);
    cr_assert_eq(f->book->count, 1);
    close_all(f, (struct event_time){10 * HOUR});
    cr_assert_eq(f->changes.count, 0);
    cr_assert_eq(f->book->count, 0);
    close_fixture(f);
}

static void close_orphans(struct fixture *f)
{
    f->changes.count = 0;
    incident_close_orphans(&f->ruleset, f->book, &f->context, (struct event_time){11 * HOUR},
                           "ended by a test", f->arena, &f->changes);
}

Test(incident, a_rule_that_is_gone_leaves_no_incident)
{
    struct fixture *f = open_fixture();
    struct rule *rule = &f->ruleset.rules[0];
    step_one(f, "amount", 10 * HOUR, SEVERITY_LOW);
    close_orphans(f);
    cr_assert_eq(f->changes.count, 0, "its rule is there");
    rule->monitor = "other*";
    close_orphans(f);
    cr_assert_eq(f->changes.count, 1, "the rule is about other monitors");
    rule->monitor = "*";
    step_one(f, "amount", 20 * HOUR, SEVERITY_LOW);
    cr_assert_eq(f->changes.items[0].event, INCIDENT_OPENED);
    rule->name = "renamed";
    close_orphans(f);
    cr_assert_eq(f->changes.count, 1);
    cr_assert_eq(f->changes.items[0].event, INCIDENT_CLOSED);
    cr_assert_null(f->changes.items[0].rule);
    cr_assert_str_eq(f->changes.items[0].incident.rule, "drift");
    close_fixture(f);
}

/* drift >= notice tells notices, as information. */
Test(incident, a_notice_is_no_warning)
{
    struct fixture *f = open_fixture();
    step_one(f, "amount", 10 * HOUR, SEVERITY_NOTICE);
    cr_assert_eq(f->changes.count, 0, "drift >= low");
    f->ruleset.rules[0].threshold = SEVERITY_NOTICE;
    step_one(f, "amount", 10 * HOUR + HOP, SEVERITY_NOTICE);
    cr_assert_eq(f->changes.items[0].incident.severity, RULE_INFO);
    step_one(f, "amount", 10 * HOUR + 2 * HOP, SEVERITY_LOW);
    cr_assert_eq(f->changes.items[0].event, INCIDENT_WORSENED);
    cr_assert_eq(f->changes.items[0].incident.severity, RULE_WARNING);
    close_fixture(f);
}
