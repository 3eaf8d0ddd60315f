/* Files: limits, errors that name the path, writing all or nothing, and who may read a secret. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"

static char directory[64], path[128];
static struct text text;
static struct err err;

static void set_up(void)
{
    snprintf(directory, sizeof directory, "/tmp/leeway-file-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/a", directory);
}

static uint32_t remove_files(void)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    uint32_t count = 0;
    while ((entry = readdir(stream))) {
        if (entry->d_name[0] == '.')
            continue;
        cr_assert_eq(unlinkat(dirfd(stream), entry->d_name, 0), 0);
        count++;
    }
    closedir(stream);
    return count;
}

static void tear_down(void)
{
    remove_files();
    rmdir(directory);
    text_release(&text);
}

TestSuite(file, .init = set_up, .fini = tear_down);

static void put(const char *content, size_t size, mode_t mode)
{
    cr_assert_eq(file_write(path, bytes_make(content, size), &err), 0, "%s", err.text);
    cr_assert_eq(chmod(path, mode), 0);
}

Test(file, reads_what_was_written_to_the_byte)
{
    size_t size = 200001; /* more than one read */
    char *content = mem_new(size, 1);
    for (size_t i = 0; i < size; i++)
        content[i] = (char)(i * 7 + i / 251);
    put(content, size, 0644);
    cr_assert_eq(file_read(path, size, &text, &err), 0, "%s", err.text);
    cr_assert_eq(text.size, size);
    cr_assert_eq(memcmp(text.data, content, size), 0);
    cr_assert_eq(text.data[size], '\0');
    free(content);
}

Test(file, limit_is_of_the_file)
{
    put("12345", 5, 0644);
    text_puts(&text, "before ");
    cr_assert_eq(file_read(path, 5, &text, &err), 0, "%s", err.text);
    cr_assert_str_eq(text.data, "before 12345");
    cr_assert_eq(file_read(path, 4, &text, &err), ERR_LIMIT);
    cr_assert(strstr(err.text, path) && strstr(err.text, "4 bytes"), "%s", err.text);
    cr_assert_eq(file_read(path, 0, &text, NULL), ERR_LIMIT);
}

Test(file, empty_file)
{
    put("", 0, 0644);
    cr_assert_eq(file_read(path, 0, &text, &err), 0);
    cr_assert_eq(text.size, 0);
}

Test(file, errors_name_the_path)
{
    cr_assert_eq(file_read(path, 10, &text, &err), ERR_NOT_FOUND);
    cr_assert(strstr(err.text, path), "%s", err.text);
    cr_assert_eq(file_read(directory, 10, &text, &err), ERR_IO);
    cr_assert(strstr(err.text, directory), "%s", err.text);
    put("x", 1, 0644);
    strncat(path, "/b", sizeof path - strlen(path) - 1);
    cr_assert_eq(file_read(path, 10, &text, &err), ERR_IO, "a file is no directory");
    cr_assert_eq(text.size, 0);
}

Test(file, standard_input)
{
    put("piped", 5, 0644);
    cr_assert_not_null(freopen(path, "r", stdin));
    cr_assert_eq(file_read("-", 5, &text, &err), 0);
    cr_assert_str_eq(text.data, "piped");
}

Test(file, write_replaces_and_leaves_nothing_else)
{
    put("first", 5, 0644);
    put("second", 6, 0644);
    cr_assert_eq(file_read(path, 10, &text, &err), 0);
    cr_assert_str_eq(text.data, "second");
    cr_assert_eq(remove_files(), 1);
}

/* Who has the old file open goes on reading it: it is replaced, not overwritten. */
Test(file, write_is_atomic_for_readers)
{
    char old[8] = "";
    put("first", 5, 0644);
    FILE *reader = fopen(path, "r");
    put("other", 5, 0644);
    cr_assert_eq(fread(old, 1, 5, reader), 5);
    cr_assert_str_eq(old, "first");
    fclose(reader);
}

Test(file, write_gets_over_what_a_crash_left)
{
    char left[160];
    snprintf(left, sizeof left, "%s.%ld.tmp", path, (long)getpid());
    FILE *stream = fopen(left, "w");
    fputs("half of somethi", stream);
    fclose(stream);
    put("whole", 5, 0644);
    cr_assert_eq(file_read(path, 10, &text, &err), 0);
    cr_assert_str_eq(text.data, "whole");
    cr_assert_eq(remove_files(), 1);
}

