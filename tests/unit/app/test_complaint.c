#include <criterion/criterion.h>
#include <string.h>

#include "app/complaint.h"

static int complain(const struct ingest_totals *totals, struct err *ret_err)
{
    *ret_err = (struct err){0};
    int code = complaint(totals, ret_err);
    cr_assert_eq(code, ret_err->code);
    cr_assert_eq(code != 0, ret_err->hint[0] != '\0');
    cr_assert_lt(strlen(ret_err->hint), sizeof ret_err->hint - 1, "not cut off");
    return code;
}

Test(complaint, nothing_to_say)
{
    struct err err;
    cr_assert_eq(complain(&(struct ingest_totals){0}, &err), 0, "an empty file");
    cr_assert_eq(complain(&(struct ingest_totals){.records = {[DISPOSED_COUNTED] = 1,
                                                              [DISPOSED_QUARANTINED] = 1,
                                                              [DISPOSED_LATE] = 9,
                                                              [DISPOSED_NOT_MONITORED] = 9}},
                          &err),
                 0);
}

Test(complaint, a_file_that_is_no_events)
{
    struct err err;
    struct ingest_totals totals = {.records = {[DISPOSED_QUARANTINED] = 5001},
                                   .decode_results = {[DECODE_SYNTAX] = 5000, [DECODE_UTF8] = 1}};
    cr_assert_eq(complain(&totals, &err), ERR_INVALID);
    cr_assert(strstr(err.text, "5001") && strstr(err.text, decode_result_name(DECODE_SYNTAX)));
    cr_assert(strstr(err.hint, "CSV"));
    totals.records[DISPOSED_COUNTED] = 5000;
    cr_assert_eq(complain(&totals, &err), ERR_LIMIT, "more refused than counted");
}

Test(complaint, records_of_nobody_and_of_no_time)
{
    struct err err;
    cr_assert_eq(complain(&(struct ingest_totals){.records = {[DISPOSED_NOT_MONITORED] = 7}}, &err),
                 ERR_INVALID);
    cr_assert(strstr(err.hint, "`match`"));
    cr_assert_eq(complain(&(struct ingest_totals){.records = {[DISPOSED_BAD_TIME] = 7}}, &err),
                 ERR_INVALID);
    cr_assert(strstr(err.text, "bad time 7"));
}

Test(complaint, the_second_file_of_a_topic)
{
    struct err err;
    struct ingest_totals totals = {.repeated = 20000};
    cr_assert_eq(complain(&totals, &err), ERR_CONFLICT);
    cr_assert(strstr(err.text, "20000 records were passed over"));
    totals.records[DISPOSED_COUNTED] = 3; /* it was longer than the first */
    cr_assert_eq(complain(&totals, &err), ERR_CONFLICT);
}
