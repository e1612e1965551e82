// What scripts alone cannot show: the bridge's own interface, its caches, nested runs, and allocations that fail.
// Built with --wrap for what is made to fail. See run.sh.
#include "lua_internal.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failures, checks;

#define CHECK(condition) \
    do { \
        checks++; \
        if (!(condition)) printf("FAIL line %d: %s\n", __LINE__, #condition), failures++; \
    } while (0)

// MARK: Failing allocations

static long fail_at = -1; // the n-th allocation from now fails; -1: none
static bool fail_maps, fail_states;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
lua_State *__real_luaL_newstate(void);

static bool fails(void) {
    return fail_at >= 0 && fail_at-- == 0;
}

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size) {
    return fails() ? NULL : __real_realloc(block, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset) {
    return fail_maps ? MAP_FAILED : __real_mmap(at, size, protection, flags, file, offset);
}

char *__real_strdup(const char *text);

char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}

static _Thread_local int blind; // 1: the thread's attributes are not told, 2: its stack is not

int __real_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);
int __real_pthread_attr_getstack(const pthread_attr_t *attributes, void **low, size_t *size);

int __wrap_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes) {
    return blind == 1 ? 12 : __real_pthread_getattr_np(thread, attributes);
}

int __wrap_pthread_attr_getstack(const pthread_attr_t *attributes, void **low, size_t *size) {
    return blind == 2 ? 12 : __real_pthread_attr_getstack(attributes, low, size);
}

lua_State *__wrap_luaL_newstate(void) {
    return fail_states ? NULL : __real_luaL_newstate();
}

// MARK: Support

static const kl_limits limits = {
    .steps = 5000000, .cpu_nanoseconds = 2000000000, .wall_nanoseconds = 10000000000, .memory = 16 << 20, .host_calls = 100,
    .log_bytes = 1 << 16, .result_bytes = 1 << 20, .nodes = 10000};

static kl_chunk *chunk_of(const char *source, const char *name, bool kernel) {
    kl_failure failure;
    kl_chunk *chunk = kl_compile((const uint8_t *)source, strlen(source), name, kernel, &failure);
    if (!chunk) printf("%s:%d: %s\n", failure.file, failure.line, failure.message);
    return chunk;
}

static int answer(void *context, uint32_t function, const uint8_t *arguments, size_t length, kl_buffer *results);
static const kl_host_function functions[] = {{"demo", "echo", 0, true}, {"demo", "facts", 1, true}, {"demo", "odd", 2, true},
                                             {"demo", "again", 3, true}, {"hidden", "echo", 0, false}, {"hidden", "two", 0, false}, {"demo", "less", 4, true}, {"demo", "more", 5, true},
                                             {"demo", "nap", 6, true}, {"demo", "secret", 0, false}};
enum { FUNCTIONS = sizeof functions / sizeof *functions };
static kl_base *base;

static kl_program *program_of(const char *source) {
    kl_chunk *chunk = chunk_of(source, "unit.lua", false);
    if (!chunk) return NULL;
    kl_module module = {"main", chunk};
    kl_program *program = kl_program_new(base, &module, 1, "main");
    kl_chunk_release(chunk);
    return program;
}

typedef struct outcome {
    int verdict, line;
    bool built, during_load;
    uint64_t steps;
    char message[512];
    uint8_t result[512];
    size_t length;
} outcome;

static outcome run_with(const kl_program *program, const char *path, const char *invoker, int mode, kl_limits with, const void *arguments, size_t length) {
    outcome o = {.verdict = -1};
    if (!program) return o;
    kl_slot *slot = kl_enter();
    if (!slot) return o;
    kl_buffer *out = kl_arguments(slot);
    if (length && kl_buffer_grow(out, length)) memcpy(out->bytes, arguments, length), out->count = length;
    kl_report report;
    kl_request request = {.program = program, .path = path, .invoker = invoker, .mode = mode, .limits = with, .seed = 1,
                          .call = answer, .context = (void *)program};
    kl_run(slot, &request, &report);
    o.verdict = report.verdict;
    o.line = report.line;
    o.built = report.usage.built;
    o.steps = report.usage.steps;
    o.during_load = report.during_load;
    snprintf(o.message, sizeof o.message, "%s", report.message);
    o.length = report.result_length < sizeof o.result ? report.result_length : sizeof o.result;
    if (o.length) memcpy(o.result, report.result, o.length);
    kl_exit(slot);
    return o;
}

static outcome run(const kl_program *program, const char *path) {
    return run_with(program, path, NULL, KL_CALL, limits, NULL, 0);
}

static outcome run_source(const char *source) {
    kl_program *program = program_of(source);
    outcome o = {.verdict = KL_COMPILE};
    if (program) o = run(program, "");
    kl_program_release(program);
    return o;
}

static void put(kl_buffer *out, const void *bytes, size_t count) {
    if (count && kl_buffer_grow(out, count)) memcpy(out->bytes + out->count, bytes, count), out->count += count;
}

static int64_t integer_at(const outcome *o, size_t at) {
    int64_t value = -1;
    if (at + 9 <= o->length && o->result[at] == KL_TAG_INT) memcpy(&value, o->result + at + 1, 8);
    return value;
}

// MARK: The host

static char seen_file[64];
static int seen_line;
static kl_limits seen_left;
static bool seen_unguarded;
static int odd_way;

