// The string library of scripts: bounded, charged by the bytes it touches. No pack, unpack, dump.
#include "lua_internal.h"

#include <ctype.h>

enum { MAX_RESULTS = 8000 };

static inline void charge_bytes(lua_State *L, size_t bytes) {
    kl_charge(kl_slot_of(L), 1 + bytes / 32);
}

/// A position as scripts give it, counted from the end when negative, as an offset from 1.
static size_t start_position(lua_Integer position, size_t length) {
    if (position > 0) return (size_t)position;
    if (position == 0 || position < -(lua_Integer)length) return 1;
    return length + (size_t)position + 1;
}

static size_t end_position(lua_Integer position, size_t length) {
    if (position > (lua_Integer)length) return length;
    if (position >= 0) return (size_t)position;
    if (position < -(lua_Integer)length) return 0;
    return length + (size_t)position + 1;
}

static int string_len(lua_State *L) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    lua_pushinteger(L, (lua_Integer)length);
    return 1;
}

static int string_sub(lua_State *L) {
    size_t length;
    const char *s = luaL_checklstring(L, 1, &length);
    size_t from = start_position(luaL_checkinteger(L, 2), length);
    size_t to = end_position(luaL_optinteger(L, 3, -1), length);
    if (from > to) {
        lua_pushliteral(L, "");
        return 1;
    }
    charge_bytes(L, to - from);
    lua_pushlstring(L, s + from - 1, to - from + 1);
    return 1;
}

static int string_byte(lua_State *L) {
    size_t length;
    const char *s = luaL_checklstring(L, 1, &length);
    lua_Integer first = luaL_optinteger(L, 2, 1);
    size_t from = start_position(first, length);
    size_t to = end_position(luaL_optinteger(L, 3, (lua_Integer)from), length);
    if (from > to) return 0;
    size_t count = to - from + 1;
    if (count > MAX_RESULTS) return luaL_error(L, "string.byte: more than %d bytes at once", MAX_RESULTS);
    luaL_checkstack(L, (int)count, "string.byte");
    charge_bytes(L, count * 16);
    for (size_t i = 0; i < count; i++) lua_pushinteger(L, (unsigned char)s[from - 1 + i]);
    return (int)count;
}

static int string_char(lua_State *L) {
    int count = lua_gettop(L);
    size_t mark = kl_slot_of(L)->scratch.count;
    charge_bytes(L, (size_t)count * 16);
    char *out = kl_scratch_room(L, (size_t)count);
    for (int i = 1; i <= count; i++) {
        lua_Unsigned c = (lua_Unsigned)luaL_checkinteger(L, i);
        if (c > 255) {
            kl_slot_of(L)->scratch.count = mark;
            return luaL_argerror(L, i, "value out of range");
        }
        out[i - 1] = (char)c;
    }
    kl_scratch_push(L, mark);
    return 1;
}

static int mapped(lua_State *L, int (*change)(int)) {
    size_t length, mark = kl_slot_of(L)->scratch.count;
    const char *s = luaL_checklstring(L, 1, &length);
    charge_bytes(L, length);
    char *out = kl_scratch_room(L, length);
    for (size_t i = 0; i < length; i++) out[i] = (char)change((unsigned char)s[i]);
    kl_scratch_push(L, mark);
    return 1;
}

static int string_lower(lua_State *L) {
    return mapped(L, tolower);
}

static int string_upper(lua_State *L) {
    return mapped(L, toupper);
}

static int string_reverse(lua_State *L) {
    size_t length, mark = kl_slot_of(L)->scratch.count;
    const char *s = luaL_checklstring(L, 1, &length);
    charge_bytes(L, length);
    char *out = kl_scratch_room(L, length);
    for (size_t i = 0; i < length; i++) out[i] = s[length - 1 - i];
    kl_scratch_push(L, mark);
    return 1;
}

static int string_rep(lua_State *L) {
    size_t length, separator_length, mark = kl_slot_of(L)->scratch.count;
    const char *s = luaL_checklstring(L, 1, &length);
    lua_Integer times = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &separator_length);
    if (times <= 0 || length + separator_length == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if (length + separator_length > KL_MAX_STRING
        || (lua_Unsigned)times > (lua_Unsigned)KL_MAX_STRING / (length + separator_length) + 1) {
        return luaL_error(L, "string longer than %d MiB", KL_MAX_STRING >> 20);
    }
    size_t total = length * (size_t)times + separator_length * (size_t)(times - 1);
    charge_bytes(L, total);
    char *out = kl_scratch_room(L, total);
    if (length == 1 && separator_length == 0) {
        memset(out, *s, total);
        kl_scratch_push(L, mark);
        return 1;
    }
    for (lua_Integer i = 0; i < times; i++) {
        memcpy(out, s, length);
        out += length;
        if (i < times - 1) {
            memcpy(out, separator, separator_length);
            out += separator_length;
        }
    }
    kl_scratch_push(L, mark);
    return 1;
}

void kl_open_string(lua_State *L) {
    kl_set(L, "len", string_len);
    kl_set(L, "sub", string_sub);
    kl_set(L, "byte", string_byte);
    kl_set(L, "char", string_char);
    kl_set(L, "lower", string_lower);
    kl_set(L, "upper", string_upper);
    kl_set(L, "reverse", string_reverse);
    kl_set(L, "rep", string_rep);
    kl_set(L, "format", kl_format);
    kl_set(L, "find", kl_find);
    kl_set(L, "match", kl_match);
    kl_set(L, "gmatch", kl_gmatch);
    kl_set(L, "gsub", kl_gsub);
    // All strings share this metatable. It has no arithmetic: "10" + 1 is a mistake, not eleven.
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}
