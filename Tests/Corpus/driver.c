// Runs the corpus against the C bridge alone, so that sanitizers can watch. See README.md.
//
//   driver [--repeat N] [--threads N] [--slow] [--timing] FILE...    runs the files and checks what their headers expect
//   driver --hostile N FILE...     runs the hostile ones N times in all: memory, threads and descriptors must not grow
//   driver --overshoot FILE...     how much longer than its budget of time the slowest runs
//   driver --globals               prints what a bare script can reach
#include "CBridgeLua.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// MARK: Text

typedef struct text {
    char *bytes;
    size_t count, capacity;
} text;

static void add(text *t, const char *bytes, size_t count) {
    if (t->count + count + 1 > t->capacity) {
        t->capacity = (t->count + count + 1) * 2;
        t->bytes = realloc(t->bytes, t->capacity);
    }
    memcpy(t->bytes + t->count, bytes, count);
    t->count += count;
    t->bytes[t->count] = 0;
}

static void add_string(text *t, const char *s) {
    add(t, s, strlen(s));
}

static void add_quoted(text *t, const uint8_t *s, size_t count) {
    add(t, "\"", 1);
    for (size_t i = 0; i < count; i++) {
        char code[8];
        const char *found = s[i] ? strchr("\"\"\\\\\bb\tt\nn\ff\rr", s[i]) : NULL;
        if (s[i] == '"' || s[i] == '\\') snprintf(code, sizeof code, "\\%c", s[i]);
        else if (s[i] < 0x20 && found) snprintf(code, sizeof code, "\\%c", found[1]);
        else if (s[i] < 0x20) snprintf(code, sizeof code, "\\u%04x", s[i]);
        else snprintf(code, sizeof code, "%c", s[i]);
        add_string(t, code);
    }
    add(t, "\"", 1);
}

static uint32_t u32(const uint8_t **at) {
    uint32_t v;
    memcpy(&v, *at, 4);
    *at += 4;
    return v;
}

/// One flat value as JSON, in the manner of the Swift side.
static void add_json(text *t, const uint8_t **at) {
    char number[40];
    int64_t integer;
    double real;
    switch (*(*at)++) {
        case KL_TAG_NIL: add_string(t, "null"); break;
        case KL_TAG_FALSE: add_string(t, "false"); break;
        case KL_TAG_TRUE: add_string(t, "true"); break;
        case KL_TAG_EMPTY: add_string(t, "[]"); break;
        case KL_TAG_INT:
            memcpy(&integer, *at, 8);
            *at += 8;
            snprintf(number, sizeof number, "%lld", (long long)integer);
            add_string(t, number);
            break;
        case KL_TAG_DOUBLE:
            memcpy(&real, *at, 8);
            *at += 8;
            for (int digits = 1; digits <= 17; digits++) {
                snprintf(number, sizeof number, "%.*g", digits, real);
                if (strtod(number, NULL) == real) break;
            }
            add_string(t, number);
            break;
        case KL_TAG_STRING: {
            uint32_t count = u32(at);
            add_quoted(t, *at, count);
            *at += count;
            break;
        }
        case KL_TAG_ARRAY: {
            uint32_t count = u32(at);
            add_string(t, "[");
            for (uint32_t i = 0; i < count; i++) {
                if (i) add_string(t, ",");
                add_json(t, at);
            }
            add_string(t, "]");
            break;
        }
        case KL_TAG_MAP: {
            uint32_t count = u32(at);
            add_string(t, "{");
            for (uint32_t i = 0; i < count; i++) {
                uint32_t length = u32(at);
                if (i) add_string(t, ",");
                add_quoted(t, *at, length);
                *at += length;
                add_string(t, ":");
                add_json(t, at);
            }
            add_string(t, "}");
            break;
        }
        default: add_string(t, "?"); break;
    }
}

// MARK: Cases

typedef struct script {
    const char *path, *name;
    char *source;
    size_t length;
    char *expect, *result, *message, *log, *line, *from_host, *generate, *prefix, *steps;
    kl_program *program;
    kl_failure failure;
    bool compiled;
    _Atomic uint64_t used;   // steps of the first run
    _Atomic uint64_t slowest; // nanoseconds of CPU
} script;

static const char *const verdicts[] = {
    "ok", "error", "compile", "steps", "time", "memory", "output", "result", "host_limit", "cancelled", "depth", "internal",
};

