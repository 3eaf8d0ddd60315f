/* Opens and closes a store that is one SQLite file. The file is in WAL mode, so that a second
 * process (leeway status) can read while the agent writes, and every commit is synced to the disk.
 * Two agents on one file do each other no harm: whoever loses a compare-and-set is told so. Assumes
 * a local file system. Knows no table. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/sqlite_ops.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_sql.h"

enum {
    BUSY_MS = 2000, /* how long a write waits for another process's to end */
    WAL_LIMIT_BYTES = 64 << 20
};

void sqlite_close(struct store *base)
{
    struct sqlite_store *store = sqlite_store_of(base);
    for (uint32_t i = 0; i < store->cached; i++)
        sqlite3_finalize(store->cache[i].statement);
    sqlite3_close_v2(store->db);
    free(store->place);
    free(store->agent);
    free(store);
}

static int execute(struct sqlite_store *store, const char *text, struct err *reterr)
{
    int code = sqlite3_exec(store->db, text, NULL, NULL, NULL);
    return code ? sqlite_fail(store, code, reterr) : 0;
}

static int connect_file(struct sqlite_store *store, const char *path, struct err *reterr)
{
    struct text file = {0};
    /* SQLite may take names that begin with "file:" for URIs; a path never begins so. */
    text_printf(&file, "%s%s", path[0] == '/' || !strcmp(path, ":memory:") ? "" : "./", path);
    /* Counts and categories are nobody else's business, whatever the umask; SQLite gives its other
     * files the same mode. */
    int fd = strcmp(path, ":memory:") != 0
                 ? open(file.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                 : -1;
    if (fd >= 0)
        close(fd);
    int code =
        sqlite3_open_v2(file.data, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    text_release(&file);
    if (code)
        return sqlite_fail(store, code, reterr);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, BUSY_MS);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!sqlite3_db_readonly(store->db, "main"))
        return 0;
    code = err_set(reterr, ERR_IO, "could not open the store for writing: %s", strerror(EACCES));
    err_place(reterr, "%s", store->place);
    err_hint(reterr, "Let the user that runs leeway write to the file and to its directory.");
    return code;
}

/* Whether it is ours is decided before the first byte is written. */
static int prepare_file(struct sqlite_store *store, struct err *reterr)
{
    int code = execute(store, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF", reterr);
    if (!code)
        code = sqlite_schema_update(store, reterr);
    store->doing = "prepare the store";
    /* Where shared memory cannot be had the old journal stays, which is as safe. */
    if (!code)
        code = execute(store, "PRAGMA journal_mode = WAL", reterr);
    char limit[64];
    snprintf(limit, sizeof limit, "PRAGMA journal_size_limit = %d", WAL_LIMIT_BYTES);
    return code ? code : execute(store, limit, reterr);
}

struct store *sqlite_store_open(const char *path, const struct store_options *options,
                                struct err *reterr)
{
    struct sqlite_store *store = mem_new(1, sizeof *store);
    struct text place = {0};
    text_printf(&place, "sqlite:%s", path);
    store->store.ops = &sqlite_ops;
    store->place = place.data;
    store->agent = mem_copy(options && options->agent ? options->agent : "");
    snprintf(store->state, sizeof store->state, "ok");
    store->doing = "open the store";
    store->opening = true;
    if (connect_file(store, path, reterr) == 0 && prepare_file(store, reterr) == 0) {
        store->opening = false;
        return &store->store;
    }
    sqlite_close(&store->store);
    return NULL;
}
