/* One 64-bit word holds the answers of five windows; see the header. */
#include "judge/ring.h"

void ring_push(struct ring *ring, int64_t end_ms, int64_t hop_ms, bool answer)
{
    end_ms -= end_ms % hop_ms;
    int64_t hops = ring->known ? (end_ms - ring->end_ms) / hop_ms : 0;
    bool same = ring->known && hops == 0;
    if (hops > 0)
        ring->bits = hops < 64 ? ring->bits << hops : 0;
    /* Without a yes it is as good as new, and so it may be forgotten (rings.h). */
    uint64_t known = ring->bits ? (uint64_t)ring->known + (uint64_t)hops : 1;
    ring->known = known < 64 ? (uint32_t)known : 64;
    ring->bits = (same ? ring->bits : ring->bits & ~1ULL) | (answer ? 1 : 0);
    ring->end_ms = end_ms;
}

uint32_t ring_hits(const struct ring *ring, uint32_t windows)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < windows && i < RING_WINDOWS_MAX; i++)
        hits += (uint32_t)(ring->bits >> (i * RING_HOPS) & 1);
    return hits;
}