/// Undoes \n, \t, \0 and \27 in a header's value.
static char *unescape(char *value) {
    char *out = value;
    for (char *in = value; *in;) {
        if (in[0] == '\\' && in[1] == 'n') *out++ = '\n', in += 2;
        else if (in[0] == '\\' && in[1] == 't') *out++ = '\t', in += 2;
        else if (strncmp(in, "\\27", 3) == 0) *out++ = 27, in += 3;
        else *out++ = *in++;
    }
    *out = 0;
    return value;
}

static void read_header(script *s) {
    char *copy = strdup(s->source), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n")) && strncmp(line, "-- ", 3) == 0;) {
        struct { const char *key; char **place; } keys[] = {
            {"expect", &s->expect}, {"result", &s->result}, {"message", &s->message}, {"log", &s->log}, {"line", &s->line},
            {"from_host", &s->from_host}, {"generate", &s->generate}, {"prefix", &s->prefix}, {"steps", &s->steps},
        };
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            size_t n = strlen(keys[i].key);
            if (strncmp(line + 3, keys[i].key, n) == 0 && line[3 + n] == ':') *keys[i].place = strdup(line + 3 + n + 2);
        }
    }
    free(copy);
    if (s->log) unescape(s->log);
    if (s->prefix) unescape(s->prefix);
}

static kl_base *base, *kernel_base; // the scripts in kernel/ see `kernel` itself

static const char kernel_prelude[] =
    "local kernel = ...\n"
    "kernel.global('kernel', kernel.setmetatable({}, { __index = kernel, __metatable = false }))\n"
    "kernel.global('guard', function(ok) if not ok then error('refused by the prelude') end end)\n";
static bool slow, timing;
static atomic_int failures;

static kl_limits limits_of(const script *s) {
    kl_limits limits = {
        .steps = s->steps ? strtoull(s->steps, NULL, 10) : 5000000, .cpu_nanoseconds = 100000000,
        .wall_nanoseconds = 5000000000, .memory = 16 << 20, .host_calls = 200, .log_bytes = 64 << 10,
        .result_bytes = 1 << 20, .nodes = 10000};
    // Sanitizers cost time, not steps; and a script that is not about time must not fail because the machine is busy.
    if (slow || !s->expect || !strstr(s->expect, "time")) limits.cpu_nanoseconds *= 20, limits.wall_nanoseconds *= 20;
    return limits;
}

static uint64_t cpu_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// MARK: The host

typedef struct host {
    script *s;
    int inner; // verdict of a run inside that reached a limit
} host;

static bool is_limit(int verdict) {
    return verdict != KL_OK && verdict != KL_ERROR && verdict != KL_RESULT && verdict != KL_COMPILE;
}

static void put(kl_buffer *out, const void *bytes, size_t count) {
    if (!count || !kl_buffer_grow(out, count)) return;
    memcpy(out->bytes + out->count, bytes, count);
    out->count += count;
}

/// A map with one field `code`, whose value is the flat text at `value`.
static int raise_code(kl_buffer *out, const uint8_t *value, size_t count) {
    put(out, "\x07\x01\0\0\0\x04\0\0\0code", 13);
    put(out, value, count);
    return KL_HOST_RAISE;
}

static int answer(void *context, uint32_t function, const uint8_t *arguments, size_t length, kl_buffer *results);

static int run_again(host *h, const uint8_t *arguments, size_t length, kl_buffer *results) {
    kl_slot *slot = kl_enter();
    if (!slot) {
        h->inner = KL_DEPTH;
        return KL_HOST_LEAVE;
    }
    put(kl_arguments(slot), arguments, length);
    kl_report report;
    kl_request request = {.program = h->s->program, .path = "", .limits = limits_of(h->s), .seed = 1, .call = answer, .context = h};
    kl_run(slot, &request, &report);
    int status = KL_HOST_OK;
    if (report.verdict == KL_OK) put(results, report.result, report.result_length);
    else if (report.verdict == KL_CANCELLED) status = KL_HOST_LEAVE;
    else if (is_limit(report.verdict)) h->inner = report.verdict, status = KL_HOST_LEAVE;
    else status = raise_code(results, (const uint8_t *)"\x05\x06\0\0\0nested", 11);
    kl_exit(slot);
    return status;
}

