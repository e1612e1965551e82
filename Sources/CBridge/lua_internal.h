// What the files of the Lua bridge share. Not visible to Swift.
#pragma once

#include "CBridgeLua.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <string.h>

#define KL_LIKELY(x) __builtin_expect(!!(x), 1)
#define KL_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define KL_STEPS_MESSAGE "instruction budget of %llu steps used up"

enum {
    KL_MAX_DEPTH = 8,              // runs inside runs
    KL_MAX_SOURCE = 256 * 1024,
    KL_MAX_STRING = 8 << 20,       // longest string that a library function makes
    KL_MAX_NESTING = 32,           // of flat values
    KL_MESSAGE = 4096,
    KL_STACK_TEXT = 4096,
    KL_INTERVAL = 1000,            // instructions between two hooks
    KL_FREE_OF_CLOCK = 500000,     // nanoseconds before a run's CPU time is looked at
    KL_HOST_CALL_STEPS = 200,
    KL_IMAGE_CACHE = 8 << 20,      // bytes of images per thread and depth
    KL_IMAGE_BUCKETS = 128,
    KL_MAX_LOADING = 32,           // modules that require modules
    KL_GC_CREDIT = 4 << 20,        // bytes that a run may make before its first collection
};

// MARK: Heap

enum { KL_SMALL_CLASSES = 64, KL_CLASSES = 140 };

/// The allocator's own state. It lies at the start of the arena, so that an image of the arena contains it.
typedef struct kl_heap {
    size_t bump;  // offset of the first byte never used
    size_t high;  // highest bump since the image was restored
    size_t cap;   // bump stays below
    size_t live;  // bytes in live blocks, rounded up to their classes
    size_t peak;
    size_t limit; // live stays below
    void *free[KL_CLASSES];
} kl_heap;

// MARK: Images

typedef struct kl_image {
    struct kl_image *newer, *older; // by last use
    struct kl_image *next;          // in its bucket
    uint64_t id;                    // of the base or program
    size_t size;
    lua_State *L;
    uint8_t *bytes;
} kl_image;

// MARK: Slots

struct kl_slot {
    // the arena
    uint8_t *base;
    size_t reserve;
    size_t dirty; // bytes from `base` that may be other than zero
    kl_image *newest, *oldest;
    kl_image *buckets[KL_IMAGE_BUCKETS];
    size_t image_bytes, image_count;

    // the run
    kl_slot *parent;
    bool running;
    int depth;
    lua_State *L;
    lua_State *current; // the coroutine that runs
    const kl_base *host_base;
    const kl_program *program;
    const kl_request *request;
    jmp_buf exit;
    int verdict;
    int loading;        // > 0 while the top level of a module runs
    const char *loading_names[KL_MAX_LOADING];
    kl_limits limits;
    size_t live_before; // bytes of the loaded program
    bool log_off;

    int64_t steps_left;
    int64_t checkpoint; // look at the clock when steps_left falls below
    uint64_t steps_given;
    uint64_t started, slice_started;
    uint64_t cpu_started; // 0: not read yet
    uint64_t deadline;    // next moment at which to look closer
    uint64_t wall_end;
    uint64_t cpu_limit;
    int interval;         // instructions between hooks for code that starts now
    int interval_cap;     // what the longest string so far allows
    int64_t slice_steps;  // instructions since the running coroutine began, up to its last hook
    size_t collected;     // live bytes after the last forced collection
    uint32_t host_calls;
    uint32_t nodes_left;
    uint32_t guards;      // protected calls that have begun and not ended; at least as many as are open
    uint64_t rng[4];
    const void *host_error; // identity of the last error value raised for the host

    kl_buffer arguments, result, call_arguments, call_results, value, log, scratch;

    // what went wrong
    bool from_host, during_load;
    int line;
    char file[256];
    char message[KL_MESSAGE];
    char stack[KL_STACK_TEXT];
};

static inline kl_slot *kl_slot_of(lua_State *L) {
    return *(kl_slot **)lua_getextraspace(L);
}

static inline kl_heap *kl_heap_of(const kl_slot *slot) {
    return (kl_heap *)slot->base;
}

// Keys in the registry: the addresses are the names.
extern const char kl_key_env, kl_key_globals, kl_key_loaded, kl_key_invokers, kl_key_money, kl_key_decimal, kl_key_error,
    kl_key_host_error, kl_key_open, kl_key_locked, kl_key_events, kl_key_copy;

// MARK: lua_heap.c

void *kl_allocate(void *slot, void *block, size_t old_size, size_t new_size);
void kl_heap_start(kl_slot *slot);
bool kl_slot_reserve(kl_slot *slot);
void kl_slot_wipe(kl_slot *slot, size_t keep);

// MARK: lua_image.c

kl_image *kl_image_find(kl_slot *slot, uint64_t id);
void kl_image_take(kl_slot *slot, uint64_t id, lua_State *L);
void kl_image_restore(kl_slot *slot, const kl_image *image);
void kl_image_drop_all(kl_slot *slot);

// MARK: lua_limits.c