static int answer(void *context, uint32_t function, const uint8_t *arguments, size_t length, kl_buffer *results) {
    switch (function) {
        case 0: put(results, arguments, length); return KL_HOST_OK;
        case 1:
            seen_line = kl_location(seen_file, sizeof seen_file);
            kl_charge_host(5000);
            seen_left = kl_remaining();
            seen_unguarded = kl_is_unguarded();
            return KL_HOST_OK;
        case 2:
            switch (odd_way) {
                case 0: return KL_HOST_RAISE; // nothing to raise
                case 1: put(results, "\x05\xff\xff\xff\xff", 5); return KL_HOST_OK;
                case 2: put(results, "\xff", 1); return KL_HOST_RAISE;
                case 3: put(results, "\x05\x03\0\0\0bad", 8); return KL_HOST_RAISE;
                case 4: results->overflowed = true; return KL_HOST_OK;
                case 5: put(results, "\x07\x01\0\0\0\x05\0\0\0where\x05\x02\0\0\0me", 21); return KL_HOST_RAISE;
                case 8: put(results, "\x07\x01\0\0\0\x07\0\0\0message\x05\x02\0\0\0me", 23); return KL_HOST_RAISE;
                case 9: put(results, "\x07\x01\0\0\0\x04\0\0\0code\x05\x02\0\0\0me", 20); return KL_HOST_RAISE;
                default: kl_charge_host(UINT64_MAX); return KL_HOST_LEAVE;
            }
        case 6:
            nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
            seen_left = kl_remaining();
            return KL_HOST_OK;
        case 4:
        case 5: {
            kl_limits own = limits;
            if (function == 4) own.steps = 100000, own.wall_nanoseconds = 1000000000, own.cpu_nanoseconds = 100000000;
            else own.steps *= 2, own.wall_nanoseconds *= 2, own.cpu_nanoseconds *= 2;
            kl_program *inner = program_of("return function() for i = 1, 1000 do end end");
            outcome o = run_with(inner, "", NULL, KL_CALL, own, NULL, 0);
            kl_program_release(inner);
            return o.verdict == KL_OK ? KL_HOST_OK : KL_HOST_LEAVE;
        }
        default: {
            outcome o = run(context, "");
            return o.verdict == KL_OK ? KL_HOST_OK : KL_HOST_LEAVE;
        }
    }
}

// MARK: Cases

static void test_modules(void) {
    kl_chunk *a = chunk_of("local b = require 'b' return { f = function() return b.n end, late = function() return require('c').n end,"
                           "caught = function() local ok = pcall(require, 'bad') local again = pcall(require, 'bad') return ok or again end }", "a.lua", false);
    kl_chunk *b = chunk_of("local name = ... assert(name == 'b') return { n = 7 }", "b.lua", false);
    kl_chunk *c = chunk_of("local t = {} for i = 1, 300 do t[i] = i end return { n = #t }", "c.lua", false);
    kl_chunk *bad = chunk_of("error('never')", "bad.lua", false);
    kl_module modules[] = {{"a", a}, {"c", c}, {"b", b}, {"bad", bad}};
    kl_program *program = kl_program_new(base, modules, 4, "a");
    CHECK(kl_program_new(base, modules, 4, "nothing") == NULL);
    CHECK(kl_chunk_size(a) > 100);
    outcome o = run(program, "f");
    CHECK(o.verdict == KL_OK && integer_at(&o, 0) == 7 && o.built);
    o = run(program, "f");
    CHECK(o.verdict == KL_OK && !o.built);
    o = run(program, "late");
    CHECK(o.verdict == KL_OK && integer_at(&o, 0) == 300 && o.steps > 300);
    o = run(program, "caught");
    CHECK(o.verdict == KL_OK && o.result[0] == KL_TAG_FALSE);
    kl_program_release(program);
    program = kl_program_new(base, modules, 4, "bad");
    o = run(program, "");
    CHECK(o.verdict == KL_ERROR && o.during_load && o.line == 1 && strstr(o.message, "never"));
    kl_program_release(program);
    // a module that returns nothing, and a chain too deep
    CHECK(strstr(run_source("local x = 1").message, "returns nothing"));
    char names[40][8], sources[40][40];
    kl_module chain[40];
    for (int i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "m%d", i);
        snprintf(sources[i], sizeof sources[i], "return require 'm%d'", i + 1);
        chain[i] = (kl_module){names[i], chunk_of(sources[i], names[i], false)};
    }
    program = kl_program_new(base, chain, 40, "m0");
    o = run(program, "");
    CHECK(o.verdict == KL_ERROR && strstr(o.message, "more than 32 deep"));
    kl_program_release(program);
    for (int i = 0; i < 40; i++) kl_chunk_release(chain[i].chunk);
    kl_chunk_release(a), kl_chunk_release(b), kl_chunk_release(c), kl_chunk_release(bad);
    kl_chunk_release(NULL), kl_program_release(NULL), kl_base_release(NULL);
}

static void test_paths(void) {
    kl_program *program = program_of("return { f = function() return 1 end, list = { { g = function(x) return x end } }, n = 5, [\"7\"] = function() return 7 end }");
    outcome o = run(program, "f");
    CHECK(integer_at(&o, 0) == 1);
    o = run_with(program, "list.1.g", NULL, KL_CALL, limits, "\x03\x2a\0\0\0\0\0\0\0", 9);
    CHECK(integer_at(&o, 0) == 42);
    o = run(program, "7");
    CHECK(integer_at(&o, 0) == 7);
    CHECK(run(program, "n").verdict == KL_ERROR && run(program, "n.x").verdict == KL_ERROR && run(program, "").verdict == KL_ERROR);
    CHECK(run(program, "list.!").verdict == KL_ERROR && run(program, "list.x").verdict == KL_ERROR);
    CHECK(run(program, "list.9.g").verdict == KL_ERROR && run(program, "f.").verdict == KL_OK);
    CHECK(run_with(program, "f", "nobody", KL_CALL, limits, NULL, 0).verdict == KL_ERROR);
    CHECK(run_with(program, "f", NULL, KL_CALL, limits, "\x05\xff", 2).verdict == KL_INTERNAL);
    o = run_with(program, "", NULL, KL_DESCRIBE, limits, NULL, 0);
    CHECK(o.verdict == KL_OK && o.result[0] == KL_TAG_MAP);
    o = run_with(program, "list", NULL, KL_DESCRIBE, limits, NULL, 0);
    CHECK(o.verdict == KL_OK && o.result[0] == KL_TAG_ARRAY);
    kl_program_release(program);
    program = program_of("return { [1.5] = 1, x = 2 }");
    CHECK(run_with(program, "", NULL, KL_DESCRIBE, limits, NULL, 0).verdict == KL_RESULT);
    kl_program_release(program);
    program = program_of("return { f = print }");
    o = run_with(program, "", NULL, KL_DESCRIBE, limits, NULL, 0);
    CHECK(o.verdict == KL_OK && o.length == 15 && o.result[10] == KL_TAG_FUNCTION && o.result[11] == 0);
    kl_program_release(program);
    program = program_of("return { { 'price', 'money', required = true }, x = function() end }");
    o = run_with(program, "", NULL, KL_DESCRIBE, limits, NULL, 0);
    CHECK(o.verdict == KL_OK && o.result[0] == KL_TAG_MAP);
    kl_program_release(program);
}

