/* Looked up once a record: runs of records come from one partition, so the last one found is tried
 * first. It refuses to know librdkafka. */
#include "source/kafka_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int compare(const char *topic, int32_t partition, const struct part *part)
{
    int order = strcmp(topic, part->topic);
    if (order)
        return order;
    return (partition > part->partition) - (partition < part->partition);
}

static int compare_parts(const void *a, const void *b)
{
    const struct part *part = a;
    return compare(part->topic, part->partition, b);
}

struct part *table_add(struct table *table, const char *topic, int32_t partition)
{
    if ((table->count & (table->count - 1)) == 0) {
        size_t room = table->count ? (size_t)table->count * 2 : 1;
        table->parts = mem_resize(table->parts, room, sizeof *table->parts);
    }
    struct part *part = &table->parts[table->count++];
    *part = (struct part){.topic = mem_copy(topic),
                          .partition = partition,
                          .next = -1,
                          .low = -1,
                          .end = -1,
                          .reached = -1};
    return part;
}

void table_sort(struct table *table)
{
    if (table->count)
        qsort(table->parts, table->count, sizeof *table->parts, compare_parts);
    table->last = 0;
}

struct part *table_find(struct table *table, const char *topic, int32_t partition)
{
    if (table->last < table->count && !compare(topic, partition, &table->parts[table->last]))
        return &table->parts[table->last];
    uint32_t low = 0, high = table->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(topic, partition, &table->parts[middle]);
        if (order == 0) {
            table->last = middle;
            return &table->parts[middle];
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void table_clear(struct table *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        free(table->parts[i].topic);
    free(table->parts);
    *table = (struct table){0};
}

int64_t part_position(const struct part *part)
{
    return part->reached > part->next ? part->reached : part->next;
}