static int answer(void *context, uint32_t function, const uint8_t *arguments, size_t length, kl_buffer *results) {
    host *h = context;
    switch (function) {
        case 0: // echo
            put(results, arguments, length);
            return KL_HOST_OK;
        case 1: // fail(code)
            return raise_code(results, arguments, length);
        case 2: { // big(count): so many letters
            int64_t count = 0;
            if (length >= 9 && arguments[0] == KL_TAG_INT) memcpy(&count, arguments + 1, 8);
            uint32_t size = (uint32_t)count;
            put(results, "\x05", 1);
            put(results, &size, 4);
            if (kl_buffer_grow(results, size)) memset(results->bytes + results->count, 'x', size), results->count += size;
            return KL_HOST_OK;
        }
        default: // again(...)
            return run_again(h, arguments, length, results);
    }
}

// MARK: Compiling

static kl_program *compile(const char *name, const char *source, size_t length, kl_failure *failure) {
    kl_chunk *chunk = kl_compile((const uint8_t *)source, length, name, false, failure);
    if (!chunk) return NULL;
    kl_module module = {"main", chunk};
    kl_program *program = kl_program_new(strncmp(name, "kernel/", 7) ? base : kernel_base, &module, 1, "main");
    kl_chunk_release(chunk);
    return program;
}

/// Replaces the source by what the expression in the header makes.
static void generate(script *s) {
    text code = {0};
    add_string(&code, "return function() return ");
    add_string(&code, s->generate);
    add_string(&code, " end");
    kl_program *program = compile("generator", code.bytes, code.count, &s->failure);
    kl_slot *slot = kl_enter();
    kl_report report = {.verdict = KL_INTERNAL};
    script plain = {0};
    kl_request request = {.program = program, .path = "", .limits = limits_of(&plain), .call = answer, .context = s};
    if (program && slot) kl_run(slot, &request, &report);
    if (report.verdict != KL_OK) {
        printf("FAIL %s: generator: %s\n", s->name, report.message ? report.message : s->failure.message);
        failures++;
    } else {
        free(s->source);
        s->length = report.result_length - 5;
        s->source = malloc(s->length + 1);
        memcpy(s->source, report.result + 5, s->length);
        s->source[s->length] = 0;
    }
    kl_exit(slot);
    kl_program_release(program);
    free(code.bytes);
}

static void load(script *s, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    text source = {0};
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) add(&source, block, n);
    fclose(file);
    s->path = path;
    const char *slash = strstr(path, "Corpus/");
    s->name = slash ? slash + 7 : path;
    s->source = source.bytes;
    s->length = source.count;
    read_header(s);
    if (s->generate) generate(s);
    if (s->prefix) {
        text whole = {0};
        add_string(&whole, s->prefix);
        add(&whole, s->source, s->length);
        free(s->source);
        s->source = whole.bytes;
        s->length = whole.count;
    }
    s->program = compile(s->name, s->source, s->length, &s->failure);
}

// MARK: Checking

static void fail(const script *s, const char *what, const char *got, const char *wanted) {
    printf("FAIL %s: %s: got %s, wanted %s\n", s->name, what, got, wanted);
    failures++;
}

static bool expected(const script *s, const char *verdict) {
    const char *at = s->expect ? s->expect : "ok";
    while (*at) {
        size_t n = strcspn(at, "| \r");
        if (n == strlen(verdict) && strncmp(at, verdict, n) == 0) return true;
        at += n + strspn(at + n, "| \r");
    }
    return false;
}

static void check(script *s, int verdict, const char *message, const kl_report *report) {
    if (!expected(s, verdicts[verdict])) {
        char got[256];
        snprintf(got, sizeof got, "%s (%.200s)", verdicts[verdict], message);
        fail(s, "verdict", got, s->expect ? s->expect : "ok");
        return;
    }
    if (strstr(message, "ESCAPED") && strncmp(s->name, "return/", 7) != 0) fail(s, "message", message, "containment");
    if (s->message && !strstr(message, s->message)) fail(s, "message", message, s->message);
    if (!report) return;
    char line[32];
    snprintf(line, sizeof line, "%d", report->line);
    if (s->line && strcmp(line, s->line) != 0) fail(s, "line", line, s->line);
    if (s->from_host && strcmp(report->from_host ? "true" : "false", s->from_host) != 0) {
        fail(s, "from_host", report->from_host ? "true" : "false", s->from_host);
    }
    if (s->result && verdict == KL_OK) {
        text json = {0};
        add_string(&json, "[");
        for (const uint8_t *at = report->result, *end = at + report->result_length; at < end;) {
            if (json.count > 1) add_string(&json, ",");
            add_json(&json, &at);
        }
        add_string(&json, "]");
        if (strcmp(json.bytes, s->result) != 0) fail(s, "result", json.bytes, s->result);
        free(json.bytes);
    }
    if (s->log && (report->log_length != strlen(s->log) || memcmp(report->log, s->log, report->log_length) != 0)) {
        text log = {0};
        add(&log, (const char *)report->log, report->log_length);
        fail(s, "log", log.bytes, s->log);
        free(log.bytes);
    }
}