static void test_each(void) {
    kl_program *program = program_of("return function(a) if a == 'stop' then error('stopped') end return a end");
    static const char two[] = "\x06\x02\0\0\0\x06\x01\0\0\0\x02\x06\x01\0\0\0\x01";
    outcome o = run_with(program, "", NULL, KL_EACH, limits, two, sizeof two - 1);
    CHECK(o.verdict == KL_OK && o.length == 7 && o.result[0] == KL_TAG_ARRAY && o.result[5] == KL_TAG_TRUE && o.result[6] == KL_TAG_FALSE);
    o = run_with(program, "", NULL, KL_EACH, limits, "\x0b", 1);
    CHECK(o.verdict == KL_OK && o.length == 5);
    o = run_with(program, "", NULL, KL_EACH, limits, "\x06\x01\0\0\0\x0b", 6);
    CHECK(o.verdict == KL_OK && o.length == 6 && o.result[5] == KL_TAG_NIL);
    static const char stop[] = "\x06\x01\0\0\0\x06\x01\0\0\0\x05\x04\0\0\0stop";
    CHECK(run_with(program, "", NULL, KL_EACH, limits, stop, sizeof stop - 1).verdict == KL_ERROR);
    CHECK(run_with(program, "", NULL, KL_EACH, limits, "\x06", 1).verdict == KL_INTERNAL);
    CHECK(run_with(program, "", NULL, KL_EACH, limits, "\x03\0\0\0\0\0\0\0\0", 9).verdict == KL_INTERNAL);
    CHECK(run_with(program, "", NULL, KL_EACH, limits, "\x06\x01\0\0\0\x03\0\0\0\0", 10).verdict == KL_INTERNAL);
    CHECK(run_with(program, "", NULL, KL_EACH, limits, "\x06\x01\0\0\0\x06\x01\0\0\0\x05\xff", 12).verdict == KL_INTERNAL);
    kl_limits small = limits;
    small.result_bytes = 4;
    CHECK(run_with(program, "", NULL, KL_EACH, small, "\x0b", 1).verdict == KL_RESULT);
    small.result_bytes = 6;
    CHECK(run_with(program, "", NULL, KL_EACH, small, two, sizeof two - 1).verdict == KL_RESULT);
    char many[5 + 5 + 251] = "\x06\x01\0\0\0\x06\xfb\0\0"; // a list of one list of 251 values
    memset(many + 10, KL_TAG_NIL, 251);
    CHECK(run_with(program, "", NULL, KL_EACH, limits, many, sizeof many).verdict == KL_INTERNAL);
    kl_program_release(program);
}

/// Values that do not fit, whatever of them does.
static void test_narrow_results(void) {
    static const char *const sources[] = {
        "return function() return 1 end", "return function() return 'x' end", "return function() return { 1 } end",
        "return function() return { a = 1 } end", "return function() return {} end", "return function() return nil end"};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        kl_program *program = program_of(sources[i]);
        kl_limits small = limits;
        outcome o = run_with(program, "", NULL, KL_CALL, limits, NULL, 0);
        CHECK(o.verdict == KL_OK);
        for (small.result_bytes = 0; small.result_bytes < o.length; small.result_bytes++) {
            CHECK(run_with(program, "", NULL, KL_CALL, small, NULL, 0).verdict == KL_RESULT);
        }
        CHECK(run_with(program, "", NULL, KL_CALL, small, NULL, 0).verdict == KL_OK);
        small.nodes = 0;
        CHECK(run_with(program, "", NULL, KL_CALL, small, NULL, 0).verdict == KL_RESULT);
        kl_program_release(program);
    }
}

/// Arguments that are not as the host writes them.
static void test_odd_arguments(void) {
    kl_program *program = program_of("return function(...) return select('#', ...) end");
    char deep[5 * 70 + 1];
    for (int depth = 60; depth <= 70; depth++) {
        for (int i = 0; i < depth; i++) memcpy(deep + 5 * i, "\x06\x01\0\0\0", 5);
        deep[5 * depth] = KL_TAG_TRUE;
        int wanted = depth < 2 * KL_MAX_NESTING ? KL_OK : KL_INTERNAL;
        CHECK(run_with(program, "", NULL, KL_CALL, limits, deep, 5 * (size_t)depth + 1).verdict == wanted);
    }
    char deeper[10 * 70 + 1];
    for (int depth = 60; depth <= 70; depth++) {
        for (int i = 0; i < depth; i++) memcpy(deeper + 10 * i, "\x07\x01\0\0\0\x01\0\0\0k", 10);
        deeper[10 * depth] = KL_TAG_TRUE;
        int wanted = depth < 2 * KL_MAX_NESTING ? KL_OK : KL_INTERNAL;
        CHECK(run_with(program, "", NULL, KL_CALL, limits, deeper, 10 * (size_t)depth + 1).verdict == wanted);
    }
    static const char code[] = "\x09\0\0\0\0\0\0\0\0\x02\x02GH";
    char money[sizeof code];
    memcpy(money, code, sizeof code);
    money[0] = KL_TAG_MONEY;
    CHECK(run_with(program, "", NULL, KL_CALL, limits, money, sizeof money - 1).verdict == KL_INTERNAL);
    kl_program_release(program);
}

