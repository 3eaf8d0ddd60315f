/* Replaying files of every condition. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "source/source.h"
#include "support/random.h"

static char path[] = "/tmp/leeway-replay-XXXXXX";
static struct replay *replay;
static struct record record;
static struct err err;

static void set_up(void)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void tear_down(void)
{
    replay_close(replay);
    unlink(path);
}

TestSuite(replay, .init = set_up, .fini = tear_down);

static void write_bytes(const void *data, size_t size)
{
    FILE *file = fopen(path, "w");
    cr_assert_eq(fwrite(data, 1, size, file), size);
    fclose(file);
}

static void open_with(const void *data, size_t size, uint32_t line_max_bytes)
{
    write_bytes(data, size);
    replay_close(replay);
    replay = replay_open(path, "events", line_max_bytes, &err);
    cr_assert_not_null(replay, "%s", err.text);
}

static void open_text(const char *text)
{
    open_with(text, strlen(text), 1000);
}

static void expect_record(int32_t partition, int64_t offset, const char *value)
{
    cr_assert_eq(replay_next(replay, &record, &err), REPLAY_RECORD);
    cr_assert_eq(record.partition, partition);
    cr_assert_eq(record.offset, offset, "offset %lld", (long long)record.offset);
    cr_assert(bytes_equal(record.value, bytes_of(value)), "%.*s, not %s", (int)record.value.size,
              record.value.data, value);
}

static void expect_end(void)
{
    for (int i = 0; i < 2; i++)
        cr_assert_eq(replay_next(replay, &record, &err), REPLAY_END);
}

Test(replay, plain_events_get_line_numbers)
{
    open_text("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    expect_record(0, 0, "{\"a\":1}");
    cr_assert_str_eq(record.topic, "events");
    cr_assert_eq(record.broker_ms, INT64_MIN);
    expect_record(0, 1, "{\"a\":2}");
    expect_record(0, 2, "{\"a\":3}");
    expect_end();
}

Test(replay, ends_of_lines)
{
    open_text("{\"a\":1}\r\n\n  \t\n\r\n{\"a\":2}\r\n{\"a\":3}\r");
    expect_record(0, 0, "{\"a\":1}");
    expect_record(0, 4, "{\"a\":2}");
    expect_record(0, 5, "{\"a\":3}");
    expect_end();
    open_text("{\"a\":1}");
    expect_record(0, 0, "{\"a\":1}");
    expect_end();
    open_text("{\"a\":1}\r\r\n");
    expect_record(0, 0, "{\"a\":1}\r");
    expect_end();
}

Test(replay, nothing)
{
    open_text("");
    expect_end();
    open_text("\n\r\n\n");
    expect_end();
}

Test(replay, garbage_is_passed_on)
{
    static const char garbage[] = "\x1f\x8b\0\xff\n{\"a\":\nnull\n\0\n[1]\n";
    open_with(garbage, sizeof garbage - 1, 1000);
    cr_assert_eq(replay_next(replay, &record, &err), REPLAY_RECORD);
    cr_assert(bytes_equal(record.value, bytes_make("\x1f\x8b\0\xff", 4)));
    expect_record(0, 1, "{\"a\":");
    expect_record(0, 2, "null");
    cr_assert_eq(replay_next(replay, &record, &err), REPLAY_RECORD);
    cr_assert(bytes_equal(record.value, bytes_make("\0", 1)));
    expect_record(0, 4, "[1]");
    expect_end();
}

/* Made by hand after fmt_msg_output_json in kcat's json.c (edenhill/kcat, 157f9ddb). */
Test(replay, kcat_file)
{
    replay = replay_open(TEST_DATA "/source/kcat.ndjson", "events", 1000, &err);
    cr_assert_not_null(replay, "%s", err.text);
    expect_record(0, 0,
                  "{\"id\":\"a\",\"ts\":\"2023-11-14T22:13:20Z\",\"features\":{\"amount\":36.87,"
                  "\"channel\":\"web\"}}");
    cr_assert_str_eq(record.topic, "predictions");
    cr_assert_eq(record.broker_ms, 1700000000123);
    expect_record(1, 7, "{\"id\":\"b\",\"note\":\"quote \\\" and \\u00e9\"}");
    cr_assert_eq(record.broker_ms, 1700000000456);
    expect_record(0, 1, "");
    cr_assert_eq(record.broker_ms, INT64_MIN);
    expect_record(1, 9, "not json");
    expect_end();
}

Test(replay, events_and_envelopes_mixed)
{
    open_text("{\"a\":1}\n"
              "{\"topic\":\"t\",\"partition\":2,\"offset\":40,\"ts\":9,\"value\":{\"a\":2}}\r\n"
              "{\"partition\":1,\"a\":3}\n"
              "{\"partition\":2,\"offset\":41,\"payload\":\"{}\"}\n"
              "{\"partition\":2,\"offset\":42,\"value\":{oops}\n");
    expect_record(0, 0, "{\"a\":1}");
    expect_record(2, 40, "{\"a\":2}");
    cr_assert_str_eq(record.topic, "t");
    cr_assert_eq(record.broker_ms, 9);
    expect_record(0, 2, "{\"partition\":1,\"a\":3}");
    cr_assert_str_eq(record.topic, "events");
    expect_record(2, 41, "{}");
    cr_assert_str_eq(record.topic, "events");
    expect_record(2, 42, "{oops");
    expect_end();
}