static void run(script *s) {
    if (!s->program) {
        check(s, s->failure.verdict, s->failure.message, NULL);
        return;
    }
    kl_slot *slot = kl_enter();
    if (!slot) {
        fail(s, "slot", "none", "one");
        return;
    }
    host h = {.s = s};
    kl_report report;
    kl_request request = {.program = s->program, .path = "", .limits = limits_of(s), .seed = 1, .call = answer, .context = &h};
    uint64_t start = cpu_now();
    kl_run(slot, &request, &report);
    uint64_t used = cpu_now() - start;
    if (used > s->slowest) s->slowest = used;
    bool lasts = report.verdict == KL_OK || report.verdict == KL_ERROR || report.verdict == KL_RESULT;
    if (lasts) { // the same run costs the same steps, each time and on each thread
        uint64_t none = 0;
        uint64_t steps = report.usage.steps + 1;
        if (!atomic_compare_exchange_strong(&s->used, &none, steps) && none != steps) {
            char got[32], wanted[32];
            snprintf(got, sizeof got, "%llu", (unsigned long long)steps - 1);
            snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)none - 1);
            fail(s, "steps", got, wanted);
        }
    }
    check(s, report.verdict == KL_CANCELLED && h.inner ? h.inner : report.verdict, report.message, &report);
    kl_exit(slot);
}

// MARK: Main

static script *scripts;
static int script_count, repeats = 1;

static void *work(void *argument) {
    (void)argument;
    for (int r = 0; r < repeats; r++) {
        for (int i = 0; i < script_count; i++) run(&scripts[i]);
    }
    return NULL;
}

static long resident_kilobytes(void) {
    long pages = 0, ignored;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &ignored, &pages) != 2) pages = 0;
    if (file) fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int descriptors(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder)) count++;
    if (folder) closedir(folder);
    return count;
}

static int threads_now(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/task");
    while (folder && readdir(folder)) count++;
    if (folder) closedir(folder);
    return count;
}

/// One run of a script within other limits than its own, unchecked. Returns the verdict.
static int run_within(script *s, kl_limits limits, uint64_t *used) {
    kl_slot *slot = kl_enter();
    if (!slot || !s->program) return KL_COMPILE;
    host h = {.s = s};
    kl_report report;
    kl_request request = {.program = s->program, .path = "", .limits = limits, .seed = 1, .call = answer, .context = &h};
    uint64_t start = cpu_now();
    kl_run(slot, &request, &report);
    *used = cpu_now() - start;
    kl_exit(slot);
    return report.verdict == KL_CANCELLED && h.inner ? h.inner : report.verdict;
}

static bool is_hostile(const script *s) {
    return strncmp(s->name, "escape/", 7) == 0 || strncmp(s->name, "exhaust/", 8) == 0 || strncmp(s->name, "return/", 7) == 0;
}