uint64_t kl_now(void);
uint64_t kl_cpu_now(void);
_Noreturn void kl_leave(kl_slot *slot, int verdict, const char *format, ...) __attribute__((format(printf, 3, 4)));
void kl_limits_start(kl_slot *slot, const kl_limits *limits);
uint64_t kl_cpu_used(const kl_slot *slot, uint64_t wall);
uint64_t kl_steps_used(const kl_slot *slot);
kl_limits kl_limits_left(const kl_slot *slot);
uint64_t kl_check(kl_slot *slot);
void kl_hook(lua_State *L, lua_Debug *ar);
void kl_settle(kl_slot *slot, lua_State *from, lua_State *to);
void kl_renew_hook(kl_slot *slot, lua_State *L);
int kl_panic(lua_State *L);
void kl_find_hook_count(void);

/// Takes steps for work done in C. Leaves when the budget is gone.
static inline void kl_charge(kl_slot *slot, uint64_t steps) {
    slot->steps_left -= (int64_t)steps;
    if (KL_UNLIKELY(slot->steps_left < slot->checkpoint)) kl_check(slot);
}

// MARK: lua_where.c

int kl_where(lua_State *L, int level, char *file, size_t size);
void kl_stack_text(lua_State *L, char *out, size_t size);
int kl_message_handler(lua_State *L);
void kl_record_error(kl_slot *slot, lua_State *L, int index);

// MARK: lua_push.c, lua_take.c

/// Pushes one flat value. [-0, +1 if true]
bool kl_push(lua_State *L, const uint8_t **cursor, const uint8_t *end, int depth);
/// Pushes all values up to `end`; how many, or -1.
int kl_push_all(lua_State *L, const uint8_t *cursor, const uint8_t *end);
/// Appends the value at `index`. False with the reason in `slot->message`. Raw access only, never raises. [-0, +0]
bool kl_take(kl_slot *slot, lua_State *L, int index, kl_buffer *out, bool describe);
bool kl_is_utf8(const char *text, size_t length);

// MARK: scratch: a stack of bytes beside the C stack, wound back by whoever catches an error

void kl_scratch_add(lua_State *L, const char *bytes, size_t count);
char *kl_scratch_room(lua_State *L, size_t count);
/// Pushes what was added since `mark` as a string and winds back. [-0, +1]
void kl_scratch_push(lua_State *L, size_t mark);

// MARK: libraries; each opens into the table on top of the stack [-0, +0]

void kl_open_base(lua_State *L);
void kl_open_pairs(lua_State *L);
void kl_open_string(lua_State *L);
void kl_open_table(lua_State *L);
void kl_open_math(lua_State *L);
void kl_open_utf8(lua_State *L);
void kl_open_coroutine(lua_State *L);
void kl_open_decimal(lua_State *L);
void kl_open_money(lua_State *L);

int kl_sort(lua_State *L);
int kl_format(lua_State *L);
int kl_find(lua_State *L);
int kl_match(lua_State *L);
int kl_gmatch(lua_State *L);
int kl_gsub(lua_State *L);
void kl_seed(uint64_t state[4], uint64_t seed);

/// tostring without addresses. [-0, +1, e]
const char *kl_tostring(lua_State *L, int index, size_t *length);
/// Replaces the table on top by a read-only view of it. [-1, +1]
void kl_lock(lua_State *L, const char *name);
bool kl_is_locked(lua_State *L, int index);
/// Pushes the table at `index`, or what it is a read-only view of. [-0, +1]
void kl_push_viewed(lua_State *L, int index);
void kl_set(lua_State *L, const char *name, lua_CFunction function);

// MARK: lua_state.c, lua_modules.c

void kl_push_host_function(lua_State *L, const kl_host_function *function);
/// Metatables of money, decimals and host errors into the registry. [-0, +0]
void kl_open_values(lua_State *L);
void kl_build_base(kl_slot *slot, const kl_base *base);
void kl_build_program(kl_slot *slot, const kl_program *program);
int kl_require(lua_State *L);
void kl_open_kernel(lua_State *L, const kl_base *base);
void kl_open_frozen(lua_State *L);
void kl_open_text(lua_State *L);
int kl_host_trampoline(lua_State *L);

struct kl_chunk {
    atomic_size_t references;
    size_t size;
    bool kernel;
    char *name;     // with its mark '='
    uint8_t bytes[];
};

struct kl_base {
    atomic_size_t references;
    uint64_t id;
    size_t function_count, prelude_count;
    kl_host_function *functions;
    kl_module *prelude;
};

struct kl_program {
    atomic_size_t references;
    uint64_t id;
    kl_base *base;
    size_t module_count;
    kl_module *modules; // sorted by name
    size_t entry;
};

const kl_module *kl_program_module(const kl_program *program, const char *name);

// MARK: money and decimals as they lie in Lua's userdata

enum { KL_KIND_DECIMAL = 1, KL_KIND_MONEY = 2 };

typedef struct kl_decimal {
    uint8_t kind, scale;
    int64_t coefficient;
} kl_decimal;

typedef struct kl_money {
    uint8_t kind, exponent, code_length;
    char code[9];
    int64_t minor;
} kl_money;

/// The userdata at `index` if it is of that kind, else NULL. All userdata of a script's world are made by this bridge.
static inline void *kl_kind_at(lua_State *L, int index, int kind) {
    if (lua_type(L, index) != LUA_TUSERDATA) return NULL;
    uint8_t *block = lua_touserdata(L, index);
    return *block == kind ? block : NULL;
}
void kl_push_decimal(lua_State *L, int64_t coefficient, unsigned scale);
void kl_push_money(lua_State *L, int64_t minor, const char *code, size_t code_length, unsigned exponent);
