// The allocator of a run: an arena at a fixed address with free lists by size class.
//
// It never returns NULL while a script runs. At the limit it leaves, so that no emergency collection ever starts: with
// Lua 5.4.4 one of those can free a table that is being written to.
#include "lua_internal.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { ARENA_RESERVE = 256 << 20, WIPE_BY_HAND = 256 << 10, BIG_BLOCK = 64 << 10, PAGE = 4096 };

// MARK: Size classes: 16 bytes apart up to 1 KiB, then four to each doubling

static inline unsigned class_of(size_t size) {
    if (KL_LIKELY(size <= 1024)) return (unsigned)((size + 15) >> 4);
    unsigned power = 63 - (unsigned)__builtin_clzll(size - 1);
    return 65 + (power - 10) * 4 + (unsigned)(((size - 1) >> (power - 2)) & 3);
}

static inline size_t size_of(unsigned class) {
    if (KL_LIKELY(class <= KL_SMALL_CLASSES)) return (size_t)class << 4;
    unsigned power = 10 + (class - 65) / 4, quarter = (class - 65) % 4;
    return ((size_t)1 << power) + ((size_t)(quarter + 1) << (power - 2));
}

// MARK: Blocks

static _Noreturn void leave_full(kl_slot *slot) {
    lua_State *L = slot->current;
    lua_Debug ar;
    size_t limit = slot->request && !slot->during_load ? slot->limits.memory : kl_heap_of(slot)->limit;
    if (L && lua_getstack(L, 1000, &ar))
        kl_leave(slot, KL_MEMORY, "memory limit reached with more than 1000 calls open: does a function call itself for ever?");
    kl_leave(slot, KL_MEMORY, "memory limit of %zu KiB reached", limit >> 10);
}

static void *take_block(kl_slot *slot, kl_heap *heap, unsigned class) {
    size_t size = size_of(class);
    size_t live = heap->live + size;
    if (KL_UNLIKELY(live > heap->peak)) {
        if (KL_UNLIKELY(live > heap->limit)) leave_full(slot);
        heap->peak = live;
    }
    void *block = heap->free[class];
    if (block) {
        heap->free[class] = *(void **)block;
    } else {
        if (KL_UNLIKELY(heap->bump + size > heap->cap)) leave_full(slot);
        block = slot->base + heap->bump;
        heap->bump += size;
        if (heap->bump > heap->high) heap->high = heap->bump;
    }
    heap->live = live;
    return block;
}

static inline void give_block(kl_slot *slot, kl_heap *heap, void *block, unsigned class) {
    size_t size = size_of(class);
    heap->live -= size;
    if ((uint8_t *)block + size == slot->base + heap->bump) {
        heap->bump -= size;
        return;
    }
    *(void **)block = heap->free[class];
    heap->free[class] = block;
}

/// Copying much takes time that no instruction count sees: it is charged here, and strings that make single instructions
/// slow shorten the hook's interval.
static void note_big_block(kl_slot *slot, bool is_string, size_t size) {
    if (is_string && size >= 256 << 10) {
        int interval = size >= 1 << 20 ? 10 : 100;
        if (slot->interval_cap > interval) slot->interval_cap = interval;
        if (slot->interval > interval) {
            slot->interval = interval;
            kl_renew_hook(slot, slot->current);
        }
    }
    kl_charge(slot, size >> 5);
}

void *kl_allocate(void *context, void *block, size_t old_size, size_t new_size) {
    kl_slot *slot = context;
    kl_heap *heap = kl_heap_of(slot);
    if (KL_LIKELY(block == NULL)) {
        if (new_size == 0) return NULL;
        if (KL_UNLIKELY(new_size >= BIG_BLOCK)) {
            if (new_size > slot->reserve) leave_full(slot);
            note_big_block(slot, old_size == LUA_TSTRING, new_size);
        }
        return take_block(slot, heap, class_of(new_size));
    }
    if (new_size == 0) {
        give_block(slot, heap, block, class_of(old_size));
        return NULL;
    }
    if (KL_UNLIKELY(new_size >= BIG_BLOCK && new_size > old_size)) {
        if (new_size > slot->reserve) leave_full(slot);
        note_big_block(slot, false, new_size);
    }
    unsigned from = class_of(old_size), to = class_of(new_size);
    if (from == to) return block;
    if (to < from && heap->free[to] == NULL && heap->bump + size_of(to) > heap->cap) {
        // Shrinking must not fail. The block keeps its room; it goes back to the smaller class one day.
        heap->live -= size_of(from) - size_of(to);
        return block;
    }
    if (to < from) heap->live -= size_of(from); // so that a shrink never meets the limit
    void *moved = take_block(slot, heap, to);
    if (to < from) heap->live += size_of(from);
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    give_block(slot, heap, block, from);
    return moved;
}

// MARK: The arena

bool kl_slot_reserve(kl_slot *slot) {
    void *base = mmap(NULL, ARENA_RESERVE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return false;
    madvise(base, ARENA_RESERVE, MADV_NOHUGEPAGE); // only what is touched shall be resident
    slot->base = base;
    slot->reserve = ARENA_RESERVE;
    return true;
}

/// An empty heap; its limits are wide until a run sets its own.
void kl_heap_start(kl_slot *slot) {
    kl_heap *heap = kl_heap_of(slot);
    memset(heap, 0, sizeof *heap);
    heap->bump = heap->high = (sizeof *heap + 15) & ~(size_t)15;
    heap->cap = slot->reserve;
    heap->limit = 64 << 20;
}

/// Zeroes what lies beyond `keep`, so that nothing of one tenant stays for the next.
void kl_slot_wipe(kl_slot *slot, size_t keep) {
    size_t end = slot->dirty;
    size_t high = kl_heap_of(slot)->high;
    if (high > end) end = high;
    if (end > slot->reserve) end = slot->reserve;
    if (end > keep) {
        size_t by_hand = keep + WIPE_BY_HAND;
        by_hand = (by_hand + PAGE - 1) & ~(size_t)(PAGE - 1);
        if (by_hand > end) by_hand = end;
        memset(slot->base + keep, 0, by_hand - keep);
        if (end > by_hand) {
            size_t rounded = (end + PAGE - 1) & ~(size_t)(PAGE - 1);
            madvise(slot->base + by_hand, rounded - by_hand, MADV_DONTNEED);
        }
    }
    slot->dirty = keep;
}