/// More than the stack of a coroutine holds, and more than a sort takes.
static void test_large(void) {
    kl_limits large = limits;
    large.memory = 200 << 20, large.steps = 200000000, large.cpu_nanoseconds = 60000000000, large.wall_nanoseconds = 120000000000;
    kl_program *program = program_of(
        "local function refused(text, ok, message) assert(not ok and message:find(text, 1, true), message) end\n"
        "return function()\n"
        "  local many = {}\n"
        "  for i = 1, 8000 do many[i] = i end\n"
        "  local function deep(n, f, ...) if n == 0 then local a, b = f() return a, b end local a, b = deep(n - 1, f, ...) return a, b end\n"
        "  local seen = {}\n"
        "  for n = 118, 128 do\n" // one of them leaves less room than 8000 values need
        "    local co = coroutine.create(function() return deep(n, coroutine.yield, table.unpack(many)) end)\n"
        "    coroutine.resume(co)\n"
        "    seen[tostring(select(2, coroutine.resume(co, table.unpack(many))))] = true\n"
        "    local giver = coroutine.create(function() return table.unpack(many) end)\n"
        "    local _, a, b = pcall(deep, n, function() return coroutine.resume(giver) end, table.unpack(many, 1, 7900))\n"
        "    seen[tostring(b)] = true\n"
        "  end\n"
        "  assert(seen['too many arguments to resume'] and seen['too many results to resume'])\n"
        "  local t = {}\n"
        "  for i = 1, 1000001 do t[i] = i end\n"
        "  refused('too many elements', pcall(table.sort, t))\n"
        "end");
    outcome o = run_with(program, "", NULL, KL_CALL, large, NULL, 0);
    CHECK(o.verdict == KL_OK);
    if (o.verdict != KL_OK) printf("     %d: %s\n", o.verdict, o.message);
    kl_program_release(program);
}

/// Whether an error of the host would end the run.
static void test_guards(void) {
    static const struct { const char *source; bool unguarded; } cases[] = {
        {"return function() demo.facts() end", true},
        {"return function() pcall(error) demo.facts() end", true},
        {"return function() pcall(demo.facts) end", false},
        {"return function() xpcall(demo.facts, print) end", false},
        {"return function() coroutine.wrap(demo.facts)() end", false},
        {"return function() pcall(function() pcall(error) demo.facts() end) end", false},
    };
    CHECK(!kl_is_unguarded());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seen_unguarded = !cases[i].unguarded;
        outcome o = run_source(cases[i].source);
        CHECK(o.verdict == KL_OK && seen_unguarded == cases[i].unguarded);
    }
    kl_slot *slot = kl_enter(); // entered, but nothing runs
    CHECK(!kl_is_unguarded());
    kl_exit(slot);
}

/// A run inside a run with less to spend than the one around it has left, and with more.
static void test_nested(void) {
    kl_program *program = program_of("return function() demo.less() demo.more() return 1 end");
    outcome o = run(program, "");
    CHECK(o.verdict == KL_OK && o.steps > 2 * 1000);
    kl_program_release(program);
}

static void test_host(void) {
    kl_limits none = kl_remaining();
    char file[8];
    CHECK(none.steps == 0 && kl_location(file, sizeof file) == 0 && file[0] == 0);
    kl_charge_host(5);
    kl_program *program = program_of("return function()\n demo.facts()\n end");
    outcome o = run(program, "");
    CHECK(o.verdict == KL_OK && o.steps >= 5200 && seen_line == 2 && strcmp(seen_file, "unit.lua") == 0);
    CHECK(seen_left.steps < 4995000 && seen_left.host_calls == 99 && seen_left.memory > 0);
    kl_program_release(program);
    program = program_of("return function() return pcall(demo.odd) end");
    static const int wanted[] = {KL_INTERNAL, KL_INTERNAL, KL_INTERNAL, KL_OK, KL_HOST, KL_OK, KL_STEPS};
    for (odd_way = 0; odd_way < 7; odd_way++) {
        o = run(program, "");
        CHECK(o.verdict == wanted[odd_way]);
        if (o.verdict != wanted[odd_way]) printf("     way %d: %d, %s\n", odd_way, o.verdict, o.message);
    }
    kl_program_release(program);
    // what the host raised shows its message, else its code, else that it is an error
    program = program_of("return function() local ok, e = pcall(demo.odd) return tostring(e) end");
    static const struct { int way; const char *text; } shown[] = {{5, "error"}, {8, "me"}, {9, "me"}};
    for (int i = 0; i < 3; i++) {
        odd_way = shown[i].way;
        o = run(program, "");
        CHECK(o.verdict == KL_OK && o.length == 5 + strlen(shown[i].text) && memcmp(o.result + 5, shown[i].text, o.length - 5) == 0);
    }
    kl_program_release(program);
    // the last host call leaves none, and time goes on while the host works
    kl_limits once = limits;
    once.host_calls = 1;
    program = program_of("return function() demo.facts() end");
    CHECK(run_with(program, "", NULL, KL_CALL, once, NULL, 0).verdict == KL_OK && seen_left.host_calls == 0);
    kl_program_release(program);
    once.wall_nanoseconds = 10000000;
    program = program_of("return function() demo.nap() while true do end end");
    o = run_with(program, "", NULL, KL_CALL, once, NULL, 0);
    CHECK(o.verdict == KL_TIME && seen_left.wall_nanoseconds == 0 && seen_left.cpu_nanoseconds > 0);
    // after the nap the deadline moves on by what is left of CPU, but not beyond the end of the wall time
    once.cpu_nanoseconds = 50000000, once.wall_nanoseconds = 90000000, once.steps = UINT64_MAX;
    o = run_with(program, "", NULL, KL_CALL, once, NULL, 0);
    CHECK(o.verdict == KL_TIME);
    kl_program_release(program);
    program = program_of("return function() return demo.again() end");
    o = run(program, "");
    CHECK(o.verdict == KL_CANCELLED);
    kl_program_release(program);
    CHECK(run_source("return function() return hidden end").verdict == KL_ERROR);
}

