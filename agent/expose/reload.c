/* The token is what the application holds until it is done. It holds the request, which outlives
 * its client and the listener, so a token is good whatever happens meanwhile. */
#include "expose/reload.h"

#include <stdlib.h>

#include "expose/request.h"
#include "expose/routes.h"

struct web_reload {
    struct request *request;
};

void reload_start(struct request *request)
{
    struct web *web = request->web;
    if (!web->hooks.reload || web->reload) {
        if (web->reload)
            reply_error(&request->reply, 409, "another reload is under way");
        else
            reply_error(&request->reply, 501, "this command cannot reload its configuration");
        request_answer(request);
        return;
    }
    web->reload = mem_new(1, sizeof *web->reload);
    web->reload->request = request;
    request->job = web->reload;
    request->free_job = free;
    web->hooks.reload(web->hooks.context, web->reload);
}

void web_reload_done(struct web_reload *token, const struct err *err)
{
    struct request *request = token->request;
    char line[sizeof *err];
    if (request->web)
        request->web->reload = NULL;
    if (!request_resume(request))
        return;
    if (err)
        reply_error(&request->reply, 500, "the old configuration stays: %s",
                    err_line(err, line, sizeof line));
    else
        text_puts(&request->reply.body, "reloaded\n");
    request_answer(request);
}

const struct request *reload_request(const struct web_reload *reload)
{
    return reload->request;
}