/* A text of `size` bytes, then "\n{\"b\":1}\n". */
static void open_long(size_t size, const char *end, uint32_t line_max_bytes)
{
    struct text text = {0};
    for (size_t i = 0; i < size; i++)
        text_add(&text, i % 1000 ? "x" : "X", 1);
    text_puts(&text, end);
    text_puts(&text, "\n{\"b\":1}\n");
    open_with(text.data, text.size, line_max_bytes);
    text_release(&text);
}

Test(replay, long_lines_are_cut)
{
    static const size_t sizes[] = {98, 99, 100, 101, 102, 103, 1000, 262144, 262243, 1000000};
    static const char *const ends[] = {"", "\r"};
    for (unsigned i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i / 2];
        open_long(size, ends[i % 2], 100);
        cr_assert_eq(replay_next(replay, &record, &err), REPLAY_RECORD);
        cr_assert_eq(record.value.size, size > 100 ? 101 : size, "%zu: %zu", size,
                     record.value.size);
        cr_assert_eq(record.value.data[0], 'X');
        expect_record(0, 1, "{\"b\":1}");
        expect_end();
    }
}

/* A line of exactly the allowed length whose "\r\n" comes with the next read. */
Test(replay, the_longest_line_at_the_border_of_the_buffer)
{
    char longest[101];
    memset(longest, 'y', 100);
    longest[100] = '\0';
    for (size_t before = 262140; before < 262150; before++) {
        struct text text = {0};
        for (size_t i = 0; i < before; i++)
            text_add(&text, "x", 1);
        text_printf(&text, "\n%s\r\n{}\n", longest);
        open_with(text.data, text.size, 100);
        cr_assert_eq(replay_next(replay, &record, &err), REPLAY_RECORD);
        expect_record(0, 1, longest);
        expect_record(0, 2, "{}");
        expect_end();
        text_release(&text);
    }
}

Test(replay, a_long_line_at_the_end)
{
    char *spaces = mem_new(700000, 1);
    memset(spaces, ' ', 700000);
    open_with(spaces, 700000, 100);
    /* Not blank: what was cut off may be anything. */
    cr_assert_eq(replay_next(replay, &record, &err), REPLAY_RECORD);
    cr_assert_eq(record.value.size, 101);
    expect_end();
    free(spaces);
}

/* Lines of random length across the buffer's borders, against what was written. */
Test(replay, no_line_is_lost_or_changed)
{
    enum { LINES = 3000 };
    struct random random = random_new(62);
    struct text text = {0};
    size_t sizes[LINES];
    for (int i = 0; i < LINES; i++) {
        sizes[i] = random_below(&random, random_below(&random, 20) ? 300 : 5000);
        for (size_t n = 0; n < sizes[i]; n++)
            text_add(&text, &"0123456789"[(unsigned)(i + (int)n) % 10], 1);
        text_add(&text, "\n", 1);
    }
    open_with(text.data, text.size, 3000);
    int64_t read_bytes, total_bytes;
    for (int i = 0; i < LINES; i++) {
        if (!sizes[i])
            continue;
        cr_assert_eq(replay_next(replay, &record, &err), REPLAY_RECORD);
        cr_assert_eq(record.offset, i);
        cr_assert_eq(record.value.size, sizes[i] > 3000 ? 3001 : sizes[i]);
        for (size_t n = 0; n < record.value.size; n++)
            cr_assert_eq(record.value.data[n], '0' + (i + (int)n) % 10);
        replay_progress(replay, &read_bytes, &total_bytes);
        cr_assert_leq(read_bytes, total_bytes);
    }
    expect_end();
    replay_progress(replay, &read_bytes, &total_bytes);
    cr_assert_eq(read_bytes, (int64_t)text.size);
    cr_assert_eq(total_bytes, (int64_t)text.size);
    text_release(&text);
}

