// Budgets. At a limit a run does not raise an error, it leaves: nothing in the script gets a turn.
#include "lua_internal.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

uint64_t kl_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t kl_cpu_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// MARK: Leaving

/// Goes to the frame that entered Lua. The state is never touched again, but for reading where it was.
_Noreturn void kl_leave(kl_slot *slot, int verdict, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(slot->message, sizeof slot->message, format, arguments);
    va_end(arguments);
    slot->verdict = verdict;
    slot->line = slot->current ? kl_where(slot->current, 0, slot->file, sizeof slot->file) : 0;
    longjmp(slot->exit, 1);
}

/// Lua calls this for an error outside of any protected call: a fault of ours.
int kl_panic(lua_State *L) {
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "no text";
    kl_leave(kl_slot_of(L), KL_INTERNAL, "unprotected error: %.200s", text);
}

// MARK: Steps and time

void kl_limits_start(kl_slot *slot, const kl_limits *limits) {
    uint64_t steps = limits->steps < INT64_MAX / 2 ? limits->steps : INT64_MAX / 2;
    slot->steps_given = steps;
    slot->steps_left = (int64_t)steps;
    slot->checkpoint = steps > KL_INTERVAL ? (int64_t)(steps - KL_INTERVAL) : 0;
    slot->started = slot->slice_started = kl_now();
    slot->cpu_started = 0;
    slot->cpu_limit = limits->cpu_nanoseconds;
    slot->wall_end = slot->started + limits->wall_nanoseconds;
    slot->deadline = slot->started + limits->cpu_nanoseconds;
    if (slot->deadline > slot->wall_end) slot->deadline = slot->wall_end;
    slot->interval = slot->interval_cap = KL_INTERVAL;
    slot->collected = 0;
    slot->slice_steps = 0;
    slot->host_calls = 0;
}

/// Looks at the budget and, when wall time makes it worth the price, at the thread's CPU clock. Returns the time.
uint64_t kl_check(kl_slot *slot) {
    if (slot->steps_left < 0) {
        kl_leave(slot, KL_STEPS, KL_STEPS_MESSAGE, (unsigned long long)slot->steps_given);
    }
    slot->checkpoint = slot->steps_left > KL_INTERVAL ? slot->steps_left - KL_INTERVAL : 0;
    uint64_t now = kl_now();
    if (slot->cpu_started == 0) {
        // Reading that clock is dear, and most runs are over before it matters. Until here it was the wall time at most.
        uint64_t wall = now - slot->started;
        if (wall < KL_FREE_OF_CLOCK && now < slot->deadline) return now;
        slot->cpu_started = kl_cpu_now() - (wall < KL_FREE_OF_CLOCK ? wall : KL_FREE_OF_CLOCK);
        if (slot->cpu_started == 0) slot->cpu_started = 1;
    }
    if (KL_LIKELY(now < slot->deadline)) return now;
    uint64_t used = kl_cpu_now() - slot->cpu_started;
    if (now >= slot->wall_end || used >= slot->cpu_limit) {
        kl_leave(slot, KL_TIME, "time budget used up after %llu ms", (unsigned long long)((now - slot->started) / 1000000));
    }
    slot->deadline = now + (slot->cpu_limit - used);
    if (slot->deadline > slot->wall_end) slot->deadline = slot->wall_end;
    return now;
}

/// Single instructions can be slow (long strings, tables whose keys collide). Looking more often bounds the overshoot.
/// It goes up again only where a longer interval would have ended, so that time never moves a collection.
static void adapt_interval(kl_slot *slot, lua_State *L, uint64_t now) {
    uint64_t slice = now - slot->slice_started;
    slot->slice_started = now;
    bool may_grow = slot->interval < slot->interval_cap && slot->slice_steps % (10 * slot->interval) == 0;
    if (slice > 2000000 && slot->interval > 10) slot->interval /= 10;
    else if (slice < 100000 && may_grow) slot->interval *= 10;
    if (lua_gethookcount(L) != slot->interval) lua_sethook(L, kl_hook, LUA_MASKCOUNT, slot->interval);
}

/// Near the memory limit garbage is worth collecting at once. The hook is a safe place for it, the allocator is not.
/// Every 1000 steps of a slice, however long the intervals are: whether memory suffices must not depend on time.
static void collect_if_full(kl_slot *slot, lua_State *L) {
    if (slot->slice_steps % KL_INTERVAL != 0) return;
    kl_heap *heap = kl_heap_of(slot);
    if (heap->live > heap->limit / 4 * 3 && heap->live > slot->collected + heap->limit / 8) {
        lua_gc(L, LUA_GCCOLLECT);
        slot->collected = heap->live;
    }
}