static void test_limits(void) {
    kl_limits l = limits;
    l.cpu_nanoseconds = 10000000;
    l.steps = UINT64_MAX;
    kl_program *loop = program_of("return function() while true do end end");
    CHECK(run_with(loop, "", NULL, KL_CALL, l, NULL, 0).verdict == KL_TIME);
    l.cpu_nanoseconds = 10000000000;
    l.wall_nanoseconds = 10000000;
    CHECK(run_with(loop, "", NULL, KL_CALL, l, NULL, 0).verdict == KL_TIME);
    l = limits;
    l.steps = 500; // less than one interval
    outcome o = run_with(loop, "", NULL, KL_CALL, l, NULL, 0);
    CHECK(o.verdict == KL_STEPS && o.steps == 500);
    kl_program_release(loop);
    kl_program *some = program_of("return function() for i = 1, 200 do end return 1 end");
    o = run(some, "");
    CHECK(o.verdict == KL_OK && o.steps > 200 && o.steps < 1000);
    l.steps = o.steps;
    CHECK(run_with(some, "", NULL, KL_CALL, l, NULL, 0).verdict == KL_OK);
    l.steps = o.steps - 1;
    CHECK(run_with(some, "", NULL, KL_CALL, l, NULL, 0).verdict == KL_STEPS);
    kl_program_release(some);
    // overdrawn between two hooks, whatever the end
    l.steps = 100;
    kl_program *raiser = program_of("return function() for i = 1, 200 do end error('x') end");
    CHECK(run_with(raiser, "", NULL, KL_CALL, l, NULL, 0).verdict == KL_STEPS);
    kl_program_release(raiser);
    l = limits;
    l.steps = 50000000;
    l.memory = (uint64_t)1 << 40; // more than an arena has
    l.cpu_nanoseconds = 60000000000, l.wall_nanoseconds = 120000000000;
    kl_program *eater = program_of("return function() local t = {} for i = 1, 40 do t[i] = ('x'):rep(8000000) .. i end end");
    CHECK(run_with(eater, "", NULL, KL_CALL, l, NULL, 0).verdict == KL_MEMORY);
    l.memory = 4 << 20;
    CHECK(run_with(eater, "", NULL, KL_CALL, l, NULL, 0).verdict == KL_MEMORY);
    kl_program_release(eater);
    l = limits;
    l.log_bytes = 3;
    kl_program *printer = program_of("return function() print('long') end");
    CHECK(run_with(printer, "", NULL, KL_CALL, l, NULL, 0).verdict == KL_OUTPUT);
    kl_program_release(printer);
    // a program that does not load in its budget
    CHECK(run_source("while true do end").during_load && run_source("local t = {} while true do t[#t + 1] = {} end").verdict == KL_MEMORY);
}

static void test_images(void) {
    kl_drop_images();
    kl_program *programs[600];
    size_t bytes, count, largest;
    for (int i = 0; i < 600; i++) {
        char source[160];
        snprintf(source, sizeof source, "local t = {} for i = 1, 300 do t[i] = { i } end return function() return %d end", i);
        programs[i] = program_of(source);
        outcome o = run(programs[i], "");
        CHECK(integer_at(&o, 0) == i);
    }
    kl_image_statistics(&bytes, &count, &largest);
    CHECK(bytes <= KL_IMAGE_CACHE && bytes > KL_IMAGE_CACHE / 2 && count < 600 && largest > 10000);
    outcome o = run(programs[599], "");
    CHECK(!o.built);
    o = run(programs[0], "");
    CHECK(o.built && integer_at(&o, 0) == 0);
    o = run(programs[599], "");
    CHECK(!o.built && integer_at(&o, 0) == 599);
    for (int i = 0; i < 600; i++) kl_program_release(programs[i]);
    // an image larger than the cache is kept as long as it is the newest
    kl_program *large = program_of("local t = {} for i = 1, 200000 do t[i] = { i } end return function() return #t end");
    o = run(large, "");
    CHECK(integer_at(&o, 0) == 200000 && o.built);
    o = run(large, "");
    CHECK(integer_at(&o, 0) == 200000 && !o.built);
    kl_program_release(large);
    kl_drop_images();
    kl_image_statistics(&bytes, &count, &largest);
    CHECK(bytes == 0 && count == 0 && largest == 0);
}

static void test_wiping(void) {
    // What a run wrote is gone from the arena once the next program has its turn.
    outcome o = run_source("return function() local t = {} for i = 1, 2000 do t[i] = 'the secret of a tenant ' .. i end return #t end");
    CHECK(integer_at(&o, 0) == 2000);
    run_source("return function() end");
    kl_slot *slot = kl_enter();
    CHECK(memmem(slot->base, slot->reserve < 4 << 20 ? slot->reserve : 4 << 20, "the secret of a tenant", 22) == NULL);
    kl_exit(slot);
}

// MARK: The allocator

typedef struct block {
    uint8_t *at;
    size_t size;
    uint8_t fill;
} block;

static uint64_t random_state = 88172645463325252u;

static size_t below(size_t n) {
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (size_t)(random_state >> 11) % n;
}

static bool holds(const block *b) {
    for (size_t i = 0; i < b->size; i++) {
        if (b->at[i] != b->fill) return false;
    }
    return true;
}

