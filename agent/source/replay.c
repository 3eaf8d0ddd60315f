/* Recorded events from a file.
 *
 * Problem: replays and backtests must see the records as the consumer saw them, at gigabytes a
 * minute, from files of any size and of any condition. Lines are handed out as views into one
 * buffer; a line that is longer than allowed is cut and its rest passed over, so memory is bounded
 * by the longest allowed line. It assumes newlines between records. It refuses to judge an event:
 * whatever stands in a line is a record. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/envelope.h"

enum { CHUNK_BYTES = 256 * 1024 };

struct replay {
    int fd;
    char *path; /* for messages */
    const char *topic;
    int64_t total_bytes; /* -1: not a regular file */
    size_t line_max;

    char *buffer;
    size_t capacity;
    size_t start, end;  /* bytes not yet handed out */
    size_t scanned;     /* of these, bytes known to have no newline */
    bool at_end;        /* of the file */
    bool passing_over;  /* the rest of a line that was too long */
    int64_t done_bytes; /* handed out or passed over */
    int64_t line;       /* number of the next line */
    int failed;         /* errno of the read that failed */

    struct envelope_reader envelopes;
};

static int open_path(const char *path, struct err *reterr)
{
    if (!strcmp(path, "-"))
        return STDIN_FILENO;
    size_t size = strlen(path);
    if (size >= 3 && !strcmp(path + size - 3, ".gz")) {
        err_set(reterr, ERR_UNSUPPORTED, "cannot read compressed file %s", path);
        err_hint(reterr, "Run: zcat %s | leeway replay --file -", path);
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        err_set(reterr, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "could not open %s: %s", path,
                strerror(errno));
    return fd;
}

struct replay *replay_open(const char *path, const char *topic, uint32_t line_max_bytes,
                           struct err *reterr)
{
    struct stat status;
    int fd = open_path(path, reterr);
    if (fd < 0)
        return NULL;
    struct replay *replay = mem_new(1, sizeof *replay);
    replay->fd = fd;
    replay->path = mem_copy(!strcmp(path, "-") ? "standard input" : path);
    replay->topic = topic;
    replay->line_max = line_max_bytes;
    /* One longest line with its carriage return, one byte to see that it is too long, a chunk. */
    replay->capacity = replay->line_max + 2 + CHUNK_BYTES;
    replay->buffer = mem_new(replay->capacity, 1);
    envelope_reader_init(&replay->envelopes, line_max_bytes);
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        err_set(reterr, ERR_INVALID, "%s is a directory, not a file of events", replay->path);
        replay_close(replay);
        return NULL;
    }
    bool regular = fd != STDIN_FILENO && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    replay->total_bytes = regular ? (int64_t)status.st_size : -1;
    return replay;
}
void replay_close(struct replay *replay)
{
    if (!replay)
        return;
    if (replay->fd != STDIN_FILENO)
        close(replay->fd);
    envelope_reader_release(&replay->envelopes);
    free(replay->buffer);
    free(replay->path);
    free(replay);
}

/* ---- lines ---- */

static void consume(struct replay *replay, size_t size)
{
    replay->start += size;
    replay->scanned = 0;
    replay->done_bytes += (int64_t)size;
}

/* Reads on behind what is there, which is at most one longest line. */
static int fill(struct replay *replay)
{
    ssize_t size;
    replay->end -= replay->start;
    memmove(replay->buffer, replay->buffer + replay->start, replay->end);
    replay->start = 0;
    do
        size = read(replay->fd, replay->buffer + replay->end, replay->capacity - replay->end);
    while (size < 0 && errno == EINTR);
    if (size < 0) {
        replay->failed = errno;
        return -1;
    }
    replay->at_end = size == 0;
    replay->end += (size_t)size;
    return 0;
}

/* The next line into `ret`, without its end. */
static enum replay_result next_line(struct replay *replay, struct bytes *ret)
{
    while (!replay->failed) {
        size_t size = replay->end - replay->start;
        const char *data = replay->buffer + replay->start;
        const char *newline = memchr(data + replay->scanned, '\n', size - replay->scanned);
        bool too_long = !newline && size > replay->line_max + 1;
        bool passing_over = replay->passing_over;
        if (newline || too_long || passing_over || (replay->at_end && size)) {
            if (newline)
                size = (size_t)(newline - data);
            consume(replay, size + (newline != NULL));
            replay->passing_over = too_long || (passing_over && !newline);
            if (!passing_over) {
                *ret = bytes_make(data, size);
                return REPLAY_RECORD;
            }
            if (newline)
                continue;
        }
        if (replay->at_end)
            return REPLAY_END;
        replay->scanned = replay->end - replay->start;
        fill(replay);
    }
    return REPLAY_ERROR;
}