/// Every so many instructions of each coroutine.
void kl_hook(lua_State *L, lua_Debug *ar) {
    (void)ar;
    kl_slot *slot = kl_slot_of(L);
    slot->steps_left -= lua_gethookcount(L);
    slot->slice_steps += lua_gethookcount(L);
    adapt_interval(slot, L, kl_check(slot));
    collect_if_full(slot, L);
}

// MARK: The rest of an interval

// Lua tells how long an interval is, not how much of it is used. Without that a short run would count no steps at all,
// and a coroutine could live between two hooks. The field is looked for once and trusted only if it behaves.
static size_t hook_count_offset; // 0: not found

static void never(lua_State *L, lua_Debug *ar) {
    (void)L, (void)ar;
}

static int hook_count_at(lua_State *L, size_t offset) {
    int count;
    memcpy(&count, (const char *)L + offset, sizeof count);
    return count;
}

static void find_hook_count(void) {
    enum { MARK = 0x2f31c5a7, LAST = 208 - sizeof(int) };
    lua_State *L = luaL_newstate();
    if (!L) return;
    size_t found = 0;
    if (luaL_loadbufferx(L, "local a = 1 for i = 1, 10 do a = a + i end", 42, "=", "t") == LUA_OK) {
        lua_sethook(L, never, LUA_MASKCOUNT, MARK);
        lua_pushvalue(L, -1);
        if (lua_pcall(L, 0, 0, 0) == LUA_OK) {
            for (size_t at = sizeof(void *); at + sizeof(int) <= LAST; at += sizeof(int)) {
                int64_t used = (int64_t)MARK - hook_count_at(L, at);
                if (used > 20 && used < 60 && hook_count_at(L, at - sizeof(int)) == MARK) found = at;
            }
            // the same code again must use the same number
            int first = found ? MARK - hook_count_at(L, found) : 0;
            if (found && (lua_pcall(L, 0, 0, 0) != LUA_OK || MARK - hook_count_at(L, found) != 2 * first)) found = 0;
        }
    }
    lua_close(L);
    hook_count_offset = found;
}

void kl_find_hook_count(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_hook_count);
}

static uint64_t since_last_hook(lua_State *L) {
    if (!hook_count_offset) return 0;
    int used = lua_gethookcount(L) - hook_count_at(L, hook_count_offset);
    return used > 0 ? (uint64_t)used : 0;
}

/// Of a slot that has a state.
uint64_t kl_steps_used(const kl_slot *slot) {
    int64_t left = slot->steps_left - (int64_t)since_last_hook(slot->L);
    return slot->steps_given - (uint64_t)left;
}

/// What was used since the last hook is charged, and a new slice begins. lua_sethook may be called anywhere.
void kl_renew_hook(kl_slot *slot, lua_State *L) {
    if (!L) return;
    uint64_t used = since_last_hook(L);
    lua_sethook(L, kl_hook, LUA_MASKCOUNT, slot->interval);
    slot->slice_steps = 0;
    kl_charge(slot, used);
}

/// Whenever one coroutine gives way to another. Each begins a slice of its own.
void kl_settle(kl_slot *slot, lua_State *from, lua_State *to) {
    if (!hook_count_offset) kl_charge(slot, KL_INTERVAL / 2);
    kl_renew_hook(slot, from);
    kl_renew_hook(slot, to);
}

// MARK: What is left

static uint64_t less(uint64_t from, uint64_t take) {
    return from > take ? from - take : 0;
}

/// The CPU time of a run that began so long ago. Where nobody looked at that clock, the run did little but wait.
uint64_t kl_cpu_used(const kl_slot *slot, uint64_t wall) {
    if (slot->cpu_started) return kl_cpu_now() - slot->cpu_started;
    return wall < KL_FREE_OF_CLOCK ? wall : KL_FREE_OF_CLOCK;
}

kl_limits kl_limits_left(const kl_slot *slot) {
    kl_limits left = slot->limits;
    uint64_t elapsed = kl_now() - slot->started;
    left.steps = less(slot->steps_given, kl_steps_used(slot));
    left.wall_nanoseconds = less(left.wall_nanoseconds, elapsed);
    left.cpu_nanoseconds = slot->cpu_started ? less(left.cpu_nanoseconds, kl_cpu_now() - slot->cpu_started) : left.cpu_nanoseconds;
    left.memory = less(left.memory, kl_heap_of(slot)->live - slot->live_before);
    left.host_calls = slot->host_calls < left.host_calls ? left.host_calls - slot->host_calls : 0;
    return left;
}