/// Blocks keep what was written to them, whatever happens to their neighbours; in the end nothing is live.
static void test_heap(void) {
    static block blocks[400];
    kl_slot *slot = kl_enter();
    kl_limits_start(slot, &limits);
    kl_heap_start(slot);
    slot->L = slot->current = NULL;
    kl_heap *heap = kl_heap_of(slot);
    bool good = true;
    if (setjmp(slot->exit) == 0) {
        for (int i = 0; i < 200000; i++) {
            block *b = &blocks[below(400)];
            good = good && holds(b);
            size_t size = below(20) ? below(300) : below(40000);
            if (below(3) == 0) size = 0;
            b->at = kl_allocate(slot, b->at, b->size, size);
            size_t kept = size < b->size ? size : b->size;
            for (size_t k = 0; k < kept; k++) good = good && b->at[k] == b->fill;
            b->size = b->at ? size : 0;
            b->fill = (uint8_t)i;
            if (b->at) memset(b->at, b->fill, b->size);
            good = good && ((uintptr_t)b->at & 15) == 0 && (size == 0) == (b->at == NULL);
        }
        for (int i = 0; i < 400; i++) kl_allocate(slot, blocks[i].at, blocks[i].size, 0);
        CHECK(heap->live == 0);
        // shrinking never fails, even where there is no room for a smaller block
        uint8_t *large = kl_allocate(slot, NULL, 0, 100000);
        memset(large, 7, 100000);
        heap->cap = heap->bump;
        memset(heap->free, 0, sizeof heap->free);
        uint8_t *small = kl_allocate(slot, large, 100000, 50000);
        CHECK(small == large && small[49999] == 7 && kl_allocate(slot, NULL, 0, 0) == NULL);
        kl_allocate(slot, small, 50000, 0);
        CHECK(heap->live == 0);
    } else {
        good = false;
    }
    CHECK(good);
    volatile int left = 0;
    for (int k = 0; k < 4; k++) { // more than there is
        if (setjmp(slot->exit) == 0) {
            heap->cap = slot->reserve, heap->peak = heap->live, heap->limit = k == 0 ? 1000 : (size_t)1 << 40;
            if (k == 3) heap->cap = heap->bump, memset(heap->free, 0, sizeof heap->free);
            uint8_t *some = kl_allocate(slot, NULL, 0, 500);
            if (k < 2) kl_allocate(slot, NULL, 0, k == 0 ? 5000 : (size_t)1 << 40);
            else kl_allocate(slot, some, 500, (size_t)1 << 40);
        } else {
            left += slot->verdict == KL_MEMORY;
        }
    }
    CHECK(left == 4);
    kl_exit(slot);
}

static int next_blind;

static void *enter_here(void *argument) {
    blind = next_blind; // sanitizers ask for these when a thread begins
    *(bool *)argument = kl_enter() != NULL;
    return NULL;
}

static bool can_enter_with_stack(size_t size) {
    bool entered = false;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size);
    pthread_create(&thread, &attributes, enter_here, &entered);
    pthread_join(thread, NULL);
    return entered;
}

static void test_slots(void) {
    kl_slot *slots[KL_MAX_DEPTH];
    for (int i = 0; i < KL_MAX_DEPTH; i++) CHECK((slots[i] = kl_enter()) != NULL);
    CHECK(kl_enter() == NULL);
    kl_failure failure;
    CHECK(kl_compile((const uint8_t *)"", 0, "x", false, &failure) == NULL && failure.verdict == KL_DEPTH);
    for (int i = KL_MAX_DEPTH - 1; i >= 0; i--) kl_exit(slots[i]);
    // not the innermost, and once too often: nothing changes
    kl_slot *outer = kl_enter(), *inner = kl_enter();
    kl_exit(outer);
    CHECK(kl_remaining().steps == 0);
    kl_report report;
    kl_program *program = program_of("return function() return 5 end"); // in the third slot
    kl_request request = {.program = program, .path = "", .mode = KL_CALL, .limits = limits, .call = answer};
    kl_run(inner, &request, &report); // the one around it does not run
    CHECK(report.verdict == KL_OK);
    kl_program_release(program);
    kl_exit(inner), kl_exit(outer), kl_exit(outer);
    for (int i = 0; i < KL_MAX_DEPTH; i++) CHECK((slots[i] = kl_enter()) != NULL);
    kl_buffer walked = {.limit = 1 << 20};
    CHECK(!kl_reachable(&walked) && !kl_self_check());
    kl_buffer_free(&walked);
    for (int i = KL_MAX_DEPTH - 1; i >= 0; i--) kl_exit(slots[i]);
    CHECK(!can_enter_with_stack(512 << 10)); // first, as stacks are used again
    CHECK(can_enter_with_stack(2 << 20));
    for (next_blind = 2; next_blind > 0; next_blind--) CHECK(!can_enter_with_stack(2 << 20));
}

static void test_buffers(void) {
    kl_buffer out = {.limit = 10};
    CHECK(kl_buffer_grow(&out, 10) && !kl_buffer_grow(&out, 11) && !kl_buffer_grow(&out, 1)); // once too much, too much for good
    kl_buffer_free(&out);
}

static int uses;

static void count_use(void *context, kl_global_use use) {
    uses += use.line > 0 && use.name[0] && context == NULL;
    if (getenv("SHOW")) printf("%s:%d\n", use.name, use.line);
}

