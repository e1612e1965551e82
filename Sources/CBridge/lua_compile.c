// Source text to chunks. A chunk is this process's own dump in memory, never read from disk or network.
#include "lua_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static void fail(kl_failure *failure, int verdict, const char *name, int line, const char *message) {
    failure->verdict = verdict;
    failure->line = line;
    snprintf(failure->file, sizeof failure->file, "%s", name);
    snprintf(failure->message, sizeof failure->message, "%s", message);
}

static int append(lua_State *L, const void *bytes, size_t count, void *context) {
    (void)L;
    kl_buffer *out = context;
    if (!kl_buffer_grow(out, count)) return 1;
    memcpy(out->bytes + out->count, bytes, count);
    out->count += count;
    return 0;
}

/// Splits "name:LINE: text" as the parser writes it; the name may be cut there.
static void fail_syntax(kl_failure *failure, const char *name, const char *text) {
    size_t shown = strnlen(name, LUA_IDSIZE - 1);
    int line = 0;
    if (strncmp(text, name, shown) == 0 && text[shown] == ':') {
        char *after;
        long number = strtol(text + shown + 1, &after, 10);
        if (number > 0 && after[0] == ':') {
            line = (int)number;
            text = after + 1 + (after[1] == ' ');
        }
    }
    fail(failure, KL_COMPILE, name, line, text);
}

static kl_chunk *make_chunk(const char *name, bool kernel, const kl_buffer *dump) {
    size_t name_size = strlen(name) + 1;
    kl_chunk *chunk = malloc(sizeof *chunk + dump->count + name_size);
    if (!chunk) return NULL;
    atomic_init(&chunk->references, 1);
    chunk->size = dump->count;
    chunk->kernel = kernel;
    chunk->name = (char *)chunk->bytes + dump->count;
    memcpy(chunk->bytes, dump->bytes, dump->count);
    memcpy(chunk->name, name, name_size);
    return chunk;
}

/// What is refused before Lua sees it; NULL when nothing is. There is at least one byte.
static const char *refusal(const uint8_t *source, size_t length) {
    if (length > KL_MAX_SOURCE) return "the file is larger than 256 KiB";
    if (source[0] == 0x1b) return "the file is bytecode; only Lua text is accepted";
    if (!kl_is_utf8((const char *)source, length)) return "the file is not valid UTF-8";
    if (memchr(source, 0, length)) return "the file contains a zero byte";
    return NULL;
}

kl_chunk *kl_compile(const uint8_t *source, size_t length, const char *name, bool kernel, kl_failure *failure) {
    static const kl_limits limits = {
        .steps = 100000000, .cpu_nanoseconds = 2000000000, .wall_nanoseconds = 10000000000};
    char mark[256];
    memset(failure, 0, sizeof *failure);
    if (kernel) snprintf(mark, sizeof mark, "=[kernel] %.240s", name);
    else snprintf(mark, sizeof mark, "=%.250s", name);
    if (!kernel && mark[1] == '[') mark[1] = '('; // only the prelude's names begin so
    const char *refused = length ? refusal(source, length) : NULL;
    if (refused) {
        fail(failure, KL_COMPILE, mark + 1, 0, refused);
        return NULL;
    }
    if (length >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0) source += 3, length -= 3;
    kl_slot *slot = kl_enter();
    if (!slot) {
        fail(failure, KL_DEPTH, mark + 1, 0, "runs are nested too deep");
        return NULL;
    }
    kl_chunk *chunk = NULL;
    slot->result.count = 0;
    slot->result.limit = 16 << 20;
    slot->result.overflowed = false;
    if (setjmp(slot->exit) == 0) {
        kl_heap_start(slot);
        kl_limits_start(slot, &limits);
        slot->L = slot->current = NULL;
        lua_State *L = lua_newstate(kl_allocate, slot);
        *(kl_slot **)lua_getextraspace(L) = slot;
        lua_atpanic(L, kl_panic);
        if (luaL_loadbufferx(L, (const char *)source, length, mark, "t") != LUA_OK) {
            const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "unknown error";
            fail_syntax(failure, mark + 1, text);
        } else if (lua_dump(L, append, &slot->result, 0) != 0) {
            fail(failure, KL_COMPILE, mark + 1, 0, "the compiled file is too large");
        } else if (!(chunk = make_chunk(mark, kernel, &slot->result))) {
            fail(failure, KL_INTERNAL, mark + 1, 0, "out of memory");
        }
    } else {
        fail(failure, slot->verdict, mark + 1, 0, slot->message);
    }
    slot->L = slot->current = NULL;
    kl_exit(slot);
    return chunk;
}

void kl_chunk_retain(kl_chunk *chunk) {
    atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
}

void kl_chunk_release(kl_chunk *chunk) {
    if (chunk && atomic_fetch_sub_explicit(&chunk->references, 1, memory_order_acq_rel) == 1) free(chunk);
}

size_t kl_chunk_size(const kl_chunk *chunk) {
    return chunk->size;
}
