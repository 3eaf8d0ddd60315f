/* Log lines, as they come out of standard error. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/utf8.h"
#include "sys/file.h"
#include "sys/log.h"

static int kept;
static FILE *captured;
static char written[8192];

/* Standard error goes to a file without a name until the text is taken. */
static void capture(void)
{
    captured = tmpfile();
    kept = dup(STDERR_FILENO);
    cr_assert(captured && kept >= 0 && dup2(fileno(captured), STDERR_FILENO) >= 0);
}

/* What was written, without the times. */
static const char *taken(void)
{
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(captured);
    size_t size = fread(written, 1, sizeof written - 1, captured);
    written[size] = '\0';
    fclose(captured);
    cr_assert(utf8_valid(bytes_make(written, size)));
    for (char *at = written; (at = strstr(at, "20")) && at[4] == '-';) {
        char *end = at + strcspn(at, " \"");
        memmove(at, end, strlen(end) + 1);
    }
    return written;
}

Test(log, logfmt)
{
    capture();
    log_info("listening", "address", "127.0.0.1:9464", "note", "two words", "empty", "");
    log_error("failed", "why", NULL);
    cr_assert_str_eq(taken(),
                     "ts= level=info msg=listening address=127.0.0.1:9464 note=\"two words\" "
                     "empty=\"\"\nts= level=error msg=failed why=\"\"\n");
}

Test(log, json)
{
    cr_assert(log_setup("debug", "json"));
    capture();
    log_debug("started");
    log_warning("two words", "key", "a \"quoted\" \\ value");
    cr_assert_str_eq(taken(), "{\"ts\":\"\",\"level\":\"debug\",\"msg\":\"started\"}\n"
                              "{\"ts\":\"\",\"level\":\"warning\",\"msg\":\"two words\","
                              "\"key\":\"a \\\"quoted\\\" \\\\ value\"}\n");
}

Test(log, instants_are_written)
{
    capture();
    log_info("x");
    dup2(kept, STDERR_FILENO);
    rewind(captured);
    char line[128] = "";
    struct event_time time;
    cr_assert_not_null(fgets(line, sizeof line, captured));
    cr_assert_eq(strncmp(line, "ts=", 3), 0);
    cr_assert(event_time_parse(bytes_make(line + 3, strcspn(line + 3, " ")), &time), "%s", line);
    fclose(captured);
}

Test(log, nothing_from_outside_forges_a_line)
{
    capture();
    log_info("received", "topic", "a\nts=2026 level=error msg=forged", "escape", "\x1b[2J",
             "delete", "a\x7f", "equals", "a=b", "tab", "a\tb", "quote", "a\"b");
    cr_assert_str_eq(taken(),
                     "ts= level=info msg=received "
                     "topic=\"a\\u000ats=2026 level=error msg=forged\" escape=\"\\u001b[2J\" "
                     "delete=\"a\\u007f\" equals=\"a=b\" tab=\"a\\u0009b\" quote=\"a\\\"b\"\n");
}

Test(log, what_is_no_utf8_is_replaced)
{
    capture();
    log_info("received", "bad",
             "a\xff"
             "b\xe2\x82",
             "good", "\xe2\x82\xac");
    log_setup("info", "json");
    log_info("received", "bad", "\xc0\x80");
    cr_assert_str_eq(taken(), "ts= level=info msg=received bad=\"a\\ufffdb\\ufffd\" "
                              "good=\xe2\x82\xac\n"
                              "{\"ts\":\"\",\"level\":\"info\",\"msg\":\"received\","
                              "\"bad\":\"\\ufffd\\ufffd\"}\n");
}

/* 256 bytes of a value, and no half character at the cut. */
Test(log, long_values_are_cut)
{
    struct text value = {0};
    for (int i = 0; i < 1000; i++)
        text_puts(&value, "\xe2\x82\xac");
    capture();
    log_info("x", "long", value.data);
    const char *at = strstr(taken(), "long=\"");
    cr_assert_not_null(at);
    cr_assert_eq(strcspn(at + 6, "\""), 255);
    text_release(&value);
}

Test(log, levels)
{
    cr_assert(log_setup("warning", "logfmt"));
    capture();
    log_debug("no");
    log_info("no");
    log_warning("yes");
    log_error("yes");
    cr_assert_str_eq(taken(), "ts= level=warning msg=yes\nts= level=error msg=yes\n");
}

Test(log, unknown_names_change_nothing)
{
    cr_assert(log_setup("error", "json"));
    cr_assert_not(log_setup("loud", "json"));
    cr_assert_not(log_setup("error", "xml"));
    cr_assert_not(log_setup("", ""));
    capture();
    log_warning("no");
    log_error("yes");
    cr_assert_str_eq(taken(), "{\"ts\":\"\",\"level\":\"error\",\"msg\":\"yes\"}\n");
}

Test(log, error_values)
{
    struct err err;
    err_set(&err, ERR_IO, "could not open %s", "/a");
    err_place(&err, "a.yaml:1:2");
    err_hint(&err, "Do this.");
    capture();
    log_err(LOG_ERROR_LEVEL, "failed", &err);
    cr_assert_str_eq(taken(), "ts= level=error msg=failed error=\"could not open /a\" "
                              "place=a.yaml:1:2 hint=\"Do this.\"\n");
}

/* A closed standard error is no reason to stop. */
Test(log, nobody_listens)
{
    capture();
    close(STDERR_FILENO);
    log_error("lost");
    cr_assert_str_eq(taken(), "");
}
