/* The page at "/": its files, embedded when the program is built. */
#ifndef LEEWAY_EXPOSE_PAGE_H
#define LEEWAY_EXPOSE_PAGE_H

#include "expose/internal.h"

void page_index(const struct request *request, struct reply *reply);

/* "/page/NAME": style, scripts and icon. 404 for others. */
void page_file(const struct request *request, struct reply *reply);

#endif