static void test_compile(void) {
    kl_failure failure;
    kl_chunk *forged = kl_compile((const uint8_t *)"return", 6, "[kernel] forged", false, &failure);
    kl_chunk *marked = kl_compile((const uint8_t *)"\xef\xbb\xbfreturn 1", 11, "bom", false, &failure);
    kl_chunk *empty = kl_compile(NULL, 0, "empty", false, &failure);
    CHECK(forged && marked && empty && strcmp(forged->name, "=(kernel] forged") == 0);
    kl_chunk_release(forged), kl_chunk_release(marked), kl_chunk_release(empty);
    CHECK(kl_compile((const uint8_t *)"\xff", 1, "x", false, &failure) == NULL && strstr(failure.message, "UTF-8"));
    CHECK(kl_compile((const uint8_t *)"x =", 3, "a name that is longer than the sixty bytes that Lua shows of it.lua", false, &failure) == NULL);
    CHECK(failure.line == 1 && strstr(failure.message, "unexpected symbol"));
    kl_chunk *chunk = chunk_of("local a = b c = d\nfunction e() return f[g] end h.i = j local k = _ENV k.l = m return function() n = _ENV.o end", "g.lua", false);
    CHECK(kl_chunk_globals(chunk, count_use, NULL) && uses == 12);
    kl_chunk_retain(chunk);
    kl_chunk_release(chunk);
    kl_chunk_release(chunk);
    // a name too long to be told, a key that is not known
    char text[400];
    snprintf(text, sizeof text, "%0200d = 1 return function(x) local e = _ENV e[x] = 1 return e[x] end", 0);
    memset(text, 'n', 200);
    uses = 0;
    chunk = chunk_of(text, "names.lua", false);
    CHECK(kl_chunk_globals(chunk, count_use, NULL) && uses == 0);
    kl_chunk_release(chunk);
    // one string that fills the largest file
    char *full = malloc(KL_MAX_SOURCE);
    memset(full, 'x', KL_MAX_SOURCE);
    memcpy(full, "return '", 8);
    full[KL_MAX_SOURCE - 1] = '\'';
    chunk = kl_compile((const uint8_t *)full, KL_MAX_SOURCE, "full.lua", false, &failure);
    CHECK(chunk && kl_chunk_size(chunk) > KL_MAX_SOURCE - 20);
    kl_chunk_release(chunk);
    free(full);
    chunk = chunk_of("local a = b c = d\nfunction e() return f[g] end h.i = j local k = _ENV k.l = m return function() n = _ENV.o end", "g.lua", false);
    // damaged dumps are refused or walked, without harm
    uint64_t random = 88172645463325252u;
    kl_chunk *copy = malloc(sizeof *copy + chunk->size);
    for (int i = 0; i < 200000; i++) {
        memcpy(copy, chunk, sizeof *copy + chunk->size);
        for (int k = 0; k < 3; k++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            copy->bytes[random % chunk->size] = (uint8_t)(random >> 40);
        }
        if (random & 1) copy->size = random % chunk->size;
        kl_chunk_globals(copy, count_use, NULL);
    }
    free(copy);
    kl_chunk_release(chunk);
    // constants beyond the reach of one instruction, every kind of constant
    char source[60000];
    int n = snprintf(source, sizeof source, "local t = { 1.5, 70000, nil, true, false, 'long %060d' }\n", 1);
    for (int i = 0; i < 300; i++) n += snprintf(source + n, sizeof source - (size_t)n, "t.f%d = 'v%d'\n", i, i);
    snprintf(source + n, sizeof source - (size_t)n, "late = other\nlate2(other2.x) local k = 'key' t[k] = t[late3]\n");
    chunk = chunk_of(source, "many.lua", false);
    uses = 0;
    CHECK(kl_chunk_globals(chunk, count_use, NULL) && uses == 5);
    kl_chunk_release(chunk);
}

static void test_prelude(void) {
    kl_chunk *good = chunk_of("local k = ... assert(k.where() == nil and not pcall(require, 'x')) k.global('echo', k.host.hidden.echo) k.global('demo', { own = 1 }) k.invoker('twice', function(f, x) return f(f(x)) end)", "good.lua", true);
    kl_chunk *bad = chunk_of("local k = ...\nk.global('x', nothing_of_the_kind)", "bad.lua", true);
    kl_module modules[] = {{"good", good}, {"bad", bad}};
    kl_base *with = kl_base_new(functions, FUNCTIONS, modules, 1), *broken = kl_base_new(functions, FUNCTIONS, modules, 2);
    kl_chunk *chunk = chunk_of("return { f = function(x) return echo(x) + demo.own end, g = function() return demo.echo end }", "p.lua", false);
    kl_module module = {"main", chunk};
    kl_program *program = kl_program_new(with, &module, 1, "main"), *stuck = kl_program_new(broken, &module, 1, "main");
    outcome o = run_with(program, "f", "twice", KL_CALL, limits, "\x03\x05\0\0\0\0\0\0\0", 9);
    CHECK(o.verdict == KL_OK && integer_at(&o, 0) == 7);
    o = run(program, "g");
    CHECK(o.verdict == KL_OK && o.result[0] == KL_TAG_NIL);
    o = run(stuck, "f");
    CHECK(o.verdict == KL_ERROR && o.during_load && strstr(o.message, "undefined global 'nothing_of_the_kind'"));
    kl_program_release(program), kl_program_release(stuck);
    kl_chunk_release(good), kl_chunk_release(bad), kl_chunk_release(chunk);
    kl_base_release(with), kl_base_release(broken);
}

/// More lines of a stack than there is room for.
static void test_long_stack(void) {
    char source[600], name[121];
    memset(name, 'n', 120), name[120] = 0;
    int at = snprintf(source, sizeof source, "local t = {}\nfunction t.%.100s(n) if n == 0 then error('deep') end t.%.100s(n - 1) return 1 end\nreturn t.%.100s", name, name, name);
    kl_chunk *chunk = chunk_of(source, name, false);
    kl_module module = {"main", chunk};
    kl_program *program = kl_program_new(base, &module, 1, "main");
    outcome o = run_with(program, "", NULL, KL_CALL, limits, "\x03\x28\0\0\0\0\0\0\0", 9);
    CHECK(at > 0 && o.verdict == KL_ERROR && o.line == 2);
    kl_program_release(program);
    kl_chunk_release(chunk);
}

