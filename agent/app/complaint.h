/* Input that was read to its end and yet says little. */
#ifndef LEEWAY_APP_COMPLAINT_H
#define LEEWAY_APP_COMPLAINT_H

#include "app/ingest.h"

/* What somebody who reads a file should know of its records: 0 if there is nothing to say. Else an
 * error with a hint: ERR_INVALID if there were records and none was counted, ERR_CONFLICT if the
 * store had their offsets already, ERR_LIMIT if more were refused than counted. */
int complaint(const struct ingest_totals *totals, struct err *reterr);

#endif
