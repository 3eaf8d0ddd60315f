/* What requests ask for, and every way to get it wrong. */
#include "source/http_ask.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct http_ask ask;
static struct err err;
static const char *const names[] = {"fraud", "churn.v2", "a_B-3"};
static struct http_topics topics = {names, 3};

#define NDJSON "Content-Type: application/x-ndjson\r\nContent-Length: 10\r\n"

/* "POST path", headers with their line ends. */
static int ask_for(const char *line, const char *headers)
{
    struct text text = {0};
    struct http_head head;
    text_printf(&text, "%s HTTP/1.1\r\nHost: a\r\n%s\r\n", line, headers);
    cr_assert_eq(http_head_parse(bytes_make(text.data, text.size), &head).status, 0);
    err = (struct err){0};
    ask = (struct http_ask){.topic = "none"};
    int status = http_ask_read(&head, &topics, 1000, &ask, &err);
    cr_assert_eq(status != 0, err.text[0] != '\0', "%d: %s", status, err.text);
    text_release(&text);
    return status;
}

static void expect(int status, const char *line, const char *headers, const char *why)
{
    cr_expect_eq(ask_for(line, headers), status, "%s, %s: %s", line, headers, err.text);
    cr_expect(strstr(err.text, why), "%s: \"%s\", not \"%s\"", line, err.text, why);
    cr_expect_str_eq(ask.topic, "none");
}

Test(http_ask, topics)
{
    cr_assert_eq(ask_for("POST /v1/events/fraud", NDJSON), 0);
    cr_assert_str_eq(ask.topic, "fraud");
    cr_assert_eq(ask_for("POST /v1/events/churn.v2", NDJSON), 0);
    cr_assert_eq(ask_for("POST /v1/events/a_B-3", NDJSON), 0);
    expect(404, "POST /v1/events/Fraud", NDJSON, "no monitor has the topic \"Fraud\"");
    cr_assert_str_eq(err.hint, "Topics: fraud, churn.v2, a_B-3.");
    expect(404, "POST /v1/events/fraud/", NDJSON, "no monitor has");
    expect(404, "POST /v1/events/frau", NDJSON, "no monitor has");
    expect(404, "POST /v1/events/frau%64", NDJSON, "no monitor has");
    expect(400, "POST /v1/events", NDJSON, "there are 3 topics: name one, as in /v1/events/TOPIC");
    cr_assert_str_eq(err.hint, "Topics: fraud, churn.v2, a_B-3.");
    expect(400, "POST /v1/events/", NDJSON, "there are 3 topics");
}

Test(http_ask, the_only_topic)
{
    topics.count = 1;
    cr_assert_eq(ask_for("POST /v1/events", NDJSON), 0);
    cr_assert_str_eq(ask.topic, "fraud");
    cr_assert_eq(ask_for("POST /v1/events/", NDJSON), 0);
    cr_assert_eq(ask_for("POST /v1/events/fraud", NDJSON), 0);
    expect(404, "POST /v1/events/churn.v2", NDJSON, "no monitor has");
    topics.count = 0;
    expect(400, "POST /v1/events", NDJSON, "there are 0 topics");
    cr_assert_str_eq(err.hint, "Topics: none.");
}

Test(http_ask, a_long_list_is_cut)
{
    static char many[100][32];
    static const char *pointers[100];
    for (int i = 0; i < 100; i++) {
        snprintf(many[i], sizeof many[i], "a-topic-with-number-%d", i);
        pointers[i] = many[i];
    }
    topics = (struct http_topics){pointers, 100};
    expect(400, "POST /v1/events", NDJSON, "there are 100 topics");
    cr_assert(strstr(err.hint, "….") != NULL, "%s", err.hint);
}

