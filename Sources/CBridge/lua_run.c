// One run: image back, arguments in, call, result out. kl_run is the frame that everything leaves to.
#include "lua_internal.h"

#include <stdio.h>
#include <stdlib.h>

// Loading has a budget of its own, so that a run costs the same whether its program was at hand or not.
static const kl_limits load_limits = {
    .steps = 10000000, .cpu_nanoseconds = 1000000000, .wall_nanoseconds = 5000000000, .memory = 32 << 20,
};
enum { LOAD_SEED = 1 };

// MARK: Loading

static void build(kl_slot *slot, const kl_program *program) {
    slot->log_off = slot->during_load = true;
    kl_seed(slot->rng, LOAD_SEED);
    kl_limits_start(slot, &load_limits);
    const kl_image *base = kl_image_find(slot, program->base->id);
    if (base) {
        kl_image_restore(slot, base);
        slot->program = NULL;
    } else {
        slot->program = NULL;
        kl_build_base(slot, program->base);
        kl_image_take(slot, program->base->id, slot->L);
    }
    kl_build_program(slot, program);
    kl_image_take(slot, program->id, slot->L);
    slot->log_off = slot->during_load = false;
    slot->loading = 0;
}

static void load(kl_slot *slot, const kl_program *program, kl_usage *usage) {
    slot->current = slot->L = NULL;
    slot->loading = 0;
    const kl_image *image = kl_image_find(slot, program->id);
    if (image) {
        kl_image_restore(slot, image);
        slot->program = program;
    } else {
        usage->built = true;
        build(slot, program);
    }
}

// MARK: Limits

/// A run inside a run spends the budget of the one around it.
static kl_limits limits_of(const kl_slot *slot, const kl_request *request) {
    kl_limits limits = request->limits;
    if (slot->parent && slot->parent->running) {
        kl_limits left = kl_limits_left(slot->parent);
        if (limits.steps > left.steps) limits.steps = left.steps;
        if (limits.wall_nanoseconds > left.wall_nanoseconds) limits.wall_nanoseconds = left.wall_nanoseconds;
        if (limits.cpu_nanoseconds > left.cpu_nanoseconds) limits.cpu_nanoseconds = left.cpu_nanoseconds;
    }
    return limits;
}

static void reset(kl_slot *slot, const kl_request *request) {
    slot->request = request;
    slot->limits = limits_of(slot, request);
    slot->verdict = KL_OK;
    slot->host_error = NULL;
    slot->guards = 0;
    slot->from_host = slot->during_load = slot->log_off = false;
    slot->line = 0;
    slot->file[0] = slot->message[0] = slot->stack[0] = 0;
    slot->result.count = slot->value.count = slot->log.count = slot->scratch.count = 0;
    slot->call_arguments.count = slot->call_results.count = 0; // kernel.received and kernel.passed read them
    slot->result.overflowed = slot->value.overflowed = slot->log.overflowed = slot->scratch.overflowed = false;
    slot->result.limit = slot->call_arguments.limit = slot->call_results.limit = slot->limits.result_bytes;
    slot->log.limit = slot->limits.log_bytes;
}

static void open_budget(kl_slot *slot) {
    kl_heap *heap = kl_heap_of(slot);
    size_t memory = slot->limits.memory < slot->reserve ? slot->limits.memory : slot->reserve;
    slot->live_before = heap->live;
    heap->peak = heap->live;
    heap->limit = heap->live + memory;
    size_t cap = heap->bump + 4 * memory + (1 << 20);
    heap->cap = cap < slot->reserve ? cap : slot->reserve;
    kl_seed(slot->rng, slot->request->seed);
    kl_limits_start(slot, &slot->limits);
}

// MARK: Calling

static _Noreturn void refuse_path(kl_slot *slot, const char *path, const char *what) {
    kl_leave(slot, KL_ERROR, "'%s': %s", path, what);
}

/// [-0, +1] Follows the dotted path into the entry module's value by raw access. Numbers are list indices.
static void push_at_path(kl_slot *slot, lua_State *L, const char *path) {
    lua_pushvalue(L, 2);
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, ".");
        if (!lua_istable(L, -1)) refuse_path(slot, path, "the program has no such value");
        lua_pushlstring(L, at, length);
        if (lua_rawget(L, -2) == LUA_TNIL && *at >= '0' && *at <= '9') {
            lua_pop(L, 1);
            lua_rawgeti(L, -1, strtoll(at, NULL, 10));
        }
        lua_remove(L, -2);
        at += length;
        if (*at == '.') at++;
    }
}

/// [-0, +1 or 2] The function to call, and before it the invoker when the request names one; how many were pushed.
static int push_callee(kl_slot *slot, lua_State *L, const kl_request *request) {
    int pushed = 1;
    if (request->invoker) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_invokers);
        lua_pushstring(L, request->invoker);
        lua_rawget(L, -2);
        lua_remove(L, -2);
        if (!lua_isfunction(L, -1)) refuse_path(slot, request->invoker, "the prelude has no such invoker");
        pushed = 2;
    }
    push_at_path(slot, L, request->path);
    if (!request->invoker && !lua_isfunction(L, -1)) refuse_path(slot, request->path, "not a function");
    return pushed;
}

/// [-(callee and arguments), +results] False when the script raised.
static bool call(kl_slot *slot, lua_State *L, int count, int results) {
    if (lua_pcall(L, count, results, 1) == LUA_OK) return true;
    slot->verdict = KL_ERROR;
    return false;
}

