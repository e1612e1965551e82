// Frozen values: tables as the flat bytes in which they crossed, kept as a Lua string. So the prelude remembers how a
// record was for the price of a copy of some hundred bytes, and builds tables of it only for who asks.
//
// What Lua writes is canonical, with sorted keys and without nil: equal bytes are equal values there, and values of
// different kinds differ, such as 1 and 1.0. What the host writes comes in any order.
#include "lua_internal.h"

typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

static bool advance(cursor *c, size_t count) {
    if ((size_t)(c->end - c->at) < count) return false;
    c->at += count;
    return true;
}

static bool read_count(cursor *c, uint32_t *count) {
    if ((size_t)(c->end - c->at) < sizeof *count) return false;
    memcpy(count, c->at, sizeof *count);
    c->at += sizeof *count;
    return true;
}

static bool skip_text(cursor *c) {
    uint32_t length;
    return read_count(c, &length) && advance(c, length);
}

/// Passes over one value.
static bool skip(cursor *c, int depth) {
    if (c->at >= c->end || depth > 2 * KL_MAX_NESTING) return false;
    uint32_t count;
    switch (*c->at++) {
        case KL_TAG_NIL: case KL_TAG_FALSE: case KL_TAG_TRUE: case KL_TAG_EMPTY: return true;
        case KL_TAG_INT: case KL_TAG_DOUBLE: return advance(c, 8);
        case KL_TAG_DECIMAL: return advance(c, 9);
        case KL_TAG_STRING: return skip_text(c);
        case KL_TAG_MONEY: return c->end - c->at >= 10 && advance(c, 10 + (size_t)c->at[9]);
        case KL_TAG_ARRAY:
            if (!read_count(c, &count)) return false;
            while (count--) if (!skip(c, depth + 1)) return false;
            return true;
        case KL_TAG_MAP:
            if (!read_count(c, &count)) return false;
            while (count--) if (!skip_text(c) || !skip(c, depth + 1)) return false;
            return true;
        default: return false;
    }
}

static int malformed(lua_State *L) {
    return luaL_error(L, "kernel: a frozen value is malformed");
}

static void push_bytes(lua_State *L, const uint8_t *from, const uint8_t *to) {
    kl_charge(kl_slot_of(L), (size_t)(to - from) / 32);
    lua_pushlstring(L, (const char *)from, (size_t)(to - from));
}

/// kernel.received(): what the last host function returned, frozen.
static int kernel_received(lua_State *L) {
    const kl_buffer *results = &kl_slot_of(L)->call_results;
    push_bytes(L, results->bytes, results->bytes + results->count);
    return 1;
}

/// kernel.passed(n): the n-th argument of the last host function, frozen.
static int kernel_passed(lua_State *L) {
    lua_Integer number = luaL_checkinteger(L, 1);
    const kl_buffer *arguments = &kl_slot_of(L)->call_arguments;
    cursor c = {arguments->bytes, arguments->bytes + arguments->count};
    while (--number > 0) if (!skip(&c, 0)) return malformed(L);
    const uint8_t *from = c.at;
    if (!skip(&c, 0)) return malformed(L);
    push_bytes(L, from, c.at);
    return 1;
}

