#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "expose/process.h"
#include "sys/file.h"

/* Fields as in proc(5); a name with a bracket and spaces is the trap. */
static const char stat[] = "4242 (a) b (c) S 1 4242 4242 0 -1 4194560 2111 0 3 0 150 50 0 0 20 0 6 "
                           "0 777 123456 512 18446744073709551615 1 1";

Test(process, parse)
{
    struct process_usage usage;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    cr_assert(process_parse(bytes_of(stat), &usage));
    cr_assert_float_eq(usage.cpu_seconds, 200 / ticks, 1e-12);
    cr_assert_eq(usage.start_ticks, 777);
    cr_assert_eq(usage.resident_bytes, 512 * sysconf(_SC_PAGESIZE));
}

Test(process, parse_refuses_other_text)
{
    struct process_usage usage;
    char huge[2000] = "1 (a) S ";
    memset(huge + 8, '1', sizeof huge - 9);
    cr_assert_not(process_parse(bytes_of(""), &usage));
    cr_assert_not(process_parse(bytes_of("1 (a"), &usage));
    cr_assert_not(process_parse(bytes_of("1 (a)"), &usage));
    cr_assert_not(process_parse(bytes_of("1 (a) "), &usage));
    cr_assert_not(process_parse(bytes_of("1 (a) S 1 2 x"), &usage));
    cr_assert_not(process_parse(bytes_of(huge), &usage));
    for (size_t size = 0; size < strlen(stat) - 30; size++)
        process_parse(bytes_make(stat, size), &usage); /* must not read beyond */
}

Test(process, this_process)
{
    struct process_usage usage;
    cr_assert(process_read(&usage));
    cr_assert(usage.resident_bytes > 100000);
    cr_assert(usage.cpu_seconds >= 0);
    double start = process_start_seconds(), now = (double)clock_unix_ms() / 1e3;
    cr_assert(start > now - 3600 && start < now + 2, "%f %f", start, now);
    int64_t before = process_open_fds();
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    cr_assert_eq(process_open_fds(), before + 1);
    close(fd);
    cr_assert_eq(process_open_fds(), before);
    cr_assert(process_max_fds() == -1 || process_max_fds() > before);
}