static bool take_result(kl_slot *slot, lua_State *L, int index, bool describe) {
    if (kl_take(slot, L, index, &slot->result, describe)) return true;
    slot->verdict = KL_RESULT;
    return false;
}

static void run_once(kl_slot *slot, lua_State *L, const kl_request *request) {
    int base = lua_gettop(L), pushed = push_callee(slot, L, request);
    const uint8_t *bytes = slot->arguments.bytes;
    int count = kl_push_all(L, bytes, bytes + slot->arguments.count);
    if (count < 0) kl_leave(slot, KL_INTERNAL, "malformed arguments");
    if (!call(slot, L, count + pushed - 1, LUA_MULTRET)) return;
    int top = lua_gettop(L);
    slot->nodes_left = slot->limits.nodes;
    for (int i = base + 1; i <= top; i++) {
        if (!take_result(slot, L, i, false)) return;
    }
}

/// The argument is an array of argument lists. Only one list is in Lua at a time.
static void run_each(kl_slot *slot, lua_State *L, const kl_request *request) {
    const uint8_t *at = slot->arguments.bytes, *end = at + slot->arguments.count;
    uint32_t lists = 0;
    bool empty = end - at >= 1 && *at == KL_TAG_EMPTY;
    if (!empty) {
        if (end - at < 5 || *at != KL_TAG_ARRAY) kl_leave(slot, KL_INTERNAL, "malformed arguments");
        memcpy(&lists, at + 1, sizeof lists);
        at += 5;
    }
    if (!kl_buffer_grow(&slot->result, 5)) kl_leave(slot, KL_RESULT, "result limit reached");
    slot->result.bytes[0] = KL_TAG_ARRAY;
    memcpy(slot->result.bytes + 1, &lists, sizeof lists);
    slot->result.count = 5;
    int base = lua_gettop(L);
    for (uint32_t i = 0; i < lists; i++) {
        uint32_t count = 0;
        if (end - at >= 1 && *at == KL_TAG_EMPTY) {
            at += 1;
        } else {
            if (end - at < 5 || *at != KL_TAG_ARRAY) kl_leave(slot, KL_INTERNAL, "malformed arguments");
            memcpy(&count, at + 1, sizeof count);
            at += 5;
        }
        int pushed = push_callee(slot, L, request);
        for (uint32_t k = 0; k < count; k++) {
            if (k == 250 || !kl_push(L, &at, end, 2 * KL_MAX_NESTING)) kl_leave(slot, KL_INTERNAL, "malformed arguments");
        }
        if (!call(slot, L, (int)count + pushed - 1, 1)) return;
        slot->nodes_left = slot->limits.nodes;
        if (!take_result(slot, L, -1, false)) return;
        lua_settop(L, base);
    }
}

static void run_inside(kl_slot *slot, const kl_request *request, kl_usage *usage) {
    load(slot, request->program, usage);
    open_budget(slot);
    lua_State *L = slot->L;
    if (request->mode == KL_DESCRIBE) {
        push_at_path(slot, L, request->path);
        slot->nodes_left = slot->limits.nodes;
        take_result(slot, L, -1, true);
    } else if (request->mode == KL_EACH) {
        run_each(slot, L, request);
    } else {
        run_once(slot, L, request);
    }
}

/// Whether the budget was overdrawn when the run ended some other way, between two hooks. Where the hooks lie may depend
/// on time, the verdict must not.
static bool is_overdrawn(const kl_slot *slot, uint64_t used) {
    return used > slot->steps_given && slot->verdict != KL_STEPS && slot->verdict != KL_TIME && slot->verdict != KL_INTERNAL;
}

static void fill(kl_slot *slot, kl_report *report) {
    bool loaded = !slot->during_load && slot->L;
    uint64_t used = loaded ? kl_steps_used(slot) : 0;
    if (loaded && is_overdrawn(slot, used)) {
        slot->verdict = KL_STEPS;
        snprintf(slot->message, sizeof slot->message, KL_STEPS_MESSAGE, (unsigned long long)slot->steps_given);
    }
    report->verdict = slot->verdict;
    report->usage.steps = slot->verdict == KL_STEPS && loaded ? slot->steps_given : used;
    report->usage.nanoseconds = kl_now() - slot->started;
    report->usage.cpu_nanoseconds = kl_cpu_used(slot, report->usage.nanoseconds);
    report->usage.memory = loaded ? kl_heap_of(slot)->peak - slot->live_before : 0;
    report->usage.host_calls = slot->host_calls;
    report->usage.log_bytes = (uint32_t)slot->log.count;
    report->from_host = slot->verdict == KL_ERROR && slot->from_host;
    report->during_load = slot->during_load;
    report->line = slot->line;
    report->file = slot->file;
    report->message = slot->message;
    report->stack = slot->stack;
    report->result = slot->result.bytes;
    report->result_length = slot->verdict == KL_OK ? slot->result.count : 0;
    report->value = slot->value.bytes;
    report->value_length = slot->verdict == KL_ERROR ? slot->value.count : 0;
    report->log = slot->log.bytes;
    report->log_length = slot->log.count;
}

void kl_run(kl_slot *slot, const kl_request *request, kl_report *report) {
    memset(&report->usage, 0, sizeof report->usage);
    reset(slot, request);
    slot->running = true;
    if (setjmp(slot->exit) == 0) run_inside(slot, request, &report->usage);
    slot->running = false;
    fill(slot, report);
    slot->request = NULL;
    if (slot->parent && slot->parent->running) slot->parent->steps_left -= (int64_t)report->usage.steps;
}
