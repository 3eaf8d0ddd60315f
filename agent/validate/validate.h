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
 * field's place if the config contradicts the baseline (unknown field, another type, min or max on
 * a category or boolean, allowed on a number); the hint names the nearest name. A field that is
 * unknown and ignored is no contradiction. Ignored fields are still observed: who judges leaves
 * them out. */
struct validator *validator_new(const struct baseline *baseline,
                                const struct config_monitor *monitor, struct err *reterr);
void validator_free(struct validator *validator); /* takes NULL */

/* Says where values stand: that of baseline field i at values[slots[i]]. Until it is called, they
 * stand in the order of the fields. */
void validator_map(struct validator *validator, const int *slots);

/* `values` are what the event held (validator_map). Fills observations[field_count]. No
 * allocation.
 *
 * For all types: absent, null, NaN and infinite (also a quoted number beyond the range of double)
 * are counters of their own, an object or array is the wrong type.
 *
 * Numbers: VALUE_NUMBER, or a VALUE_STRING that is wholly a decimal number (that is not a
 * violation: producers quote numbers). Integers with a fraction are the wrong type; 3.0 and 3e2 are
 * integers. Booleans are not numbers.
 *
 * Booleans: true and false; 0 and 1; the same four as strings, words in any case.
 *
 * Categories: strings, numbers and booleans by their canonical text. A text without a level is
 * "other" if the baseline has seen it or has seen too many to tell (baseline_is_other), else
 * "unseen". The empty text is missing unless the baseline has seen it as a value: it is what an
 * empty CSV cell becomes in an event.
 *
 * Violations (below minimum, above maximum, not allowed) are only of values, and the value is
 * counted in its cell all the same. */
void validator_check(const struct validator *validator, const struct value *values,
                     struct observation *ret_observations);

#endif
