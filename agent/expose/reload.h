/* POST /-/reload: the application is asked, and answers when it is done. One at a time. */
#ifndef LEEWAY_EXPOSE_RELOAD_H
#define LEEWAY_EXPOSE_RELOAD_H

#include "expose/internal.h"

/* 200, 500 and the reason, 409 while another one is under way, 501 without hook. */
void reload_start(struct request *request);

/* Whose reload it is. */
const struct request *reload_request(const struct web_reload *reload);

#endif
