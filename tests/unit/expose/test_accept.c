#include <criterion/criterion.h>

#include "expose/accept.h"

static void text(const char *accept)
{
    cr_assert_eq(accept_metrics(accept), FAMILIES_TEXT, "%s", accept ? accept : "no header");
}

static void open_metrics(const char *accept)
{
    cr_assert_eq(accept_metrics(accept), FAMILIES_OPENMETRICS, "%s", accept);
}

/* As sent by 2.42 (seen on the wire) and, after scrape/scrape.go, by 3.x with each of its
 * scrape_protocols first. */
Test(accept, what_prometheus_sends)
{
    open_metrics("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
                 "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
    open_metrics("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                 "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
                 "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
    text("text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,"
         "*/*;q=0.2");
    text("text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
    text("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
         "encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3,*/*;q=0.1");
}

Test(accept, what_people_and_browsers_send)
{
    text(NULL);
    text("");
    text("*/*");
    text("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    text("application/json");
    text("text/plain");
    open_metrics("application/openmetrics-text");
    open_metrics("APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=0.1");
    open_metrics("application/openmetrics-text, text/plain");
}

Test(accept, weights)
{
    text("application/openmetrics-text;q=0");
    text("application/openmetrics-text;q=0, */*");
    text("application/openmetrics-text;q=0.4, text/plain;q=0.5");
    open_metrics("application/openmetrics-text;q=0.501, text/plain;q=0.5");
    open_metrics("text/plain;q=0, application/openmetrics-text;q=0.001");
    /* the most specific range counts, not the highest weight */
    text("application/openmetrics-text;q=0.2, application/*;q=0.9, text/plain;q=0.5");
    open_metrics("application/*;q=0.9, text/*;q=0.5");
    text("application/*, text/*");
    text("application/openmetrics-text;version=0.0.1");
    text("application/openmetrics-text;version=2.0.0;q=1, text/plain;q=0.1");
    open_metrics("application/openmetrics-text;version=2.0.0;q=1, "
                 "application/openmetrics-text;version=1.0.0;q=0.5, text/plain;q=0.1");
}

Test(accept, rubbish)
{
    text(",");
    text(";;;,,,=;q=;,");
    text("application/openmetrics-text;q=");
    text("application/openmetrics-text;q=x");
    text("application/openmetrics-text;q=0.x");
    text("application/openmetrics-text;q=-1");
    text("application/openmetrics-text;q=2");
    text("application/openmetrics-text;q=\"");
    text("text/plain;x=\",application/openmetrics-text\"");
    text("text/plain;x=\",application/openmetrics-text");
    text("text/plain;x=\"\\");
    text("application/openmetrics-textual");
    text("application/openmetrics-tex");
    open_metrics("nonsense, application/openmetrics-text;q=1.7");
    open_metrics("application/openmetrics-text;q=0.00000000000000000000000000001, text/plain;q=0, "
                 "application/openmetrics-text;q=1");
    char large[8000];
    memset(large, ',', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    text(large);
    memset(large, ';', sizeof large - 1);
    text(large);
}