static void test_panic(void) {
    kl_slot *slot = kl_enter();
    for (int k = 0; k < 2; k++) {
        volatile bool left = true;
        if (setjmp(slot->exit) == 0) {
            kl_limits_start(slot, &limits);
            kl_build_base(slot, NULL);
            if (k) lua_createtable(slot->L, 0, 0);
            else lua_pushliteral(slot->L, "outside");
            lua_error(slot->L);
            left = false;
        }
        CHECK(left && slot->verdict == KL_INTERNAL && strstr(slot->message, k ? "no text" : "outside"));
    }
    slot->L = slot->current = NULL;
    kl_exit(slot);
}

static void test_self_check(void) {
    CHECK(kl_self_check());
    if (setlocale(LC_ALL, "C.UTF-8")) CHECK(!kl_self_check());
    setlocale(LC_ALL, "C");
    kl_buffer tiny = {.limit = 10};
    CHECK(!kl_reachable(&tiny));
    kl_buffer_free(&tiny);
}

/// Each allocation on the way fails once: a clear end, never a crash.
static void test_allocations(void) {
    static const char source[] = "local t = {} for i = 1, 500 do t[i] = ('x'):rep(i) end print(#t) table.sort(t) return { f = function(x) for k in pairs(t) do x = k end print(('y'):rep(5000)) return { a = { x, demo.echo(t) } } end }";
    static const char last[] = "\x03\x05\0\0\0\0\0\0\0";
    for (long n = 0; n < 60; n++) {
        kl_drop_images();
        fail_at = n;
        kl_base *own = kl_base_new(functions, FUNCTIONS, NULL, 0);
        kl_failure failure;
        kl_chunk *chunk = kl_compile((const uint8_t *)source, sizeof source - 1, "f.lua", false, &failure);
        kl_module module = {"main", chunk};
        kl_program *program = own && chunk ? kl_program_new(own, &module, 1, "main") : NULL;
        if (program) {
            outcome o = run_with(program, "f", NULL, KL_CALL, limits, last, 9);
            CHECK(o.verdict != KL_ERROR || fail_at >= -1);
        }
        fail_at = -1;
        kl_program_release(program);
        kl_chunk_release(chunk);
        kl_base_release(own);
    }
    for (long n = 0; n < 4; n++) {
        kl_buffer out = {.limit = 1 << 20};
        fail_at = n;
        kl_reachable(&out);
        fail_at = -1;
        kl_buffer_free(&out);
    }
}

static void *first_compile(void *argument) {
    const char *source = argument;
    kl_failure failure;
    for (long n = 0; n < 12; n++) { // the dump finds no room
        fail_at = n;
        kl_chunk *chunk = kl_compile((const uint8_t *)source, strlen(source), "f.lua", false, &failure);
        fail_at = -1;
        CHECK(chunk || failure.verdict == KL_DEPTH || failure.verdict == KL_COMPILE || failure.verdict == KL_INTERNAL);
        kl_chunk_release(chunk);
    }
    size_t bytes, count, largest;
    kl_image_statistics(&bytes, &count, &largest);
    kl_drop_images();
    CHECK(bytes == 0 && count == 0);
    return NULL;
}

static void *first_map(void *argument) {
    (void)argument;
    fail_maps = true;
    CHECK(kl_enter() == NULL);
    fail_maps = false;
    kl_slot *slot = kl_enter();
    CHECK(slot != NULL);
    kl_exit(slot);
    return NULL;
}

static void *first_run(void *argument) {
    (void)argument;
    for (long n = 0; n < 12; n++) { // a slot of this thread cannot be made
        fail_at = n;
        kl_slot *slot = kl_enter();
        fail_at = -1;
        if (slot) kl_exit(slot);
    }
    return NULL;
}

static void test_new_threads(void) {
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, first_run, NULL);
        pthread_join(thread, NULL);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, first_map, NULL);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, first_compile, (void *)"local a = 'a text' return function() return a .. a end");
    pthread_join(thread, NULL);
    static const long at[] = {0, 1};
    for (int i = 0; i < 2; i++) { // the very first allocations of a thread
        fail_at = at[i];
        CHECK(!can_enter_with_stack(2 << 20) || i >= 0);
        fail_at = -1;
    }
}

/// Without the exact count, steps come in intervals and limits hold all the same.
static void test_without_exact_count(void) {
    pid_t child = fork();
    if (child == 0) {
        fail_states = true;
        base = kl_base_new(functions, FUNCTIONS, NULL, 0);
        CHECK(run_source("return function() while true do end end").verdict == KL_STEPS);
        CHECK(run_source("return function() while true do coroutine.wrap(function() for i = 1, 500 do end end)() end end").verdict == KL_STEPS);
        outcome o = run_source("return function() for i = 1, 100 do end end");
        CHECK(o.verdict == KL_OK && o.steps == 0);
        kl_buffer out = {.limit = 1 << 20};
        CHECK(kl_reachable(&out) && !kl_self_check());
        kl_buffer_free(&out);
        exit(failures ? 1 : 0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
}

int main(void) {
    test_without_exact_count();
    base = kl_base_new(functions, FUNCTIONS, NULL, 0);
    test_modules();
    test_paths();
    test_each();
    test_host();
    test_narrow_results();
    test_guards();
    test_odd_arguments();
    test_nested();
    test_large();
    test_buffers();
    test_long_stack();
    test_limits();
    test_images();
    test_wiping();
    test_heap();
    test_slots();
    test_compile();
    test_prelude();
    test_panic();
    test_self_check();
    test_allocations();
    test_new_threads();
    kl_base_release(base);
    printf("%d checks, %d failures\n", checks, failures);
    fflush(stdout);
    return failures ? 1 : 0;
}