Test(replay, scan_counts_partitions_and_rewinds)
{
    open_text("{\"topic\":\"b\",\"partition\":1,\"offset\":5,\"value\":{}}\n"
              "{\"topic\":\"a\",\"partition\":10,\"offset\":7,\"value\":{}}\n"
              "{\"topic\":\"b\",\"partition\":1,\"offset\":9,\"value\":{}}\n"
              "{\"topic\":\"a\",\"partition\":2,\"offset\":3,\"value\":{}}\n"
              "{\"topic\":\"b\",\"partition\":1,\"offset\":4,\"value\":{}}\n"
              "{\"plain\":1}\n");
    static const struct replay_partition want[] = {
        {"a", 2, 3, 3, 1}, {"a", 10, 7, 7, 1}, {"b", 1, 4, 9, 3}, {"events", 0, 5, 5, 1}};
    struct replay_partition *partitions;
    uint32_t count;
    expect_record(1, 5, "{}");
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(replay_scan(replay, &partitions, &count, &err), 0, "%s", err.text);
        cr_assert_eq(count, 4);
        for (uint32_t i = 0; i < count; i++) {
            cr_assert_str_eq(partitions[i].topic, want[i].topic);
            cr_assert_eq(partitions[i].partition, want[i].partition);
            cr_assert_eq(partitions[i].first_offset, want[i].first_offset);
            cr_assert_eq(partitions[i].last_offset, want[i].last_offset);
            cr_assert_eq(partitions[i].records, want[i].records);
        }
        replay_partitions_free(partitions, count);
        expect_record(1, 5, "{}");
        cr_assert_str_eq(record.topic, "b");
    }
    open_text("");
    cr_assert_eq(replay_scan(replay, &partitions, &count, &err), 0);
    cr_assert_eq(count, 0);
    replay_partitions_free(partitions, count);
}

Test(replay, scan_has_a_ceiling)
{
    struct text text = {0};
    struct replay_partition *partitions;
    uint32_t count;
    for (int i = 0; i <= REPLAY_PARTITIONS_MAX; i++)
        text_printf(&text, "{\"partition\":%d,\"offset\":0,\"value\":{}}\n",
                    (int)((unsigned)i * 7919u % 65536u));
    open_with(text.data, text.size, 1000);
    cr_assert_eq(replay_scan(replay, &partitions, &count, &err), ERR_LIMIT);
    text_release(&text);
}

static void expect_failure(const char *name, int code, const char *words)
{
    cr_assert_null(replay_open(name, "events", 1000, &err));
    cr_assert_eq(err.code, code, "%s: %d %s", name, err.code, err.text);
    cr_assert(strstr(err.text, words), "\"%s\" does not say \"%s\"", err.text, words);
}

Test(replay, files_that_cannot_be_replayed)
{
    expect_failure("/tmp", ERR_INVALID, "/tmp is a directory");
    expect_failure("/nonexistent/events.ndjson", ERR_NOT_FOUND, "/nonexistent/events.ndjson");
    expect_failure("", ERR_NOT_FOUND, "could not open");
    expect_failure("events.ndjson.gz", ERR_UNSUPPORTED, "compressed");
    cr_assert(strstr(err.hint, "zcat events.ndjson.gz | leeway"));
    expect_failure("/dev/null/x", ERR_IO, "could not open");
    replay_close(NULL);
}

Test(replay, an_unreadable_file)
{
    if (geteuid() == 0)
        cr_skip_test("root may read everything");
    chmod(path, 0);
    expect_failure(path, ERR_IO, path);
}

Test(replay, a_read_error_is_an_error_and_stays_one)
{
    /* Address 0 of a process is not mapped: read says EIO. */
    replay = replay_open("/proc/self/mem", "events", 1000, &err);
    cr_assert_not_null(replay, "%s", err.text);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(replay_next(replay, &record, &err), REPLAY_ERROR);
        cr_assert(strstr(err.text, "could not read /proc/self/mem"), "%s", err.text);
    }
    struct replay_partition *partitions;
    uint32_t count;
    cr_assert_eq(replay_scan(replay, &partitions, &count, &err), ERR_IO);
}

Test(replay, standard_input)
{
    int64_t read_bytes, total_bytes;
    struct replay_partition *partitions;
    uint32_t count;
    write_bytes("{\"a\":1}\n{\"a\":2}", 15);
    cr_assert_not_null(freopen(path, "r", stdin));
    replay = replay_open("-", "events", 1000, &err);
    cr_assert_not_null(replay, "%s", err.text);
    cr_assert_eq(replay_scan(replay, &partitions, &count, &err), ERR_UNSUPPORTED);
    cr_assert(strstr(err.text, "standard input"));
    expect_record(0, 0, "{\"a\":1}");
    expect_record(0, 1, "{\"a\":2}");
    expect_end();
    replay_progress(replay, &read_bytes, &total_bytes);
    cr_assert_eq(read_bytes, 15);
    cr_assert_eq(total_bytes, -1);
}

Test(replay, a_pipe)
{
    struct replay_partition *partitions;
    uint32_t count;
    int ends[2];
    char name[32];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "{\"a\":1}\n{\"a\"", 12), 12);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    replay = replay_open(name, "events", 1000, &err);
    cr_assert_not_null(replay, "%s", err.text);
    cr_assert_eq(replay_scan(replay, &partitions, &count, &err), ERR_UNSUPPORTED);
    expect_record(0, 0, "{\"a\":1}");
    cr_assert_eq(write(ends[1], ":2}", 3), 3);
    close(ends[1]);
    expect_record(0, 1, "{\"a\":2}");
    expect_end();
    close(ends[0]);
}
