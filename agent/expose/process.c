/* Reads /proc/self only, because a hardened service sees nothing else of /proc. The start is
 * therefore reckoned back from the boot clock and not from "btime" of /proc/stat. */
#include "expose/process.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sys/file.h"

/* Positions in /proc/PID/stat, counted from the state (field 3 of proc(5)), which is 0. */
enum { STAT_USER = 11, STAT_SYSTEM = 12, STAT_START = 19, STAT_RESIDENT = 21, STAT_FIELDS = 22 };

bool process_parse(struct bytes stat, struct process_usage *ret_usage)
{
    int64_t fields[STAT_FIELDS];
    char text[1024];
    if (stat.size == 0 || stat.size >= sizeof text)
        return false;
    memcpy(text, stat.data, stat.size);
    text[stat.size] = '\0';
    const char *at = strrchr(text, ')'); /* the name may hold spaces and brackets */
    if (!at || at[1] != ' ' || at[2] == '\0')
        return false;
    at += 3; /* behind the letter of the state */
    for (int i = 1; i < STAT_FIELDS; i++) {
        char *end;
        fields[i] = strtoll(at, &end, 10);
        if (end == at)
            return false;
        at = end;
    }
    double ticks = (double)sysconf(_SC_CLK_TCK);
    ret_usage->cpu_seconds = (double)(fields[STAT_USER] + fields[STAT_SYSTEM]) / ticks;
    ret_usage->resident_bytes = fields[STAT_RESIDENT] * sysconf(_SC_PAGESIZE);
    ret_usage->start_ticks = fields[STAT_START];
    return true;
}

bool process_read(struct process_usage *ret_usage)
{
    struct text stat = {0};
    bool known = file_read("/proc/self/stat", 1024, &stat, NULL) == 0 &&
                 process_parse(bytes_make(stat.data, stat.size), ret_usage);
    text_release(&stat);
    return known;
}

double process_start_seconds(void)
{
    struct process_usage usage;
    struct timespec boot;
    if (!process_read(&usage) || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
        return 0;
    double age = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9 -
                 (double)usage.start_ticks / (double)sysconf(_SC_CLK_TCK);
    return (double)clock_unix_ms() / 1e3 - age;
}

int64_t process_open_fds(void)
{
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return -1;
    int64_t count = -1; /* its own */
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

int64_t process_max_fds(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return -1;
    return (int64_t)limit.rlim_cur;
}