enum replay_result replay_next(struct replay *replay, struct record *ret, struct err *reterr)
{
    struct bytes line;
    enum replay_result result;
    while ((result = next_line(replay, &line)) == REPLAY_RECORD) {
        struct record record = {replay->topic, 0, replay->line++, INT64_MIN, line};
        if (line.size && line.data[line.size - 1] == '\r')
            record.value.size--;
        if (record.value.size > replay->line_max)
            record.value.size = replay->line_max + 1;
        else if (!bytes_trim(record.value).size)
            continue;
        envelope_read(&replay->envelopes, record.value, &record);
        *ret = record;
        return REPLAY_RECORD;
    }
    if (result == REPLAY_ERROR)
        err_set(reterr, ERR_IO, "could not read %s: %s", replay->path, strerror(replay->failed));
    return result;
}

void replay_progress(const struct replay *replay, int64_t *ret_read_bytes, int64_t *ret_total_bytes)
{
    *ret_read_bytes = replay->done_bytes;
    *ret_total_bytes = replay->total_bytes;
}

/* ---- partitions ---- */

struct scan {
    struct replay_partition *items; /* ascending by topic, then partition */
    uint32_t count, capacity;
    uint32_t last; /* found by the last search */
};

static int compare(const struct replay_partition *item, const struct record *record)
{
    int order = strcmp(item->topic, record->topic);
    return order ? order
                 : (item->partition > record->partition) - (item->partition < record->partition);
}

/* Where the record's partition is or belongs. */
static uint32_t scan_search(const struct scan *scan, const struct record *record)
{
    uint32_t low = 0, high = scan->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&scan->items[middle], record) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct replay_partition *scan_find(struct scan *scan, const struct record *record)
{
    if (scan->count && compare(&scan->items[scan->last], record) == 0)
        return &scan->items[scan->last];
    uint32_t at = scan_search(scan, record);
    scan->last = at;
    if (at < scan->count && compare(&scan->items[at], record) == 0)
        return &scan->items[at];
    if (scan->count == REPLAY_PARTITIONS_MAX)
        return NULL;
    if (scan->count == scan->capacity) {
        scan->capacity = scan->capacity ? 2 * scan->capacity : 16;
        scan->items = mem_resize(scan->items, scan->capacity, sizeof *scan->items);
    }
    memmove(&scan->items[at + 1], &scan->items[at], (scan->count - at) * sizeof *scan->items);
    scan->count++;
    scan->items[at] = (struct replay_partition){
        .topic = mem_copy(record->topic),
        .partition = record->partition,
        .first_offset = record->offset,
        .last_offset = record->offset,
    };
    return &scan->items[at];
}

static int replay_rewind(struct replay *replay, struct err *reterr)
{
    if (replay->total_bytes < 0 || lseek(replay->fd, 0, SEEK_SET) != 0) {
        err_set(reterr, ERR_UNSUPPORTED, "cannot read %s twice", replay->path);
        err_hint(reterr, "Write it to a file first.");
        return ERR_UNSUPPORTED;
    }
    replay->start = replay->end = replay->scanned = 0;
    replay->at_end = replay->passing_over = false;
    replay->done_bytes = replay->line = replay->failed = 0;
    return 0;
}

static int scan_all(struct replay *replay, struct scan *scan, struct err *reterr)
{
    struct record record;
    enum replay_result result;
    while ((result = replay_next(replay, &record, reterr)) == REPLAY_RECORD) {
        struct replay_partition *item = scan_find(scan, &record);
        if (!item)
            return err_set(reterr, ERR_LIMIT, "%s has more than %d partitions", replay->path,
                           REPLAY_PARTITIONS_MAX);
        item->records++;
        if (record.offset < item->first_offset)
            item->first_offset = record.offset;
        if (record.offset > item->last_offset)
            item->last_offset = record.offset;
    }
    return result == REPLAY_END ? 0 : ERR_IO;
}

int replay_scan(struct replay *replay, struct replay_partition **ret, uint32_t *ret_count,
                struct err *reterr)
{
    struct scan scan = {0};
    int code = replay_rewind(replay, reterr);
    if (!code)
        code = scan_all(replay, &scan, reterr);
    if (!code)
        code = replay_rewind(replay, reterr);
    if (code) {
        replay_partitions_free(scan.items, scan.count);
        return code;
    }
    *ret = scan.items;
    *ret_count = scan.count;
    return 0;
}

void replay_partitions_free(struct replay_partition *partitions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        free(partitions[i].topic);
    free(partitions);
}
