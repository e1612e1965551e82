// Which globals a chunk reads and writes, read from its dump: so that a misspelt name is told on save, not at three in
// the morning. Follows the dump format of Lua 5.4; an unknown format yields false, never a wrong answer.
#include "lua_internal.h"

enum { MAX_CONSTANTS = 1 << 20, MAX_PROTO_DEPTH = 250 };
enum {
    OP_MOVE = 0, OP_LOADI = 1, OP_LOADF = 2, OP_LOADK = 3, OP_LOADFALSE = 5, OP_LOADTRUE = 7, OP_GETUPVAL = 9, OP_SETUPVAL = 10,
    OP_GETTABUP = 11, OP_GETTABLE = 12, OP_GETI = 13, OP_GETFIELD = 14, OP_SETTABUP = 15, OP_SETTABLE = 16, OP_SETI = 17,
    OP_SETFIELD = 18, OP_NEWTABLE = 19, OP_JMP = 56, OP_FIRST_TEST = 57, OP_LAST_TEST = 66, OP_CLOSURE = 79,
};

typedef struct text {
    const uint8_t *bytes; // NULL when absent
    size_t length;
} text;

typedef struct walker {
    const uint8_t *at, *end;
    bool good;
    void (*visit)(void *, kl_global_use);
    void *context;
} walker;

static const uint8_t *take(walker *w, size_t count) {
    if ((size_t)(w->end - w->at) < count) {
        w->good = false;
        w->at = w->end;
        return NULL;
    }
    const uint8_t *start = w->at;
    w->at += count;
    return start;
}

static unsigned read_byte(walker *w) {
    const uint8_t *byte = take(w, 1);
    return byte ? *byte : 0;
}

/// Seven bits to a byte, the highest first; the last byte has its top bit set.
static size_t read_size(walker *w) {
    size_t value = 0;
    for (int i = 0; i < 10 && w->good; i++) {
        unsigned byte = read_byte(w);
        value = value << 7 | (byte & 0x7f);
        if (byte & 0x80) return value;
    }
    w->good = false;
    return 0;
}

/// A count of things of `size` bytes at least.
static size_t read_count(walker *w, size_t size) {
    size_t count = read_size(w);
    if (count > (size_t)(w->end - w->at) / size) w->good = false;
    return w->good ? count : 0;
}

static text read_text(walker *w) {
    size_t size = read_size(w);
    if (size == 0) return (text){0};
    const uint8_t *bytes = take(w, size - 1);
    return (text){bytes, bytes ? size - 1 : 0};
}

static void skip_constant(walker *w, text *out) {
    switch (read_byte(w)) {
        case 0x03:
        case 0x13:
            take(w, 8);
            break;
        case 0x04:
        case 0x14:
            *out = read_text(w);
            break;
        case 0x00:
        case 0x01:
        case 0x11:
            break;
        default:
            w->good = false;
    }
}

// MARK: Code

typedef struct function {
    const uint8_t *code, *constants, *end, *line_deltas, *lines;
    size_t code_count, constant_count, absolute_count, env;
    int line_defined;
} function;

static uint32_t instruction(const function *f, size_t pc) {
    uint32_t word;
    memcpy(&word, f->code + pc * 4, sizeof word);
    return word;
}

static void report(walker *w, const function *f, size_t index, int line, bool write) {
    walker k = {.at = f->constants, .end = f->end, .good = true};
    text name = {0};
    for (size_t i = 0; i <= index && i < f->constant_count && k.good; i++) {
        name = (text){0};
        skip_constant(&k, &name);
    }
    char copy[128];
    if (!name.bytes || name.length >= sizeof copy) return;
    memcpy(copy, name.bytes, name.length);
    copy[name.length] = 0;
    w->visit(w->context, (kl_global_use){copy, line, write});
}

enum { NOTHING = -1, ENVIRONMENT = -2 }; // what a register holds, else the index of a constant

/// Forgets what an instruction may overwrite: its own register, and all above where it may write several.
static void forget(int *held, unsigned op, unsigned a) {
    switch (op) {
        case OP_SETTABUP: case OP_SETTABLE: case OP_SETI: case OP_SETFIELD: case OP_SETUPVAL: case OP_JMP:
            return;
        case OP_MOVE: case OP_LOADI: case OP_LOADF: case OP_LOADK: case OP_LOADFALSE: case OP_LOADTRUE: case OP_GETUPVAL:
        case OP_GETTABUP: case OP_GETTABLE: case OP_GETI: case OP_GETFIELD: case OP_NEWTABLE: case OP_CLOSURE:
            held[a] = NOTHING;
            return;
        default:
            for (unsigned i = op >= OP_FIRST_TEST && op <= OP_LAST_TEST ? 256 : a; i < 256; i++) held[i] = NOTHING;
    }
}

