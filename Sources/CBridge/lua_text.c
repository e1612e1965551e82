// text: lines of a fixed width, counted in characters. What is no valid UTF-8 counts its bytes.
#include "lua_internal.h"

typedef struct line {
    const char *bytes;
    size_t length;
    size_t width;
    bool is_utf8;
} line;

static line check_line(lua_State *L, int index) {
    line t;
    t.bytes = luaL_checklstring(L, index, &t.length);
    kl_charge(kl_slot_of(L), 1 + t.length / 32);
    t.is_utf8 = kl_is_utf8(t.bytes, t.length);
    t.width = t.length;
    if (t.is_utf8) {
        for (size_t i = 0; i < t.length; i++) t.width -= ((unsigned char)t.bytes[i] & 0xc0) == 0x80;
    }
    return t;
}

/// Keeps the first `count` characters.
static void cut(line *t, lua_Integer count) {
    if (count < 0) count = 0;
    if (t->width <= (lua_Unsigned)count) return;
    size_t end = (size_t)count;
    if (t->is_utf8) {
        lua_Integer seen = 0;
        for (end = 0; end < t->length; end++) {
            if (((unsigned char)t->bytes[end] & 0xc0) != 0x80 && seen++ == count) break;
        }
    }
    t->length = end;
    t->width = (size_t)count;
}

/// [-0, +1] The text with so many spaces before and behind it.
static int push_between(lua_State *L, const line *t, size_t before, size_t behind) {
    if (before > KL_MAX_STRING || behind > KL_MAX_STRING || t->length + before + behind > KL_MAX_STRING) {
        return luaL_error(L, "string longer than %d MiB", KL_MAX_STRING >> 20);
    }
    kl_slot *slot = kl_slot_of(L);
    size_t mark = slot->scratch.count, total = before + t->length + behind;
    kl_charge(slot, 1 + total / 32);
    char *out = kl_scratch_room(L, total);
    memset(out, ' ', before);
    memcpy(out + before, t->bytes, t->length);
    memset(out + before + t->length, ' ', behind);
    kl_scratch_push(L, mark);
    return 1;
}

/// width(s): how many columns the text takes
static int text_width(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)check_line(L, 1).width);
    return 1;
}

/// cut(s, n): the first n characters
static int text_cut(lua_State *L) {
    line t = check_line(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2);
    size_t whole = t.length;
    cut(&t, count);
    if (t.length == whole) lua_settop(L, 1);
    else lua_pushlstring(L, t.bytes, t.length);
    return 1;
}

/// pad(s, n, side): filled up with spaces on the right, or on the left with side "left"
static int text_pad(lua_State *L) {
    line t = check_line(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2);
    bool left = lua_type(L, 3) == LUA_TSTRING && strcmp(lua_tostring(L, 3), "left") == 0;
    if (count <= 0 || (lua_Unsigned)count <= t.width) {
        lua_settop(L, 1);
        return 1;
    }
    size_t missing = (size_t)count - t.width;
    return push_between(L, &t, left ? missing : 0, left ? 0 : missing);
}

/// center(s, n): in the middle of n columns
static int text_center(lua_State *L) {
    line t = check_line(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2);
    cut(&t, count);
    size_t room = count > 0 ? (size_t)count - t.width : 0;
    return push_between(L, &t, room / 2, 0);
}

/// [-0, +1]
void kl_open_text(lua_State *L) {
    lua_createtable(L, 0, 4);
    kl_set(L, "width", text_width);
    kl_set(L, "cut", text_cut);
    kl_set(L, "pad", text_pad);
    kl_set(L, "center", text_center);
}
