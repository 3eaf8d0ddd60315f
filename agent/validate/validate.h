/* Validation: from decoded values to observations, field by field.
 *
 * A record is never refused here: a field that is missing, of the wrong type, not finite, out of
 * range or unseen says so in its own counters and the others are counted as usual. */
#ifndef LEEWAY_VALIDATE_VALIDATE_H
#define LEEWAY_VALIDATE_VALIDATE_H

#include "config/config.h"
#include "decode/value.h"
#include "window/counts.h"

/* Compiled from the baseline (cells, levels, types) and what the config says of each field. */
struct validator;

/* `baseline` and `monitor` are borrowed and must outlive the validator. ERR_INVALID with the
 * field's place if the config contradicts the baseline (unknown field, min on a category, allowed
 * on a number); the hint names near names. */
struct validator *validator_new(const struct baseline *baseline,
                                const struct config_monitor *monitor, struct err *reterr);
void validator_free(struct validator *validator); /* takes NULL */

/* values[i] is what the event held for baseline field i. Fills observations[field_count]. No
 * allocation. Numbers: VALUE_NUMBER, or a VALUE_STRING that is wholly a finite number (that is not
 * a violation: producers quote numbers); integers with a fraction are wrong type. Booleans:
 * true/false, "true"/"false" in any case, 0/1. Categories: strings, numbers and booleans as
 * canonical text. */
void validator_check(const struct validator *validator, const struct value *values,
                     struct observation *ret_observations);

#endif
