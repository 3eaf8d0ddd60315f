/* Opening a file, and everything that can be wrong with one. */
#include "unit/store/fixture.h"

#include <sys/types.h>

static struct fixture fixture;

static void start(void)
{
    fixture_init(&fixture);
}

static void stop(void)
{
    fixture_release(&fixture);
}

TestSuite(sqlite, .init = start, .fini = stop);

static struct err refused(const char *url, int code)
{
    struct err err = {0};
    cr_assert_null(store_open(url, NULL, &err));
    cr_assert_eq(err.code, code, "%d: %s", err.code, err.text);
    cr_assert_str_eq(err.place, url, "the message names the store");
    cr_assert_neq(err.hint[0], '\0', "%s", err.text);
    return err;
}

static void write_file(const char *path, const void *data, size_t size, const char *mode)
{
    FILE *file = fopen(path, mode);
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(data, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
}

static char *read_file(const char *path, size_t *ret_size)
{
    struct stat status;
    cr_assert_eq(stat(path, &status), 0);
    char *data = mem_new((size_t)status.st_size + 1, 1);
    FILE *file = fopen(path, "rb");
    *ret_size = fread(data, 1, (size_t)status.st_size, file);
    fclose(file);
    return data;
}

Test(sqlite, is_as_durable_as_it_says)
{
    struct store *store = fixture_open(&fixture);
    cr_assert_eq(number_of(store, "PRAGMA synchronous"), 2, "FULL");
    cr_assert_eq(number_of(store, "PRAGMA foreign_keys"), 0);
    cr_assert_gt(number_of(store, "PRAGMA busy_timeout"), 0);
    cr_assert_eq(number_of(store, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    store_close(store);
    store = fixture_open(&fixture);
    cr_assert_eq(number_of(store, "PRAGMA synchronous"), 2, "also the second time");
    store_close(store);
}

Test(sqlite, keeps_what_was_written)
{
    struct store *store = fixture_open(&fixture);
    put_delta(store, "m", 0, "x");
    store_close(store);
    store = fixture_open(&fixture);
    struct text text = {0};
    expect_ok(store_sync_deltas(store, "m", 0, 10, note_pane, &text, NULL, &why));
    expect_rows(&text, "0 1 g x 1 r0\n");
    expect_ok(store_sync_partitions(store, note_partition, &text, &why));
    expect_rows(&text, "d/0 e1 0..1 1 0 0 0 0 0\n");
    store_close(store);
}

Test(sqlite, a_copy_without_its_log_is_whole_after_close)
{
    struct store *store = fixture_open(&fixture);
    put_delta(store, "m", 0, "x");
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", fixture.path);
    cr_assert_eq(access(wal, F_OK), 0);
    store_close(store);
    cr_assert_neq(access(wal, F_OK), 0, "closing folds the log into the file");
}

Test(sqlite, directory_that_is_missing)
{
    struct err err = refused("sqlite:/nonexistent/there/a.db", ERR_IO);
    cr_assert_not_null(strstr(err.text, "No such file or directory"), "%s", err.text);
    cr_assert_not_null(strstr(err.hint, "directory exists"));
}

Test(sqlite, directory_instead_of_a_file)
{
    char url[96];
    snprintf(url, sizeof url, "sqlite:%s", fixture.directory);
    refused(url, ERR_IO);
}

Test(sqlite, file_that_is_no_database)
{
    char noise[8192];
    memset(noise, 'x', sizeof noise);
    write_file(fixture.path, noise, sizeof noise, "wb");
    struct err err = refused(fixture.url, ERR_IO);
    cr_assert_not_null(strstr(err.text, "not a database"), "%s", err.text);
    size_t size;
    char *after = read_file(fixture.path, &size);
    cr_assert(size == sizeof noise && !memcmp(after, noise, size), "left as it was");
    free(after);
}

Test(sqlite, file_that_is_truncated)
{
    struct store *store = fixture_open(&fixture);
    for (int i = 0; i < 50; i++)
        put_delta(store, "m", i, "0123456789012345678901234567890123456789");
    store_close(store);
    cr_assert_eq(truncate(fixture.path, 8192), 0);
    refused(fixture.url, ERR_IO);
}

Test(sqlite, pages_that_are_damaged)
{
    struct store *store = fixture_open(&fixture);
    for (int i = 0; i < 200; i++)
        put_delta(store, "m", i, "0123456789012345678901234567890123456789");
    int64_t page = number_of(store, "SELECT rootpage FROM sqlite_schema WHERE name = 'pane_delta'");
    store_close(store);
    char noise[4096];
    memset(noise, 0xee, sizeof noise);
    FILE *file = fopen(fixture.path, "r+b");
    cr_assert_eq(fseek(file, (long)(page - 1) * 4096, SEEK_SET), 0);
    cr_assert_eq(fwrite(noise, 1, sizeof noise, file), sizeof noise);
    fclose(file);

    store = fixture_open(&fixture);
    struct text text = {0};
    struct err err = {0};
    int64_t mark = 77;
    cr_assert_eq(store_sync_deltas(store, "m", 0, 999, note_pane, &text, &mark, &err), ERR_IO);
    cr_assert_not_null(strstr(err.text, "could not read the deltas"), "%s", err.text);
    cr_assert_not_null(strstr(err.hint, "damaged"));
    cr_assert_eq(mark, 77, "untouched on failure");
    struct store_delta delta = make_delta("m", 0, "x");
    struct store_partition taken;
    expect_ok(store_sync_take_partition(store, "d", 0, 0, &taken, &why));
    struct store_advance advance = make_advance("d", 0, taken.epoch, taken.next_offset, 1);
    struct store_commit commit = {
        .advances = &advance, .advance_count = 1, .deltas = &delta, .delta_count = 1};
    expect_commit(store, &commit, STORE_FAILED);
    cr_assert_eq(number_of(store, "SELECT next_offset FROM partition_state"), 200, "rolled back");
    text_release(&text);
    store_close(store);
}

Test(sqlite, database_of_another_program)
{
    sqlite3 *other = NULL;
    cr_assert_eq(sqlite3_open(fixture.path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "CREATE TABLE verdict (x); INSERT INTO verdict VALUES (1)",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    sqlite3_close(other);
    size_t before_size, after_size;
    char *before = read_file(fixture.path, &before_size);
    struct err err = refused(fixture.url, ERR_INVALID);
    cr_assert_not_null(strstr(err.text, "not a store of leeway"));
    char *after = read_file(fixture.path, &after_size);
    cr_assert(before_size == after_size && !memcmp(before, after, after_size), "left as it was");
    free(before);
    free(after);
}

/* Root may do everything, so the test becomes nobody. */
static void become_nobody(void)
{
    if (geteuid() == 0)
        cr_assert_eq(seteuid(65534), 0);
}

static void become_root(void)
{
    if (getuid() == 0)
        cr_assert_eq(seteuid(0), 0);
}

Test(sqlite, file_that_cannot_be_written)
{
    struct store *store = fixture_open(&fixture);
    put_delta(store, "m", 0, "x");
    store_close(store);
    cr_assert_eq(chmod(fixture.path, 0444), 0);
    cr_assert_eq(chmod(fixture.directory, 0777), 0);
    become_nobody();
    struct err err = refused(fixture.url, ERR_IO);
    become_root();
    cr_assert_not_null(strstr(err.text, "Permission denied"), "%s", err.text);
    cr_assert_not_null(strstr(err.hint, "write to the file"));
}

Test(sqlite, directory_that_cannot_be_written)
{
    cr_assert_eq(chmod(fixture.directory, 0555), 0);
    become_nobody();
    struct err err = refused(fixture.url, ERR_IO);
    become_root();
    cr_assert_not_null(strstr(err.hint, "directory"), "%s: %s", err.text, err.hint);
    cr_assert_eq(chmod(fixture.directory, 0755), 0);
}

Test(sqlite, file_that_somebody_else_has_locked)
{
    struct store *store = fixture_open(&fixture);
    sqlite3_busy_timeout(handle_of(store), 0);
    sqlite3 *other = NULL;
    cr_assert_eq(sqlite3_open(fixture.path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct told told = {0};
    struct store_commit commit = {0};
    store_commit(store, &commit, tell, &told);
    expect_told(&told, STORE_UNAVAILABLE, __LINE__);
    cr_assert_str_eq(told.err.text, "could not commit counts: database is locked");
    cr_assert_str_eq(told.err.place, fixture.url);
    cr_assert_not_null(strstr(told.err.hint, "locked"));
    struct text text = {0};
    expect_ok(store_sync_partitions(store, note_partition, &text, &why)); /* reading goes on */
    sqlite3_close(other);
    expect_commit(store, &commit, STORE_DONE);
    store_close(store);
}

Test(sqlite, a_new_file_is_for_its_owner_only)
{
    struct err err = {0};
    struct stat status;
    umask(0);
    struct store *store = store_open(fixture.url, NULL, &err);
    cr_assert_not_null(store, "%s", err.text);
    cr_assert_eq(stat(fixture.path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0600);
    store_close(store);
    cr_assert_eq(chmod(fixture.path, 0640), 0);
    store = store_open(fixture.url, NULL, &err); /* what somebody has chosen stays */
    cr_assert_not_null(store, "%s", err.text);
    store_close(store);
    cr_assert_eq(stat(fixture.path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0640);
}
