/* The store promises to answer each call once, and may take its time; who asked may be freed
 * meanwhile. So nobody gives the store a pointer to anything but a call, and the call knows whether
 * there is still somebody to tell. */
#include "notify/call.h"

#include <stdlib.h>

struct call *notify_call_new(struct calls *calls, void *owner, call_answer_fn answer)
{
    struct call *call = mem_new(1, sizeof *call);
    call->owner = owner;
    call->answer = answer;
    call->next = calls->first;
    call->link = &calls->first;
    if (call->next)
        call->next->link = &call->next;
    calls->first = call;
    return call;
}

static void leave_list(struct call *call)
{
    if (!call->link)
        return;
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    call->link = NULL;
}

static void call_free(struct call *call)
{
    leave_list(call);
    free(call->receiver);
    free(call);
}

void call_hold(struct call *call, struct delivery *delivery)
{
    call->delivery = delivery;
    delivery->held = true;
}

void call_done(void *context, enum store_result result, const struct err *err)
{
    struct call *call = context;
    leave_list(call);
    if (call->delivery)
        call->delivery->held = false;
    if (call->owner)
        call->answer(call, result, err);
    else
        delivery_free(call->delivery);
    call_free(call);
}

void calls_forsake(struct calls *calls)
{
    while (calls->first) {
        struct call *call = calls->first;
        leave_list(call);
        call->owner = NULL;
    }
}

void calls_drop(struct calls *calls)
{
    struct call *next;
    for (struct call *call = calls->first; call; call = next) {
        next = call->next;
        call->link = NULL;
        if (call->delivery)
            call->delivery->held = false;
        call_free(call);
    }
    calls->first = NULL;
}
