// Fuzzers for the C bridge. Each prints its seed; the same seed and count repeat a failure.
//
//   fuzz [--seed N] [--count N] [--corpus FILE]... patterns|format|values|malformed|scripts|mutants|all
#include "CBridgeLua.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t state, seed;
static long count = 20000;
static int failures;

static uint64_t chance(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned below(unsigned n) {
    return (unsigned)(chance() % n);
}

static const char *pick(const char *const *list, unsigned n) {
    return list[below(n)];
}
#define PICK(list) pick(list, sizeof list / sizeof *list)

// MARK: Text

typedef struct text {
    char bytes[1 << 16];
    size_t count;
} text;

static void add(text *t, const char *s) {
    size_t n = strlen(s);
    if (t->count + n + 1 > sizeof t->bytes) return;
    memcpy(t->bytes + t->count, s, n + 1);
    t->count += n;
}

static void add_byte(text *t, char c) {
    if (t->count + 2 > sizeof t->bytes) return;
    t->bytes[t->count++] = c;
    t->bytes[t->count] = 0;
}

// MARK: Running

static kl_base *base;
static const kl_limits limits = {
    .steps = 200000, .cpu_nanoseconds = 20000000000, .wall_nanoseconds = 60000000000, .memory = 4 << 20, .host_calls = 50,
    .log_bytes = 4096, .result_bytes = 1 << 16, .nodes = 2000};

static kl_program *program_of(const char *source, size_t length, kl_failure *failure) {
    kl_chunk *chunk = kl_compile((const uint8_t *)source, length, "fuzz", false, failure);
    if (!chunk) return NULL;
    kl_module module = {"main", chunk};
    kl_program *program = kl_program_new(base, &module, 1, "main");
    kl_chunk_release(chunk);
    return program;
}

static kl_buffer seen; // the arguments of the last host call

static int answer(void *context, uint32_t function, const uint8_t *arguments, size_t length, kl_buffer *results) {
    (void)context;
    seen.count = 0;
    if (length && kl_buffer_grow(&seen, length)) memcpy(seen.bytes, arguments, length), seen.count = length;
    if (length && kl_buffer_grow(results, length)) memcpy(results->bytes, arguments, length), results->count = length;
    if (function == 0) return KL_HOST_OK;
    if (function == 1) return length ? KL_HOST_RAISE : KL_HOST_OK;
    return KL_HOST_LEAVE;
}

static void run_program(const kl_program *program, const uint8_t *arguments, size_t length, int mode, kl_report *report, kl_slot **slot) {
    *slot = kl_enter();
    kl_buffer *out = kl_arguments(*slot);
    if (length && kl_buffer_grow(out, length)) memcpy(out->bytes, arguments, length), out->count = length;
    kl_request request = {.program = program, .path = "", .mode = mode, .limits = limits, .seed = 1, .call = answer};
    kl_run(*slot, &request, report);
}

static void report_failure(const char *kind, long round, const char *detail) {
    printf("FAIL %s, seed %llu, round %ld: %s\n", kind, (unsigned long long)seed, round, detail);
    failures++;
}

// MARK: Patterns and formats: ours and Lua's own must agree

static void random_pattern(text *t, int depth) {
    static const char *const items[] = {
        "a", "b", "c", ".", "%a", "%d", "%w", "%s", "%p", "%A", "%x", "%l", "%u", "%c", "%g", "[abc]", "[^a]", "[a-c]", "[%a_]",
        "[]]", "[^]a]", "[a-]", "[%]]", "%%", "%.", "%(", "x", "1", " ", "%b()", "%bab", "%f[%a]", "%f[^%a]", "%1", "%2", "()",
        "$", "^", "(", ")", "[", "]", "%", "-", "*", "[^", "%f", "%b", "%bx", "[a", "[%", "\\0"};
    static const char *const suffixes[] = {"", "", "", "*", "+", "-", "?"};
    unsigned n = 1 + below(5);
    if (below(8) == 0) add(t, "^");
    for (unsigned i = 0; i < n; i++) {
        if (depth < 3 && below(5) == 0) {
            add(t, "(");
            random_pattern(t, depth + 1);
            add(t, ")");
            continue;
        }
        const char *item = items[below(below(6) ? 38 : (unsigned)(sizeof items / sizeof *items))];
        if (strcmp(item, "\\0") == 0) add_byte(t, 0), t->bytes[t->count] = 0;
        else add(t, item);
        add(t, PICK(suffixes));
    }
    if (below(8) == 0) add(t, "$");
}

static void random_subject(text *t) {
    unsigned n = below(18);
    for (unsigned i = 0; i < n; i++) add_byte(t, "aabbcc()x1 .A_\n%]-"[below(18)]);
    if (below(20) == 0) add_byte(t, 0);
    if (below(20) == 0) add_byte(t, (char)(128 + below(128)));
}

/// Writes a Lua literal of the text.
static void add_literal(text *t, const text *value) {
    add(t, "\"");
    for (size_t i = 0; i < value->count; i++) {
        char code[8];
        snprintf(code, sizeof code, "\\%03d", (unsigned char)value->bytes[i]);
        add(t, code);
    }
    add(t, "\"");
}

/// Turns all results of a call into one line, the same way in both worlds.
static const char *const frame =
    "local function show(...) local t = { select('#', ...) } for i = 1, select('#', ...) do local v = select(i, ...) "
    "t[#t + 1] = type(v) .. ':' .. (type(v) == 'string' and v:gsub('[^%%w]', function(c) return '<' .. c:byte() .. '>' end) "
    "or tostring(v)) end return table.concat(t, ' ') end "
    "local ok, r = pcall(function() return show(%s) end) "
    "return ok and r or 'error ' .. tostring(r):gsub('^[^:]*:%%d*: ', ''):gsub(\"to '[%%w.]*'\", 'to')";

static lua_State *stock;

static void compare(const char *kind, long round, const char *expression) {
    static char code[1 << 17], ours[1 << 17];
    snprintf(ours, sizeof ours, frame, expression);
    snprintf(code, sizeof code, "return function() %s end", ours);
    lua_settop(stock, 0);
    const char *wanted = "does not compile";
    if (luaL_loadstring(stock, ours) == LUA_OK) {
        wanted = lua_pcall(stock, 0, 1, 0) == LUA_OK && lua_isstring(stock, -1) ? lua_tostring(stock, -1) : "raised";
    }
    kl_failure failure;
    kl_program *program = program_of(code, strlen(code), &failure);
    kl_slot *slot = NULL;
    kl_report report = {0};
    static char got[1 << 16];
    strcpy(got, "does not compile");
    if (program) {
        run_program(program, NULL, 0, KL_CALL, &report, &slot);
        if (report.verdict == KL_OK && report.result_length >= 5 && report.result[0] == KL_TAG_STRING) {
            snprintf(got, sizeof got, "%.*s", (int)(report.result_length - 5), report.result + 5);
        } else {
            snprintf(got, sizeof got, "verdict %d: %s", report.verdict, report.message);
        }
        kl_exit(slot);
        kl_program_release(program);
    }
    // Which of two mistakes is named first, and in which words, is not part of the promise.
    bool both_fail = strncmp(got, "error", 5) == 0 && strncmp(wanted, "error", 5) == 0 && strcmp(kind, "format") == 0;
    if (report.verdict != KL_STEPS && !both_fail && strcmp(got, wanted) != 0) {
        static char detail[1 << 18];
        snprintf(detail, sizeof detail, "%s\n  ours %s\n  Lua  %s", expression, got, wanted);
        report_failure(kind, round, detail);
    }
}

static void fuzz_patterns(void) {
    static const char *const replacements[] = {"\"<%0>\"", "\"%1\"", "\"x\"", "\"\"", "\"%2%1\"", "\"%%\"", "\"%\"", "{ a = \"A\", b = 1 }",
        "{ a = false }", "function(a, b) return b or a end", "function() end", "7", "{ a = {} }", "function() return false end"};
    for (long i = 0; i < count && failures < 20; i++) {
        static text pattern, subject, code;
        pattern.count = subject.count = code.count = 0;
        pattern.bytes[0] = subject.bytes[0] = code.bytes[0] = 0;
        random_pattern(&pattern, 0);
        random_subject(&subject);
        char more[64];
        int init = (int)below(24) - 6;
        switch (below(4)) {
            case 0: add(&code, "string.find("); snprintf(more, sizeof more, ", %d, %s)", init, below(6) ? "nil" : "true"); break;
            case 1: add(&code, "string.match("); snprintf(more, sizeof more, ", %d)", init); break;
            case 2: add(&code, "string.gsub("); more[0] = 0; break;
            default:
                add(&code, "(function(s, p) local t = {} for a, b in string.gmatch(s, p) do t[#t + 1] = tostring(a) .. '/' .. tostring(b) "
                           "if #t > 40 then break end end return table.concat(t, ' ') end)(");
                snprintf(more, sizeof more, ")");
        }
        add_literal(&code, &subject);
        add(&code, ", ");
        add_literal(&code, &pattern);
        if (more[0]) {
            add(&code, more);
        } else {
            add(&code, ", ");
            add(&code, PICK(replacements));
            if (below(3) == 0) add(&code, below(2) ? ", 1" : ", 0");
            add(&code, ")");
        }
        compare("patterns", i, code.bytes);
    }
}

static void fuzz_format(void) {
    static const char *const values[] = {"0", "1", "-1", "42", "3.0", "1.5", "-0.0", "1e300", "math.maxinteger", "math.mininteger", "\"x\"",
        "\"a long text of words\"", "true", "nil", "\"q\\\"\\n\\0\\1\"", "255", "65", "0.1", "1e15", "-7", "\"12\"", "1/0", "2^53"};
    static const char *const letters[] = {"d", "i", "x", "X", "o", "c", "e", "E", "f", "g", "G", "a", "A", "s", "q", "u", "F", "%", "y", ""};
    for (long i = 0; i < count && failures < 20; i++) {
        static text code;
        code.count = 0;
        add(&code, "string.format(\"");
        unsigned items = 1 + below(3);
        for (unsigned k = 0; k < items; k++) {
            char spec[40];
            add(&code, "<%");
            for (unsigned f = below(3); f > 0; f--) add_byte(&code, "-+ #0"[below(5)]);
            if (below(3) == 0) snprintf(spec, sizeof spec, "%u", below(below(10) ? 20 : 200)), add(&code, spec);
            if (below(3) == 0) snprintf(spec, sizeof spec, ".%u", below(below(10) ? 20 : 200)), add(&code, spec);
            add(&code, PICK(letters));
            add(&code, ">");
        }
        add(&code, "\"");
        for (unsigned k = below(5) ? items : below(3); k > 0; k--) {
            add(&code, ", ");
            add(&code, PICK(values));
        }
        add(&code, ")");
        compare("format", i, code.bytes);
    }
}

// MARK: Values

static void put(kl_buffer *out, const void *bytes, size_t n) {
    if (n && kl_buffer_grow(out, n)) memcpy(out->bytes + out->count, bytes, n), out->count += n;
}

static void put_u32(kl_buffer *out, uint32_t value) {
    put(out, &value, 4);
}

static void random_key(char *key, unsigned i) {
    static const char *const stems[] = {"a", "key", "a_longer_key_", "é", "K", "zzzzzzzz", "aaaaaaaa"};
    snprintf(key, 40, "%s%03u", PICK(stems), i); // made unique by the number, then sorted
}

static int by_text(const void *a, const void *b) {
    return strcmp(a, b);
}

/// A flat value in the form in which the bridge itself writes it: keys sorted, empty tables as such.
static void random_value(kl_buffer *out, int depth) {
    static const int64_t edges[] = {0, 1, -1, INT64_MAX, INT64_MIN, 255, 1000000007};
    static const double reals[] = {0.5, -0.0, 1e300, -1e-300, 3.0, 2147483648.0};
    static const char *const words[] = {"", "x", "läuft", "a text longer than forty characters, so that Lua does not intern it", "\x01\x7f", "𝄞"};
    uint8_t tag;
    switch (below(depth > 5 ? 9 : 12)) {
        case 0: tag = KL_TAG_FALSE; put(out, &tag, 1); break;
        case 1: tag = KL_TAG_TRUE; put(out, &tag, 1); break;
        case 2:
        case 3: {
            int64_t n = below(2) ? edges[below(7)] : (int64_t)chance();
            tag = KL_TAG_INT;
            put(out, &tag, 1);
            put(out, &n, 8);
            break;
        }
        case 4: {
            double n = reals[below(6)];
            tag = KL_TAG_DOUBLE;
            put(out, &tag, 1);
            put(out, &n, 8);
            break;
        }
        case 5:
        case 6: {
            const char *s = PICK(words);
            tag = KL_TAG_STRING;
            put(out, &tag, 1);
            put_u32(out, (uint32_t)strlen(s));
            put(out, s, strlen(s));
            break;
        }
        case 7: {
            int64_t coefficient = (int64_t)chance();
            uint8_t scale = (uint8_t)below(19);
            while (scale && coefficient % 10 == 0) coefficient /= 10, scale--;
            tag = KL_TAG_DECIMAL;
            put(out, &tag, 1);
            put(out, &coefficient, 8);
            put(out, &scale, 1);
            break;
        }
        case 8: {
            int64_t minor = (int64_t)chance();
            uint8_t facts[2] = {(uint8_t)below(7), (uint8_t)(3 + below(6))};
            tag = KL_TAG_MONEY;
            put(out, &tag, 1);
            put(out, &minor, 8);
            put(out, facts, 2);
            put(out, "ABCDEFGH", facts[1]);
            break;
        }
        case 9:
        case 10: {
            uint32_t n = below(6);
            tag = n ? KL_TAG_ARRAY : KL_TAG_EMPTY;
            put(out, &tag, 1);
            if (n) put_u32(out, n);
            for (uint32_t i = 0; i < n; i++) random_value(out, depth + 1);
            break;
        }
        default: {
            char keys[40][40];
            uint32_t n = below(below(8) ? 8 : 40);
            tag = n ? KL_TAG_MAP : KL_TAG_EMPTY;
            put(out, &tag, 1);
            if (n) put_u32(out, n);
            for (uint32_t i = 0; i < n; i++) random_key(keys[i], i);
            qsort(keys, n, sizeof *keys, by_text);
            for (uint32_t i = 0; i < n; i++) {
                put_u32(out, (uint32_t)strlen(keys[i]));
                put(out, keys[i], strlen(keys[i]));
                random_value(out, depth + 1);
            }
        }
    }
}

static kl_program *fixed_program(const char *source) {
    kl_failure failure;
    kl_program *program = program_of(source, strlen(source), &failure);
    if (!program) printf("%s\n", failure.message), exit(2);
    return program;
}

static void fuzz_values(void) {
    kl_program *same = fixed_program("return function(...) return ... end");
    kl_program *through = fixed_program("return function(...) return demo.echo(...) end");
    kl_buffer value = {.limit = 1 << 16};
    for (long i = 0; i < count && failures < 20; i++) {
        value.count = 0;
        value.overflowed = false;
        for (unsigned n = 1 + below(4); n > 0; n--) random_value(&value, 0);
        if (value.overflowed) continue;
        for (int k = 0; k < 2; k++) {
            kl_slot *slot;
            kl_report report;
            run_program(k ? through : same, value.bytes, value.count, KL_CALL, &report, &slot);
            bool good = report.verdict == KL_OK && report.result_length == value.count
                && memcmp(report.result, value.bytes, value.count) == 0;
            if (k && good) good = seen.count == value.count && memcmp(seen.bytes, value.bytes, value.count) == 0;
            if (!good && report.verdict != KL_RESULT && !strstr(report.message, "too many values")) {
                report_failure("values", i, report.message);
            }
            kl_exit(slot);
        }
    }
    kl_buffer_free(&value);
    kl_program_release(same);
    kl_program_release(through);
}

/// Damaged buffers, as arguments, as host results and as host errors: any verdict, no harm.
static void fuzz_malformed(void) {
    kl_program *same = fixed_program("return function(...) return ... end");
    kl_program *each = fixed_program("return function(...) return ... end");
    kl_buffer value = {.limit = 1 << 16};
    for (long i = 0; i < count; i++) {
        value.count = 0;
        value.overflowed = false;
        random_value(&value, 0);
        if (value.overflowed || !value.count) continue;
        for (unsigned n = 1 + below(4); n > 0; n--) value.bytes[below((unsigned)value.count)] = (uint8_t)chance();
        if (below(3) == 0) value.count = below((unsigned)value.count + 1);
        kl_slot *slot;
        kl_report report;
        run_program(below(4) ? same : each, value.bytes, value.count, below(4) ? KL_CALL : KL_EACH, &report, &slot);
        kl_exit(slot);
    }
    kl_buffer_free(&value);
    kl_program_release(same);
    kl_program_release(each);
}

// MARK: Scripts

static void statement(text *t, int depth);

static void expression(text *t, int depth) {
    static const char *const atoms[] = {
        "a", "b", "t", "s", "0", "1", "-1", "2^53", "1e308", "math.maxinteger", "math.mininteger", "nil", "true", "false", "''", "'abc'",
        "'%d%s'", "{}", "{ 1, 2, 3 }", "{ a = 1, b = {} }", "...", "_G", "string", "0/0", "('x'):rep(1000)", "print", "'\\xff\\0'",
        "function(x, y) return x end", "function() error('e') end", "coroutine.create(function(x) coroutine.yield(x) return 2 end)"};
    static const char *const binary[] = {"+", "-", "*", "/", "//", "%", "^", "..", "==", "~=", "<", "<=", ">", "and", "or", "&", "|", "~", "<<", ">>"};
    static const char *const calls[] = {
        "tostring", "tonumber", "type", "pairs", "ipairs", "next", "select", "rawget", "rawset", "rawequal", "rawlen", "pcall", "xpcall", "error",
        "assert", "setmetatable", "getmetatable", "require", "print", "string.format", "string.rep", "string.find", "string.match",
        "string.gsub", "string.gmatch", "string.sub", "string.byte", "string.char", "string.upper", "string.reverse", "string.len", "table.insert",
        "table.remove", "table.concat", "table.unpack", "table.pack", "table.move", "table.sort", "math.floor", "math.random", "math.tointeger",
        "math.max", "math.fmod", "math.randomseed", "utf8.char", "utf8.len", "utf8.codepoint", "utf8.offset", "utf8.codes", "coroutine.wrap",
        "coroutine.resume", "coroutine.create", "coroutine.status", "coroutine.yield", "coroutine.running", "demo.echo", "demo.fail", "a", "t.f", "s.x"};
    if (depth > 4) {
        add(t, PICK(atoms));
        return;
    }
    switch (below(9)) {
        case 0:
        case 1:
        case 2: add(t, PICK(atoms)); break;
        case 3:
            add(t, "(");
            expression(t, depth + 1);
            add(t, " ");
            add(t, PICK(binary));
            add(t, " ");
            expression(t, depth + 1);
            add(t, ")");
            break;
        case 4:
            add(t, below(3) ? "#" : below(2) ? "-" : "not ");
            add(t, "(");
            expression(t, depth + 1);
            add(t, ")");
            break;
        case 5:
            add(t, "t[");
            expression(t, depth + 1);
            add(t, "]");
            break;
        case 6:
            add(t, "(function(...) ");
            statement(t, depth + 1);
            add(t, " return ");
            expression(t, depth + 1);
            add(t, " end)");
            break;
        default:
            add(t, PICK(calls));
            add(t, "(");
            for (unsigned n = below(4); n > 0; n--) {
                expression(t, depth + 1);
                if (n > 1) add(t, ", ");
            }
            add(t, ")");
    }
}

static void statement(text *t, int depth) {
    if (depth > 4 || t->count > 20000) {
        add(t, "a = 1 ");
        return;
    }
    switch (below(11)) {
        case 0: add(t, "a = "); expression(t, depth); break;
        case 1: add(t, "t["); expression(t, depth); add(t, "] = "); expression(t, depth); break;
        case 2: add(t, "if "); expression(t, depth); add(t, " then "); statement(t, depth + 1); add(t, " else "); statement(t, depth + 1); add(t, "end"); break;
        case 3: add(t, "for i = 1, 20 do "); statement(t, depth + 1); add(t, "end"); break;
        case 4: add(t, "for k, v in pairs(t) do b = k "); statement(t, depth + 1); add(t, "end"); break;
        case 5: add(t, "pcall(function(...) "); statement(t, depth + 1); statement(t, depth + 1); add(t, "end, "); expression(t, depth); add(t, ")"); break;
        case 6:
            add(t, "t = setmetatable({}, { ");
            static const char *const events[] = {"__index", "__newindex", "__call", "__add", "__eq", "__lt", "__len", "__concat", "__close", "__pairs", "__tostring", "__unm"};
            for (unsigned n = below(3); n > 0; n--) {
                add(t, PICK(events));
                add(t, " = ");
                expression(t, depth + 1);
                add(t, ", ");
            }
            add(t, "})");
            break;
        case 7: add(t, "do local c <close> = setmetatable({}, { __close = function() "); statement(t, depth + 1); add(t, "end }) "); statement(t, depth + 1); add(t, "end"); break;
        case 8: add(t, "coroutine.wrap(function(...) "); statement(t, depth + 1); add(t, "coroutine.yield(a) "); statement(t, depth + 1); add(t, "end)("); expression(t, depth); add(t, ")"); break;
        case 9: add(t, "s = string.rep(tostring(a), 3) .. 'x'"); break;
        default: add(t, "b = "); expression(t, depth); break;
    }
    add(t, " ");
}

/// Runs a source twice; the second time must end like the first.
static void run_source(const char *kind, long round, const char *source, size_t length) {
    kl_failure failure;
    kl_program *program = program_of(source, length, &failure);
    if (!program) {
        if (failure.verdict != KL_COMPILE && failure.verdict != KL_MEMORY) report_failure(kind, round, failure.message);
        return;
    }
    int verdict = 0;
    uint64_t steps = 0;
    for (int k = 0; k < 2; k++) {
        kl_slot *slot;
        kl_report report;
        run_program(program, NULL, 0, KL_CALL, &report, &slot);
        bool internal = report.verdict == KL_INTERNAL && !strstr(report.message, "malformed value");
        bool other = k && (report.verdict != verdict || (report.usage.steps != steps && verdict != KL_TIME));
        if (internal || other) {
            static char detail[1 << 17];
            snprintf(detail, sizeof detail, "verdict %d then %d, steps %llu then %llu, %s\n%.60000s", verdict, report.verdict,
                     (unsigned long long)steps, (unsigned long long)report.usage.steps, report.message, source);
            report_failure(kind, round, detail);
        }
        verdict = report.verdict;
        steps = report.usage.steps;
        kl_exit(slot);
    }
    kl_program_release(program);
}

static void fuzz_scripts(void) {
    for (long i = 0; i < count && failures < 20; i++) {
        static text code;
        code.count = 0;
        code.bytes[0] = 0;
        add(&code, "return function(...) local a, b, t, s = 1, 'b', { 1, 2, f = print }, 'text' ");
        for (unsigned n = 1 + below(8); n > 0; n--) statement(&code, 0);
        add(&code, "return a, b end");
        run_source("scripts", i, code.bytes, code.count);
    }
}

static char *corpus[1000];
static size_t corpus_lengths[1000];
static unsigned corpus_count;

static void fuzz_mutants(void) {
    static const char *const tokens[] = {"end", "(", ")", "{", "}", "..", "local", "function", "return", "nil", "1", "while true do", "\"", "[[", "--", ",", "=", "%", "0x", "e", "goto", "::", "<close>", "#", "\xff", "\0x"};
    if (!corpus_count) return;
    for (long i = 0; i < count && failures < 20; i++) {
        static char code[1 << 18];
        unsigned which = below(corpus_count);
        size_t length = corpus_lengths[which];
        if (length + 4096 > sizeof code) continue;
        memcpy(code, corpus[which], length);
        for (unsigned n = 1 + below(6); n > 0 && length; n--) {
            unsigned at = below((unsigned)length);
            switch (below(4)) {
                case 0: code[at] = (char)chance(); break;
                case 1: {
                    const char *token = PICK(tokens);
                    size_t size = strlen(token);
                    memmove(code + at + size, code + at, length - at);
                    memcpy(code + at, token, size);
                    length += size;
                    break;
                }
                case 2: {
                    size_t size = 1 + below(20);
                    if (at + size > length) size = length - at;
                    memmove(code + at, code + at + size, length - at - size);
                    length -= size;
                    break;
                }
                default: {
                    unsigned other = below(corpus_count), from = below((unsigned)corpus_lengths[other] + 1);
                    size_t size = below(200);
                    if (from + size > corpus_lengths[other]) size = corpus_lengths[other] - from;
                    memmove(code + at + size, code + at, length - at);
                    memcpy(code + at, corpus[other] + from, size);
                    length += size;
                }
            }
        }
        code[length] = 0;
        run_source("mutants", i, code, length);
    }
}

// MARK: Main

static void load_corpus(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || corpus_count == 1000) return;
    char *bytes = malloc(1 << 16);
    corpus_lengths[corpus_count] = fread(bytes, 1, 1 << 16, file);
    corpus[corpus_count++] = bytes;
    fclose(file);
}

