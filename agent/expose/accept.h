/* Which of the two metrics formats a client wants, by its Accept header (RFC 9110, 12.5.1). */
#ifndef LEEWAY_EXPOSE_ACCEPT_H
#define LEEWAY_EXPOSE_ACCEPT_H

#include "expose/families.h"

/* The format with the higher weight. OpenMetrics is taken only if the client names it (or
 * application/…, with more weight than the text), in version 1.x or without one; a client that
 * names neither, or refuses both, gets text 0.0.4, which everybody reads. NULL: no such header. */
enum families_format accept_metrics(const char *accept);

#endif