/// kernel.elements(): the elements of the list that the last host function returned, each frozen.
static int kernel_elements(lua_State *L) {
    kl_slot *slot = kl_slot_of(L);
    cursor c = {slot->call_results.bytes, slot->call_results.bytes + slot->call_results.count};
    uint32_t count = 0;
    if (c.end - c.at >= 1 && *c.at == KL_TAG_ARRAY) {
        c.at++;
        if (!read_count(&c, &count) || count > INT32_MAX) return malformed(L);
    }
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 1; i <= count; i++) {
        const uint8_t *from = c.at;
        if (!skip(&c, 0)) return malformed(L);
        push_bytes(L, from, c.at);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

/// Appends the value at `index` to the buffer of arguments, whose bytes are spent by then.
static kl_buffer *take(lua_State *L, int index) {
    kl_slot *slot = kl_slot_of(L);
    kl_buffer *out = &slot->call_arguments;
    size_t before = out->count;
    slot->nodes_left = slot->limits.nodes;
    if (!kl_take(slot, L, index, out, false)) luaL_error(L, "%s", slot->message);
    kl_charge(slot, (out->count - before) / 32);
    return out;
}

static void empty_arguments(lua_State *L) {
    kl_buffer *out = &kl_slot_of(L)->call_arguments;
    out->count = 0;
    out->overflowed = false;
}

/// kernel.freeze(value): the value, frozen.
static int kernel_freeze(lua_State *L) {
    luaL_checkany(L, 1);
    empty_arguments(L);
    const kl_buffer *out = take(L, 1);
    lua_pushlstring(L, (const char *)out->bytes, out->count);
    return 1;
}

/// [-0, +1]
static void thaw(lua_State *L, int index) {
    size_t length;
    const uint8_t *bytes = (const uint8_t *)luaL_checklstring(L, index, &length), *at = bytes;
    kl_charge(kl_slot_of(L), length / 32);
    if (!kl_push(L, &at, bytes + length, 2 * KL_MAX_NESTING)) malformed(L);
}

/// kernel.thaw(frozen): the value.
static int kernel_thaw(lua_State *L) {
    thaw(L, 1);
    return 1;
}

// MARK: Differences

typedef struct field {
    const uint8_t *key, *value, *end;
    uint32_t length;
} field;

static bool read_field(cursor *c, field *f) {
    if (!read_count(c, &f->length)) return false;
    f->key = c->at;
    if (!advance(c, f->length)) return false;
    f->value = c->at;
    if (!skip(c, 0)) return false;
    f->end = c->at;
    return true;
}

static bool open_map(cursor *c, uint32_t *count) {
    *count = 0;
    if (c->at >= c->end) return false;
    if (*c->at == KL_TAG_EMPTY) return true;
    return *c->at++ == KL_TAG_MAP && read_count(c, count);
}

/// As maps are sorted: by bytes, then by length.
static int order_of(const field *a, const field *b) {
    uint32_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->key, b->key, shorter);
    return order ? order : a->length < b->length ? -1 : a->length > b->length;
}

static bool is_same(const field *a, const field *b) {
    return a->end - a->value == b->end - b->value && memcmp(a->value, b->value, (size_t)(a->end - a->value)) == 0;
}

static void push_key(lua_State *L, const field *f) {
    lua_pushlstring(L, (const char *)f->key, f->length);
}

/// kernel.difference(table, frozen): the fields that are other than they were, the names of those that are gone, and whether
/// there is any.
static int kernel_difference(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    thaw(L, 2);
    lua_replace(L, 2);
    empty_arguments(L);
    size_t middle = take(L, 2)->count;
    const kl_buffer *out = take(L, 1);
    cursor old = {out->bytes, out->bytes + middle}, now = {out->bytes + middle, out->bytes + out->count};
    uint32_t now_left, old_left;
    if (!open_map(&now, &now_left) || !open_map(&old, &old_left)) return malformed(L);
    lua_createtable(L, 0, 4); // 3: changes
    lua_createtable(L, 0, 0); // 4: gone
    lua_Integer gone = 0;
    bool any = false;
    field a = {0}, b = {0};
    if (now_left && !read_field(&now, &a)) return malformed(L);
    if (old_left && !read_field(&old, &b)) return malformed(L);
    while (now_left || old_left) {
        int order = !now_left ? 1 : !old_left ? -1 : order_of(&a, &b);
        if (order > 0) {
            push_key(L, &b);
            lua_rawseti(L, 4, ++gone);
            any = true;
        } else if (order < 0 || !is_same(&a, &b)) {
            push_key(L, &a);
            lua_pushvalue(L, -1);
            lua_rawget(L, 1);
            lua_rawset(L, 3);
            any = true;
        }
        if (order <= 0 && --now_left && !read_field(&now, &a)) return malformed(L);
        if (order >= 0 && --old_left && !read_field(&old, &b)) return malformed(L);
    }
    lua_pushboolean(L, any);
    return 3;
}

void kl_open_frozen(lua_State *L) {
    kl_set(L, "received", kernel_received);
    kl_set(L, "passed", kernel_passed);
    kl_set(L, "elements", kernel_elements);
    kl_set(L, "freeze", kernel_freeze);
    kl_set(L, "thaw", kernel_thaw);
    kl_set(L, "difference", kernel_difference);
}