int main(int argument_count, char **arguments) {
    static const kl_host_function functions[] = {{"demo", "echo", 0, true}, {"demo", "fail", 1, true}, {"demo", "leave", 2, true}};
    seed = (uint64_t)time(NULL);
    const char *kind = "all";
    long seconds = 0;
    for (int i = 1; i < argument_count; i++) {
        if (strcmp(arguments[i], "--seed") == 0 && i + 1 < argument_count) seed = strtoull(arguments[++i], NULL, 10);
        else if (strcmp(arguments[i], "--count") == 0 && i + 1 < argument_count) count = atol(arguments[++i]);
        else if (strcmp(arguments[i], "--seconds") == 0 && i + 1 < argument_count) seconds = atol(arguments[++i]);
        else if (strcmp(arguments[i], "--corpus") == 0 && i + 1 < argument_count) load_corpus(arguments[++i]);
        else kind = arguments[i];
    }
    printf("seed %llu, count %ld\n", (unsigned long long)seed, count);
    fflush(stdout);
    base = kl_base_new(functions, 3, NULL, 0);
    seen.limit = 1 << 20;
    stock = luaL_newstate();
    luaL_openlibs(stock);
    struct { const char *name; void (*run)(void); } kinds[] = {
        {"patterns", fuzz_patterns}, {"format", fuzz_format}, {"values", fuzz_values}, {"malformed", fuzz_malformed},
        {"scripts", fuzz_scripts}, {"mutants", fuzz_mutants}};
    // With --seconds again and again, each time with the next seed.
    time_t end = time(NULL) + seconds;
    long rounds = 0;
    do {
        if (rounds++ > 0) {
            printf("seed %llu\n", (unsigned long long)++seed);
            fflush(stdout);
        }
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            if (strcmp(kind, "all") != 0 && strcmp(kind, kinds[i].name) != 0) continue;
            state = seed + i;
            kinds[i].run();
        }
    } while (time(NULL) < end && !failures);
    printf("%ld rounds\n", rounds);
    printf("%d failures\n", failures);
    lua_close(stock);
    kl_base_release(base);
    kl_buffer_free(&seen);
    return failures ? 1 : 0;
}
