/* What the files of metrics share. */
#ifndef LEEWAY_APP_METRICS_INTERNAL_H
#define LEEWAY_APP_METRICS_INTERNAL_H

#include "app/metrics.h"
#include "app/metrics_verdicts.h"

enum { INCIDENT_SEVERITIES = RULE_CRITICAL - RULE_INFO + 1 };

/* Open incidents of one monitor by severity, info first. */
struct incident_counts {
    int64_t open[INCIDENT_SEVERITIES];
};

/* Alarms of one monitor's e-detectors. */
struct alarm_counts {
    int64_t alarms, latest_ms; /* of event time; TIME_NONE: none */
};

struct receiver_counts {
    int64_t attempts, failed, withheld;
    int64_t delivered_unix_ms; /* the latest success; 0: none */
    bool known;
    int64_t messages[DELIVERY_STATES];
};

struct metrics {
    const struct setup *setup;
    bool reload_failed; /* the latest one */
    int64_t loaded_unix_ms;
    struct verdict_book verdicts;
    bool asked, up, heard; /* the store: asked at all; answered the last time; at any time */
    int64_t heard_unix_ms, took_ms;
    struct store_stats stats; /* as last heard */
    bool incidents_known;
    struct incident_counts *incidents, *reading; /* one for each monitor */
    struct alarm_counts *alarms;                 /* one for each monitor */
    struct receiver_counts *receivers;           /* one for each receiver */
};

/* Families of the store and of what is told (metrics_store.c). */
void metrics_write_store(const struct metrics *metrics, struct families *families);
void metrics_write_notifications(const struct metrics *metrics, struct families *families);

#endif
