/* A CSV in place of events, a `match` that fits nothing, the second file of a topic: each ends in
 * counts that are right and in silence, which reads like "all is well". Here is said what is odd.
 * It refuses to know where the records came from. */
#include "app/complaint.h"

#include <inttypes.h>

static const char *main_reason(const struct ingest_totals *totals)
{
    int most = DECODE_OK;
    for (int i = DECODE_OK + 1; i < DECODE_RESULT_COUNT; i++)
        if (most == DECODE_OK || totals->decode_results[i] > totals->decode_results[most])
            most = i;
    return decode_result_name((enum decode_result)most);
}

static int refused(const struct ingest_totals *totals, int code, struct err *reterr)
{
    err_set(reterr, code, "%" PRId64 " records were refused, most of them because of: %s",
            totals->records[DISPOSED_QUARANTINED], main_reason(totals));
    err_hint(reterr, "Events are JSON objects, one a line; CSV is for baselines only.");
    return code;
}

static int none_counted(const struct ingest_totals *totals, struct err *reterr)
{
    const int64_t *records = totals->records;
    int64_t untimely = records[DISPOSED_LATE] + records[DISPOSED_BAD_TIME];
    if (records[DISPOSED_QUARANTINED] > records[DISPOSED_NOT_MONITORED] + untimely)
        return refused(totals, ERR_INVALID, reterr);
    if (records[DISPOSED_NOT_MONITORED] >= untimely) {
        err_set(reterr, ERR_INVALID, "no record belongs to a monitor");
        err_hint(reterr, "Compare `topics` and `match` of the monitors with the records; --topic "
                         "names the topic of lines that name none.");
    } else {
        err_set(reterr, ERR_INVALID, "no record was counted: late %" PRId64 ", bad time %" PRId64,
                records[DISPOSED_LATE], records[DISPOSED_BAD_TIME]);
        err_hint(reterr, "Look at `event: { time: … }` of the monitors, and at `lateness`.");
    }
    return ERR_INVALID;
}

int complaint(const struct ingest_totals *totals, struct err *reterr)
{
    int64_t seen = 0, counted = totals->records[DISPOSED_COUNTED];
    for (int i = 0; i < DISPOSITIONS; i++)
        seen += totals->records[i];
    if (seen > 0 && counted == 0)
        return none_counted(totals, reterr);
    if (totals->repeated > 0) {
        err_set(reterr, ERR_CONFLICT,
                "%" PRId64 " records were passed over: the store has counted their offsets before",
                totals->repeated);
        err_hint(reterr, "Right for the same file again. Another file needs another store, or "
                         "lines that say topic, partition and offset.");
        return ERR_CONFLICT;
    }
    if (totals->records[DISPOSED_QUARANTINED] > counted)
        return refused(totals, ERR_LIMIT, reterr);
    return 0;
}
