/* Versions of baselines: given once, promoted again and again. */
#include "unit/store/fixture.h"

static struct fixture fixture;
static struct store *store;

static void start(void)
{
    fixture_init(&fixture);
    store = fixture_open(&fixture);
}

static void stop(void)
{
    store_close(store);
    fixture_release(&fixture);
}

TestSuite(sqlite_baseline, .init = start, .fini = stop);

static uint32_t put(const char *name, const char *hash, bool promote)
{
    uint32_t version = 0;
    expect_ok(
        put_baseline(store, name, hash, "2026-11-23T00:00:00Z", 42, hash, promote, &version, &why));
    return version;
}

static void expect_current(const char *name, uint32_t wanted, const char *document, int line)
{
    struct text text = {0};
    uint32_t version = 0;
    expect_ok(store_sync_baseline_get(store, name, 0, &text, &version, &why));
    cr_assert_eq(version, wanted, "line %d: %" PRIu32, line, version);
    expect_text(&text, document, line);
}

Test(sqlite_baseline, versions_count_for_each_name)
{
    cr_assert_eq(put("fraud", "h1", false), 1);
    cr_assert_eq(put("fraud", "h2", false), 2);
    cr_assert_eq(put("prices", "h1", false), 1);
    cr_assert_eq(put("fraud", "h1", false), 1, "the same content");
    cr_assert_eq(put("fraud", "h3", false), 3);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM baseline"), 4);
}

Test(sqlite_baseline, documents_come_back)
{
    uint32_t version = 0;
    struct text text = {0};
    char *large = mem_new((3 << 20) + 1, 1);
    memset(large, 'x', 3 << 20);
    expect_ok(
        put_baseline(store, "fraud", "h1", "c", 1, "{\"caf\xc3\xa9\":1}", false, &version, &why));
    expect_ok(put_baseline(store, "fraud", "h2", "c", 1, large, false, &version, &why));
    text_puts(&text, "appended to ");
    expect_ok(store_sync_baseline_get(store, "fraud", 1, &text, &version, &why));
    cr_assert_eq(version, 1);
    expect_rows(&text, "appended to {\"caf\xc3\xa9\":1}");
    expect_ok(store_sync_baseline_get(store, "fraud", 2, &text, &version, &why));
    cr_assert_eq(text.size, 3 << 20);
    text_release(&text);
    free(large);
}

Test(sqlite_baseline, the_last_promoted_is_current)
{
    put("fraud", "h1", true);
    put("fraud", "h2", true);
    put("fraud", "h3", false);
    put("prices", "h9", true);
    expect_current("fraud", 2, "h2", __LINE__);
    expect_ok(store_sync_baseline_promote(store, "fraud", 3, &why));
    expect_current("fraud", 3, "h3", __LINE__);
    expect_ok(store_sync_baseline_promote(store, "fraud", 1, &why)); /* back to an old one */
    expect_current("fraud", 1, "h1", __LINE__);
    put("fraud", "h4", false);
    expect_current("fraud", 1, "h1", __LINE__);
    put("fraud", "h2", true); /* known content can be promoted by putting it again */
    expect_current("fraud", 2, "h2", __LINE__);
    expect_current("prices", 1, "h9", __LINE__);
}

Test(sqlite_baseline, what_is_not_there)
{
    struct text text = {0};
    uint32_t version = 77;
    struct err err = {0};
    put("fraud", "h1", false);
    cr_assert_eq(store_sync_baseline_get(store, "fraud", 0, &text, &version, &err), ERR_NOT_FOUND);
    cr_assert_str_eq(err.text, "there is no promoted baseline fraud");
    cr_assert_eq(store_sync_baseline_get(store, "fraud", 2, &text, &version, &err), ERR_NOT_FOUND);
    cr_assert_str_eq(err.text, "there is no baseline fraud@2");
    cr_assert_neq(err.hint[0], '\0');
    cr_assert_eq(store_sync_baseline_get(store, "other", 1, &text, &version, &err), ERR_NOT_FOUND);
    cr_assert_eq(store_sync_baseline_promote(store, "fraud", 2, &err), ERR_NOT_FOUND);
    cr_assert_eq(store_sync_baseline_promote(store, "fraud", 0, &err), ERR_NOT_FOUND);
    cr_assert_eq(version, 77);
    cr_assert_null(text.data);
}

Test(sqlite_baseline, a_put_that_fails_leaves_nothing)
{
    uint32_t version = 77;
    struct err err = {0};
    cr_assert_eq(put_baseline(store, "fraud", "h1", "c", 1, NULL, true, &version, &err),
                 ERR_INVALID);
    cr_assert_eq(version, 77);
    cr_assert_eq(row_total(store), 0);
}

static int note_baseline(void *context, const struct store_baseline *b)
{
    cr_assert_null(b->document);
    text_printf(context, "%s@%" PRIu32 " %s %s %" PRId64 "%s%s\n", b->name, b->version, b->hash,
                b->created, b->rows, b->promoted ? " promoted" : "", b->current ? " current" : "");
    return 0;
}

Test(sqlite_baseline, list)
{
    struct text text = {0};
    put("prices", "p1", false);
    put("fraud", "h1", true);
    put("fraud", "h2", true);
    put("fraud", "h3", false);
    expect_ok(store_sync_baseline_promote(store, "fraud", 1, &why));
    expect_ok(store_sync_baseline_list(store, note_baseline, &text, &why));
    expect_rows(&text, "fraud@1 h1 2026-11-23T00:00:00Z 42 promoted current\n"
                       "fraud@2 h2 2026-11-23T00:00:00Z 42 promoted\n"
                       "fraud@3 h3 2026-11-23T00:00:00Z 42\n"
                       "prices@1 p1 2026-11-23T00:00:00Z 42\n");
}

Test(sqlite_baseline, more_than_nine_versions_stay_in_order)
{
    struct text text = {0};
    char hash[16];
    for (int i = 1; i <= 12; i++) {
        snprintf(hash, sizeof hash, "h%d", i);
        cr_assert_eq(put("fraud", hash, i == 10), (uint32_t)i);
    }
    expect_current("fraud", 10, "h10", __LINE__);
    expect_ok(store_sync_baseline_list(store, note_baseline, &text, &why));
    cr_assert_lt(strstr(text.data, "fraud@9 "), strstr(text.data, "fraud@10 "));
    text_release(&text);
}

Test(sqlite_baseline, is_audited)
{
    put("fraud", "h1", true);
    put("fraud", "h1", false);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM audit WHERE action = 'baseline added'"
                                  " AND subject = 'fraud@1' AND detail = 'h1'"),
                 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM audit WHERE action = 'baseline promoted'"
                                  " AND subject = 'fraud@1'"),
                 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM audit"), 2);
}

Test(sqlite_baseline, two_handles_two_versions)
{
    struct store *other = fixture_open(&fixture);
    uint32_t version = 0;
    put("fraud", "h1", true);
    expect_ok(put_baseline(other, "fraud", "h2", "c", 1, "{}", true, &version, &why));
    cr_assert_eq(version, 2);
    expect_current("fraud", 2, "{}", __LINE__);
    store_close(other);
}