Test(http_ask, paths_and_methods)
{
    static const char *const others[] = {"POST /",           "POST /v1/event",
                                         "POST /v1/eventsX", "POST /V1/EVENTS",
                                         "GET /metrics",     "POST /v1/../v1/events"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        expect(404, others[i], NDJSON, "not found; events go to /v1/events");
    expect(405, "GET /v1/events/fraud", "", "use POST");
    expect(405, "PUT /v1/events/fraud", NDJSON, "use POST");
    expect(405, "post /v1/events/fraud", NDJSON, "use POST");
    expect(405, "OPTIONS /v1/events/fraud", "Origin: http://x\r\n", "use POST");
}

Test(http_ask, web_pages)
{
    expect(403, "POST /v1/events/fraud", NDJSON "Origin: http://evil.example\r\n", "web pages");
    expect(403, "POST /v1/events/fraud", NDJSON "oRIGIN: null\r\n", "web pages");
    expect(403, "POST /v1/events/fraud", NDJSON "Origin:\r\n", "web pages");
}

Test(http_ask, queries)
{
    cr_assert_eq(ask_for("POST /v1/events/fraud", NDJSON), 0);
    cr_assert(ask.wait);
    cr_assert_not(ask.skip);
    cr_assert_eq(ask_for("POST /v1/events/fraud?wait=none", NDJSON), 0);
    cr_assert_not(ask.wait);
    cr_assert_eq(ask_for("POST /v1/events/fraud?", NDJSON), 0);
    cr_assert_eq(ask_for("POST /v1/events/fraud?&&", NDJSON), 0);
    expect(400, "POST /v1/events/fraud?wait=None", NDJSON, "wait=none and gap=skip");
    expect(400, "POST /v1/events/fraud?wait", NDJSON, "wait=none");
    expect(400, "POST /v1/events/fraud?wait=none&x=1", NDJSON, "wait=none");
    expect(400, "POST /v1/events/fraud?gap=skip", NDJSON, "gap=skip is for numbered batches");
}

static enum http_format format_of(const char *headers)
{
    struct text text = {0};
    text_printf(&text, "Content-Length: 1\r\n%s", headers);
    cr_assert_eq(ask_for("POST /v1/events/fraud", text.data), 0, "%s: %s", headers, err.text);
    text_release(&text);
    return ask.format;
}

Test(http_ask, types)
{
    cr_assert_eq(format_of("Content-Type: application/x-ndjson\r\n"), HTTP_LINES);
    cr_assert_eq(format_of("Content-Type: application/ndjson\r\n"), HTTP_LINES);
    cr_assert_eq(format_of("Content-Type: text/plain; charset=UTF-8\r\n"), HTTP_LINES);
    cr_assert_eq(format_of("Content-Type: Application/JSON\r\n"), HTTP_JSON);
    cr_assert_eq(format_of("Content-Type: application/json ; x=y;charset=\"utf-8\"\r\n"),
                 HTTP_JSON);
    cr_assert_eq(format_of("Content-Type: application/cloudevents+json; charset=utf-8\r\n"),
                 HTTP_CLOUD);
    cr_assert_eq(format_of("Content-Type: application/cloudevents-batch+json\r\n"),
                 HTTP_CLOUD_BATCH);
    expect(415, "POST /v1/events/fraud", "Content-Length: 1\r\n", "Content-Type must be");
    expect(415, "POST /v1/events/fraud", "Content-Length: 1\r\nContent-Type:\r\n", "must be");
    expect(415, "POST /v1/events/fraud",
           "Content-Length: 1\r\nContent-Type: application/x-www-form-urlencoded\r\n", "must be");
    expect(415, "POST /v1/events/fraud", "Content-Length: 1\r\nContent-Type: application/jsonx\r\n",
           "must be");
    expect(415, "POST /v1/events/fraud",
           "Content-Length: 1\r\nContent-Type: application/json; charset=latin1\r\n",
           "JSON is UTF-8");
    expect(400, "POST /v1/events/fraud",
           "Content-Length: 1\r\nContent-Type: application/json\r\nContent-type: text/plain\r\n",
           "given twice");
}

/* Binary mode: the headers say that it is one event, whatever the type. */
Test(http_ask, binary_cloud_events)
{
    cr_assert_eq(format_of("Ce-Specversion: 1.0\r\nContent-Type: application/json\r\n"), HTTP_DATA);
    cr_assert_eq(format_of("ce-specversion: 1.0\r\n"), HTTP_DATA);
    cr_assert_eq(format_of("ce-specversion: 1.0\r\nContent-Type: application/octet-stream\r\n"),
                 HTTP_DATA);
    cr_assert_eq(format_of("ce-specversion: 1.0\r\nContent-Type: application/cloudevents+json\r\n"),
                 HTTP_CLOUD);
    expect(415, "POST /v1/events/fraud",
           "Content-Length: 1\r\nce-specversion: 1.0\r\n"
           "Content-Type: application/cloudevents+avro\r\n",
           "must be");
    format_of("ce-specversion: 1.0\r\nce-time: 1970-01-01T00:00:02Z\r\n");
    cr_assert_eq(ask.time_ms, 2000);
    format_of("ce-specversion: 1.0\r\nce-time: soon\r\n");
    cr_assert_eq(ask.time_ms, INT64_MIN);
    format_of("Content-Type: application/json\r\nce-time: 1970-01-01T00:00:02Z\r\n");
    cr_assert_eq(ask.time_ms, INT64_MIN);
}

Test(http_ask, codings)
{
    cr_assert_eq(ask_for("POST /v1/events/fraud", NDJSON), 0);
    cr_assert_not(ask.gzip);
    cr_assert_eq(ask_for("POST /v1/events/fraud", NDJSON "Content-Encoding: GZIP\r\n"), 0);
    cr_assert(ask.gzip);
    cr_assert_eq(ask_for("POST /v1/events/fraud", NDJSON "Content-Encoding: identity\r\n"), 0);
    cr_assert_not(ask.gzip);
    expect(415, "POST /v1/events/fraud", NDJSON "Content-Encoding: deflate\r\n", "is gzip");
    expect(415, "POST /v1/events/fraud", NDJSON "Content-Encoding: gzip, gzip\r\n", "is gzip");
    expect(400, "POST /v1/events/fraud",
           NDJSON "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", "given twice");
}

Test(http_ask, numbered)
{
    cr_assert_eq(ask_for("POST /v1/events/fraud", NDJSON), 0);
    cr_assert_eq(ask.partition, -1);
    cr_assert_eq(ask.offset, -1);
    cr_assert_eq(ask_for("POST /v1/events/fraud?gap=skip",
                         NDJSON "Leeway-Partition: 1023\r\nleeway-offset: 123456789012345678\r\n"),
                 0);
    cr_assert_eq(ask.partition, 1023);
    cr_assert_eq(ask.offset, 123456789012345678);
    cr_assert(ask.skip);
    static const char *const bad[][2] = {
        {"Leeway-Partition: 0\r\nLeeway-Offset: 0\r\n", "from 1 to 1023"},
        {"Leeway-Partition: 1024\r\nLeeway-Offset: 0\r\n", "from 1 to 1023"},
        {"Leeway-Partition: -1\r\nLeeway-Offset: 0\r\n", "from 1 to 1023"},
        {"Leeway-Partition: 1.0\r\nLeeway-Offset: 0\r\n", "from 1 to 1023"},
        {"Leeway-Partition:\r\nLeeway-Offset: 0\r\n", "from 1 to 1023"},
        {"Leeway-Partition: 99999999999999999999\r\nLeeway-Offset: 0\r\n", "from 1 to 1023"},
        {"Leeway-Partition: 1\r\nLeeway-Partition: 1\r\nLeeway-Offset: 0\r\n", "one number"},
        {"Leeway-Partition: 1\r\nLeeway-Offset: -5\r\n", "at most 18 digits"},
        {"Leeway-Partition: 1\r\nLeeway-Offset: 1e3\r\n", "at most 18 digits"},
        {"Leeway-Partition: 1\r\nLeeway-Offset: 1234567890123456789\r\n", "at most 18 digits"},
        {"Leeway-Partition: 1\r\nLeeway-Offset: 1\r\nLeeway-Offset: 2\r\n", "one number"},
        {"Leeway-Partition: 1\r\n", "go together"},
        {"Leeway-Offset: 1\r\n", "go together"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct text text = {0};
        text_printf(&text, NDJSON "%s", bad[i][0]);
        expect(400, "POST /v1/events/fraud", text.data, bad[i][1]);
        text_release(&text);
    }
    expect(400, "POST /v1/events/fraud?wait=none",
           NDJSON "Leeway-Partition: 1\r\nLeeway-Offset: 1\r\n", "does not go with numbered");
}

Test(http_ask, lengths)
{
#define TYPE "Content-Type: text/plain\r\n"
    expect(411, "POST /v1/events/fraud", TYPE, "Content-Length is missing");
    expect(413, "POST /v1/events/fraud", TYPE "Content-Length: 1001\r\n", "at most 1000 bytes");
    cr_assert_eq(ask_for("POST /v1/events/fraud", TYPE "Content-Length: 1000\r\n"), 0);
    cr_assert_eq(ask_for("POST /v1/events/fraud", TYPE "Content-Length: 0\r\n"), 0);
    cr_assert_eq(ask_for("POST /v1/events/fraud", TYPE "Transfer-Encoding: chunked\r\n"), 0);
}