/// Runs hostile scripts `count` times in all, then sees what is left of them in the process.
static void run_hostile(long count) {
    kl_limits limits = limits_of(&(script){0});
    limits.steps = 300000; // enough for every one to get to its point
    long done = 0, before = 0;
    uint64_t used;
    int open = descriptors(), running = threads_now();
    while (done < count) {
        for (int i = 0; i < script_count; i++) {
            if (!is_hostile(&scripts[i])) continue;
            run_within(&scripts[i], limits, &used);
            done++;
        }
        if (before == 0) before = resident_kilobytes();
    }
    long grown = resident_kilobytes() - before;
    printf("%ld runs of hostile scripts: %ld KiB grown, %d descriptors and %d threads more\n", done, grown, descriptors() - open,
        threads_now() - running);
    if (grown > 64 * 1024 || descriptors() != open || threads_now() != running) printf("FAIL they leave something behind\n"), failures++;
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/// With no other limit than time: how long those take that reach it.
static void measure_overshoot(void) {
    static const uint64_t budget = 50000000;
    uint64_t *times = calloc((size_t)script_count, sizeof *times), used;
    int count = 0;
    const char *worst = "";
    for (int i = 0; i < script_count; i++) {
        kl_limits limits = limits_of(&scripts[i]);
        limits.steps = UINT64_MAX / 4;
        limits.cpu_nanoseconds = budget;
        limits.wall_nanoseconds = 60 * budget;
        if (run_within(&scripts[i], limits, &used) != KL_TIME) continue;
        if (count == 0 || used > times[count - 1]) worst = scripts[i].name;
        times[count++] = used;
        qsort(times, (size_t)count, sizeof *times, by_size);
    }
    double longest = count ? (double)times[count - 1] / 1e6 : 0, median = count ? (double)times[count / 2] / 1e6 : 0;
    printf("%d scripts reach a time budget of 50 ms: median %.1f ms, longest %.1f ms (%s)\n", count, median, longest, worst);
    if (longest > 175 || median > 60) printf("FAIL the overshoot is too large\n"), failures++;
    free(times);
}

static void print_times(void) {
    uint64_t worst = 0;
    const char *name = "";
    for (int i = 0; i < script_count; i++) {
        uint64_t t = scripts[i].slowest;
        if (t > 120000000) printf("%6.1f ms %s\n", (double)t / 1e6, scripts[i].name);
        if (t > worst) worst = t, name = scripts[i].name;
    }
    printf("slowest: %.1f ms of CPU, %s\n", (double)worst / 1e6, name);
}

int main(int count, char **arguments) {
    static const kl_host_function functions[] = {
        {"demo", "echo", 0, true}, {"demo", "fail", 1, true}, {"demo", "big", 2, true}, {"demo", "again", 3, true},
    };
    int threads = 0;
    long hostile = 0;
    bool overshoot = false;
    scripts = calloc((size_t)count, sizeof *scripts);
    base = kl_base_new(functions, 4, NULL, 0);
    kl_failure failure;
    kl_chunk *prelude = kl_compile((const uint8_t *)kernel_prelude, sizeof kernel_prelude - 1, "prelude.lua", true, &failure);
    kl_module prelude_module = {"prelude", prelude};
    kernel_base = kl_base_new(functions, 4, &prelude_module, 1);
    kl_chunk_release(prelude);
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--globals") == 0) {
            kl_buffer out = {.limit = 1 << 20};
            kl_reachable(&out);
            fwrite(out.bytes, 1, out.count, stdout);
            return 0;
        } else if (strcmp(arguments[i], "--repeat") == 0 && i + 1 < count) {
            repeats = atoi(arguments[++i]);
        } else if (strcmp(arguments[i], "--threads") == 0 && i + 1 < count) {
            threads = atoi(arguments[++i]);
        } else if (strcmp(arguments[i], "--hostile") == 0 && i + 1 < count) {
            hostile = atol(arguments[++i]);
        } else if (strcmp(arguments[i], "--overshoot") == 0) {
            overshoot = true;
        } else if (strcmp(arguments[i], "--slow") == 0) {
            slow = true;
        } else if (strcmp(arguments[i], "--timing") == 0) {
            timing = true;
        } else {
            load(&scripts[script_count++], arguments[i]);
        }
    }
    if (!kl_self_check()) {
        printf("FAIL the reachable values differ from the white list\n");
        failures++;
    }
    if (hostile || overshoot) {
        if (hostile) run_hostile(hostile);
        if (overshoot) measure_overshoot();
        return failures ? 1 : 0;
    }
    int wanted = repeats;
    repeats = 1;
    work(NULL); // once, so that what is kept for good is there
    repeats = wanted;
    long resident = resident_kilobytes();
    int open = descriptors();
    pthread_t ids[64];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 4 << 20);
    for (int i = 0; i < threads && i < 64; i++) pthread_create(&ids[i], &attributes, work, NULL);
    for (int i = 0; i < threads && i < 64; i++) pthread_join(ids[i], NULL);
    if (threads == 0) work(NULL);
    long grown = resident_kilobytes() - resident;
    if (descriptors() != open) printf("FAIL descriptors grew\n"), failures++;
    if (timing && grown > 64 * 1024) printf("FAIL resident memory grew by %ld KiB\n", grown), failures++;
    if (timing) print_times();
    printf("%d scripts, %d times, %d threads: %d failures, %ld KiB grown\n", script_count, repeats, threads, (int)failures, grown);
    for (int i = 0; i < script_count; i++) kl_program_release(scripts[i].program);
    kl_base_release(base);
    kl_base_release(kernel_base);
    return failures ? 1 : 0;
}
