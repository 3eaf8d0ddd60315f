/* One call of the store on its way to PostgreSQL: a statement, its parameters, and what to do with
 * rows and result. And the two ends of data: lists as JSON going in, columns coming out. */
#ifndef LEEWAY_STORE_POSTGRES_CALL_H
#define LEEWAY_STORE_POSTGRES_CALL_H

#include <libpq-fe.h>

#include "base/when.h"
#include "store/ops.h"

/* ---- columns of a row, in their order; valid during the row function. Null is "", 0, `none`, not
 * a number. Results are binary: bigint or integer, double precision, boolean, text, bytea. */
struct row {
    const PGresult *result;
    int row, column;
};
const char *row_text(struct row *row);
const char *row_text_or_null(struct row *row);
int64_t row_int(struct row *row);
int64_t row_int_or(struct row *row, int64_t none);
double row_real(struct row *row);
bool row_bool(struct row *row);
struct bytes row_bytes(struct row *row);

/* ---- a list of rows as a JSON text, for json_to_recordset. Text that is not UTF-8 gets U+FFFD in
 * the place of each bad byte: no record may stop a commit. Not a number is null. */
struct list {
    struct text text;
};
struct list list_begin(void);
void list_row(struct list *list);                                       /* begins the next one */
void list_text(struct list *list, const char *name, const char *value); /* NULL is null */
void list_int(struct list *list, const char *name, int64_t value);
void list_int_or_null(struct list *list, const char *name, int64_t value, int64_t none);
void list_real(struct list *list, const char *name, double value);
void list_bool(struct list *list, const char *name, bool value);

/* ---- calls */

/* If the connection is lost between sending and answer: */
enum call_loss {
    LOSS_REPEAT,  /* it is sent again, unless rows were handed out: doing it twice is like once */
    LOSS_GIVE_UP, /* STORE_UNAVAILABLE */
    LOSS_ASK      /* `ask` finds out first, however long that takes */
};

enum call_asked { ASKED_DONE, ASKED_NOT_DONE, ASKED_FENCED };

enum { CALL_PARAMETERS = 16 };

struct call {
    const char *doing; /* for messages: "commit counts" */
    const char *lock;  /* SQL expression evaluated before the statement's snapshot; NULL: none */
    const char *sql;
    struct text own_sql; /* where `sql` was put together; else empty */
    int count;
    const char *values[CALL_PARAMETERS];
    int sizes[CALL_PARAMETERS], formats[CALL_PARAMETERS];
    void *owned[CALL_PARAMETERS];

    /* A row came; non-zero ends the reading. */
    int (*row)(struct call *call, struct row *row);
    /* All went well and is durable: writes `ret_`, or says that it was not so well after all. */
    int (*finish)(struct call *call, struct err *reterr);
    bool again;                         /* set by `finish`: there is more of the same to do */
    void (*release)(struct call *call); /* of what `what` owns besides memory of its own */

    enum call_loss loss;
    const char *ask; /* LOSS_ASK: a statement with the first parameter only */
    enum call_asked (*asked)(struct call *call, struct row *row);

    void *what; /* the operation's own, freed with the call */
    store_done_fn done;
    void *context;

    /* The link's part. */
    struct call *next;
    bool sent, asking, stopped;
    int stage, repeats, doubted;
    uint64_t rows;
    enum call_asked answer;
    struct loop_time since;
    struct err err;
};

/* A call with `what_size` zeroed bytes at `what`. LOSS_REPEAT unless changed. */
struct call *call_new(const char *doing, const char *sql, size_t what_size, store_done_fn done,
                      void *context);
void call_free(struct call *call);

/* The next parameter: $1, $2 … Text is copied (as in a list: made valid), bytes are borrowed until
 * the call ends, lists are taken. */
void call_text(struct call *call, const char *text);
void call_int(struct call *call, int64_t number);
void call_int_or_null(struct call *call, int64_t number, int64_t none);
void call_bool(struct call *call, bool value);
void call_bytes(struct call *call, struct bytes bytes);
void call_take_text(struct call *call, struct text *text);
void call_list(struct call *call, struct list *list);

#endif