Test(file, write_that_fails_leaves_what_was_there)
{
    char inside[160];
    cr_assert_eq(mkdir(path, 0755), 0); /* rename cannot replace a directory */
    cr_assert_eq(file_write(path, bytes_of("x"), &err), ERR_IO);
    cr_assert(strstr(err.text, path), "%s", err.text);
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(remove_files(), 0, "no temporary file is left");
    snprintf(inside, sizeof inside, "%s/missing/a", directory);
    cr_assert_eq(file_write(inside, bytes_of("x"), &err), ERR_IO);
    cr_assert(strstr(err.text, inside), "%s", err.text);
}

Test(file, secrets_lose_their_newlines)
{
    put("s3cret\r\n\n", 9, 0600);
    cr_assert_eq(secret_read(path, &text, &err), 0, "%s", err.text);
    cr_assert_str_eq(text.data, "s3cret");
    cr_assert_eq(text.size, 6);
    text_clear(&text);
    put(" two words ", 11, 0400);
    cr_assert_eq(secret_read(path, &text, &err), 0, "%s", err.text);
    cr_assert_str_eq(text.data, " two words ");
}

Test(file, secrets_that_are_empty)
{
    put("", 0, 0600);
    cr_assert_eq(secret_read(path, &text, &err), ERR_INVALID);
    put("\n\r\n", 3, 0600);
    cr_assert_eq(secret_read(path, &text, &err), ERR_INVALID);
    cr_assert(strstr(err.text, path), "%s", err.text);
}

Test(file, secrets_by_who_may_read_them)
{
    static const struct {
        mode_t mode;
        bool good;
    } cases[] = {{0600, true},  {0400, true},  {0640, true},  {0440, true},  {0644, false},
                 {0604, false}, {0602, false}, {0601, false}, {0620, false}, {0666, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("s3cret", 6, cases[i].mode);
        text_clear(&text);
        int code = secret_read(path, &text, &err);
        cr_expect_eq(code, cases[i].good ? 0 : ERR_INVALID, "mode %o", (unsigned)cases[i].mode);
        cr_expect(cases[i].good || strstr(err.hint, "chmod 600"), "%s", err.hint);
        cr_expect_not(strstr(err.text, "s3cret"), "never in an error");
        cr_expect_eq(text.size, cases[i].good ? 6 : 0);
    }
}

Test(file, secrets_behind_links)
{
    char link[128];
    snprintf(link, sizeof link, "%s/link", directory);
    put("s3cret", 6, 0640);
    cr_assert_eq(symlink(path, link), 0);
    cr_assert_eq(secret_read(link, &text, &err), 0, "%s", err.text);
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_eq(secret_read(link, &text, &err), ERR_INVALID, "the target's mode counts");
}

Test(file, secrets_that_are_no_files)
{
    cr_assert_eq(secret_read(path, &text, &err), ERR_NOT_FOUND);
    cr_assert(strstr(err.text, path), "%s", err.text);
    cr_assert_eq(chmod(directory, 0700), 0);
    cr_assert_eq(secret_read(directory, &text, &err), ERR_IO);
    char *large = mem_new(65537, 1);
    memset(large, 'x', 65537);
    put(large, 65537, 0600);
    cr_assert_eq(secret_read(path, &text, &err), ERR_LIMIT);
    free(large);
}

Test(file, clocks_go_forward)
{
    int64_t unix_ms = clock_unix_ms();
    struct loop_time loop = clock_loop();
    cr_assert_gt(unix_ms, INT64_C(1577836800000), "after 2020");
    cr_assert_geq(clock_loop().ms, loop.ms);
}

/* `--output /dev/null` by root must not replace the device. */
Test(file, a_special_file_is_written_and_stays)
{
    struct stat status;
    char got[8] = "";
    cr_assert_eq(mkfifo(path, 0600), 0);
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC); /* so that the writer finds a reader */
    cr_assert_geq(fd, 0);
    cr_assert_eq(file_write(path, bytes_of("hello"), &err), 0, "%s", err.text);
    cr_assert_eq(lstat(path, &status), 0);
    cr_assert(S_ISFIFO(status.st_mode), "replaced");
    cr_assert_eq(read(fd, got, sizeof got - 1), 5);
    cr_assert_str_eq(got, "hello");
    close(fd);
    cr_assert_eq(remove_files(), 1, "nothing beside it");
    cr_assert_eq(file_write(directory, bytes_of("x"), &err), ERR_IO);
    cr_assert(strstr(err.text, directory));
}

Test(file, a_link_to_a_file_is_replaced_and_its_target_is_left_alone)
{
    char target[160];
    snprintf(target, sizeof target, "%s/target", directory);
    put("old", 3, 0644);
    cr_assert_eq(rename(path, target), 0);
    cr_assert_eq(symlink(target, path), 0);
    put("new", 3, 0644);
    cr_assert_eq(file_read(target, 100, &text, &err), 0);
    cr_assert_str_eq(text.data, "old");
}
