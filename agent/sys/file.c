/* Files and clocks: the few system calls that several shell stages share. */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int read_all(int fd, const char *path, size_t max_bytes, struct text *text,
                    struct err *reterr)
{
    char buffer[65536];
    size_t before = text->size;
    for (;;) {
        ssize_t size = read(fd, buffer, sizeof buffer);
        if (size == 0)
            return 0;
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return err_set(reterr, ERR_IO, "could not read %s: %s", path, strerror(errno));
        if (text->size - before + (size_t)size > max_bytes)
            return err_set(reterr, ERR_LIMIT, "%s is larger than %zu bytes", path, max_bytes);
        text_add(text, buffer, (size_t)size);
    }
}

int file_read(const char *path, size_t max_bytes, struct text *text, struct err *reterr)
{
    if (!strcmp(path, "-"))
        return read_all(STDIN_FILENO, "standard input", max_bytes, text, reterr);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(reterr, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "could not open %s: %s",
                       path, strerror(errno));
    int code = read_all(fd, path, max_bytes, text, reterr);
    close(fd);
    return code;
}

static int write_all(int fd, struct bytes content)
{
    while (content.size) {
        ssize_t size = write(fd, content.data, content.size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return -1;
        content.data += size;
        content.size -= (size_t)size;
    }
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : -1; /* of a pipe or device */
}

/* A pipe or a device is written, not replaced: a rename over /dev/null would be obeyed to root. */
static bool is_special(const char *path)
{
    struct stat status;
    return !strncmp(path, "/dev/std", 8) || !strncmp(path, "/dev/fd/", 8) ||
           (stat(path, &status) == 0 && !S_ISREG(status.st_mode));
}

static int write_special(const char *path, struct bytes content, struct err *reterr)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    int failed = fd < 0 || write_all(fd, content) != 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return failed ? err_set(reterr, ERR_IO, "could not write %s: %s", path, strerror(error)) : 0;
}

int file_write(const char *path, struct bytes content, struct err *reterr)
{
    struct text temporary = {0};
    if (is_special(path))
        return write_special(path, content, reterr);
    text_printf(&temporary, "%s.%ld.tmp", path, (long)getpid());
    unlink(temporary.data); /* of a crash; in a container the process has the same id again */
    int fd = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int failed = fd < 0 || write_all(fd, content) != 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (!failed && rename(temporary.data, path) != 0) {
        failed = 1;
        error = errno;
    }
    if (failed && fd >= 0)
        unlink(temporary.data);
    text_release(&temporary);
    return failed ? err_set(reterr, ERR_IO, "could not write %s: %s", path, strerror(error)) : 0;
}

int secret_read(const char *path, struct text *text, struct err *reterr)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return err_set(reterr, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
                       "could not open secret %s: %s", path, strerror(errno));
    if (status.st_mode & (S_IRWXO | S_IWGRP)) {
        err_set(reterr, ERR_INVALID, "secret %s can be read or written by others", path);
        err_hint(reterr, "Run: chmod 600 %s", path);
        return ERR_INVALID;
    }
    int code = file_read(path, 65536, text, reterr);
    while (!code && text->size &&
           (text->data[text->size - 1] == '\n' || text->data[text->size - 1] == '\r'))
        text->data[--text->size] = '\0';
    return !code && !text->size ? err_set(reterr, ERR_INVALID, "secret %s is empty", path) : code;
}

int64_t clock_unix_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct loop_time clock_loop(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct loop_time){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}