/// _ENV is an upvalue; with many constants its fields are reached through registers.
static void walk_code(walker *w, const function *f) {
    walker absolute = {.at = f->lines, .end = f->end, .good = true};
    int line = f->line_defined, held[256];
    size_t absolute_left = f->absolute_count;
    for (int i = 0; i < 256; i++) held[i] = NOTHING;
    for (size_t pc = 0; pc < f->code_count; pc++) {
        int8_t delta = (int8_t)f->line_deltas[pc];
        if (delta != -128) line += delta;
        else if (absolute_left-- > 0) read_size(&absolute), line = (int)read_size(&absolute);
        uint32_t word = instruction(f, pc);
        unsigned op = word & 0x7f, a = word >> 7 & 0xff, b = word >> 16 & 0xff, c = word >> 24;
        if (op == OP_GETTABUP && b == f->env) report(w, f, c, line, false);
        if (op == OP_SETTABUP && a == f->env) report(w, f, b, line, true);
        if (op == OP_GETFIELD && held[b] == ENVIRONMENT) report(w, f, c, line, false);
        if (op == OP_SETFIELD && held[a] == ENVIRONMENT) report(w, f, b, line, true);
        if (op == OP_GETTABLE && held[b] == ENVIRONMENT && held[c] >= 0) report(w, f, (size_t)held[c], line, false);
        if (op == OP_SETTABLE && held[a] == ENVIRONMENT && held[b] >= 0) report(w, f, (size_t)held[b], line, true);
        forget(held, op, a);
        if (op == OP_GETUPVAL && b == f->env) held[a] = ENVIRONMENT;
        if (op == OP_LOADK) held[a] = (int)(word >> 15);
    }
}

static void walk_function(walker *w, int depth) {
    function f = {0};
    if (depth > MAX_PROTO_DEPTH) {
        w->good = false;
        return;
    }
    read_text(w); // source
    f.line_defined = (int)read_size(w);
    read_size(w);
    take(w, 3); // parameters, vararg, stack
    f.code_count = read_count(w, 4);
    f.code = take(w, f.code_count * 4);
    f.constant_count = read_count(w, 1);
    f.constants = w->at;
    f.end = w->end;
    text ignored;
    for (size_t i = 0; i < f.constant_count && w->good; i++) skip_constant(w, &ignored);
    size_t upvalues = read_count(w, 3);
    take(w, upvalues * 3);
    size_t protos = read_count(w, 1);
    const uint8_t *first_proto = w->at;
    // The debug data comes behind the inner functions, so those are walked twice: silently now, aloud after this one.
    void (*visit)(void *, kl_global_use) = w->visit;
    w->visit = NULL;
    for (size_t i = 0; i < protos && w->good; i++) walk_function(w, depth + 1);
    size_t deltas = read_count(w, 1);
    f.line_deltas = take(w, deltas);
    f.absolute_count = read_count(w, 2);
    f.lines = w->at;
    for (size_t i = 0; i < f.absolute_count && w->good; i++) read_size(w), read_size(w);
    size_t locals = read_count(w, 3);
    for (size_t i = 0; i < locals && w->good; i++) read_text(w), read_size(w), read_size(w);
    size_t names = read_count(w, 1);
    f.env = SIZE_MAX;
    for (size_t i = 0; i < names && w->good; i++) {
        text name = read_text(w);
        if (name.length == 4 && memcmp(name.bytes, "_ENV", 4) == 0) f.env = i;
    }
    w->visit = visit;
    if (!w->good || !visit) return;
    const uint8_t *after = w->at;
    if (f.env != SIZE_MAX && deltas == f.code_count) walk_code(w, &f);
    w->at = first_proto;
    for (size_t i = 0; i < protos && w->good; i++) walk_function(w, depth + 1);
    w->at = after;
}

bool kl_chunk_globals(const kl_chunk *chunk, void (*visit)(void *, kl_global_use), void *context) {
    static const uint8_t start[] = "\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08";
    walker w = {.at = chunk->bytes, .end = chunk->bytes + chunk->size, .good = true, .visit = visit, .context = context};
    const uint8_t *head = take(&w, sizeof start - 1);
    if (!head || memcmp(head, start, sizeof start - 1) != 0) return false;
    take(&w, 16); // a test integer and a test float
    take(&w, 1);  // upvalues of the main function
    walk_function(&w, 0);
    return w.good && w.at == w.end;
}
