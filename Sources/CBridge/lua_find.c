// string.find, match, gmatch and gsub on our matcher.
#define _GNU_SOURCE
#include "lua_match.h"

/// No character of the pattern has a meaning of its own.
static bool is_plain(const char *pattern, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (pattern[i] && strchr("^$*+?.([%-", pattern[i])) return false;
    }
    return true;
}

static int find_or_match(lua_State *L, bool find) {
    size_t length, pattern_length;
    const char *s = luaL_checklstring(L, 1, &length), *p = luaL_checklstring(L, 2, &pattern_length);
    lua_Integer given = luaL_optinteger(L, 3, 1);
    size_t init = given > 0 ? (size_t)given - 1
        : given == 0 || given < -(lua_Integer)length ? 0 : length + (size_t)given;
    if (init > length) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || is_plain(p, pattern_length))) {
        kl_charge(kl_slot_of(L), 1 + (length - init + pattern_length) / 64);
        const char *found = memmem(s + init, length - init, p, pattern_length);
        if (!found) {
            lua_pushnil(L);
            return 1;
        }
        lua_pushinteger(L, found - s + 1);
        lua_pushinteger(L, found - s + (lua_Integer)pattern_length);
        return 2;
    }
    matcher m;
    kl_matcher_start(&m, L, s, length, p + pattern_length);
    bool anchored = *p == '^';
    if (anchored) p++;
    for (const char *at = s + init;; at++) {
        const char *end = kl_match_at(&m, at, p);
        if (end) {
            kl_matcher_finish(&m);
            if (!find) return kl_push_captures(&m, at, end);
            lua_pushinteger(L, at - s + 1);
            lua_pushinteger(L, end - s);
            return kl_push_captures(&m, NULL, NULL) + 2;
        }
        if (at >= m.text_end || anchored) break;
    }
    kl_matcher_finish(&m);
    lua_pushnil(L);
    return 1;
}

int kl_find(lua_State *L) {
    return find_or_match(L, true);
}

int kl_match(lua_State *L) {
    return find_or_match(L, false);
}

// MARK: gmatch

/// Upvalues: text, pattern, where to go on, where the last match ended (-1: none).
static int gmatch_next(lua_State *L) {
    size_t length, pattern_length;
    const char *s = lua_tolstring(L, lua_upvalueindex(1), &length);
    const char *p = lua_tolstring(L, lua_upvalueindex(2), &pattern_length);
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    matcher m;
    kl_matcher_start(&m, L, s, length, p + pattern_length);
    for (const char *at = s + lua_tointeger(L, lua_upvalueindex(3)); at <= m.text_end; at++) {
        const char *end = kl_match_at(&m, at, p);
        if (end && end - s != last) {
            kl_matcher_finish(&m);
            lua_pushinteger(L, end - s);
            lua_copy(L, -1, lua_upvalueindex(3));
            lua_replace(L, lua_upvalueindex(4));
            return kl_push_captures(&m, at, end);
        }
    }
    kl_matcher_finish(&m);
    lua_pushinteger(L, (lua_Integer)length + 1);
    lua_replace(L, lua_upvalueindex(3));
    return 0;
}

int kl_gmatch(lua_State *L) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    luaL_checkstring(L, 2);
    lua_Integer given = luaL_optinteger(L, 3, 1);
    lua_Integer init = given > 0 ? given - 1
        : given == 0 || given < -(lua_Integer)length ? 0 : (lua_Integer)length + given;
    if (init > (lua_Integer)length) init = (lua_Integer)length + 1;
    lua_settop(L, 2);
    lua_pushinteger(L, init);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

// MARK: gsub

/// Adds a replacement text, in which %0 to %9 stand for captures.
static void add_template(matcher *m, const char *s, const char *end) {
    size_t length;
    const char *at = lua_tolstring(m->L, 3, &length), *stop = at + length;
    kl_charge(m->slot, length / 32);
    while (at < stop) {
        const char *percent = memchr(at, '%', (size_t)(stop - at));
        kl_scratch_add(m->L, at, (size_t)((percent ? percent : stop) - at));
        if (!percent) return;
        char c = percent[1]; // a zero byte ends each Lua string
        if (c == '%') {
            kl_scratch_add(m->L, "%", 1);
        } else if (c == '0') {
            kl_scratch_add(m->L, s, (size_t)(end - s));
        } else if (c >= '1' && c <= '9') {
            kl_push_capture(m, c - '1', s, end);
            size_t capture_length;
            const char *capture = lua_tolstring(m->L, -1, &capture_length);
            kl_scratch_add(m->L, capture, capture_length);
            lua_pop(m->L, 1);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
        at = percent + 2;
    }
}

static void add_replacement(matcher *m, const char *s, const char *end, int type) {
    lua_State *L = m->L;
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        int count = kl_push_captures(m, s, end);
        lua_call(L, count, 1);
    } else if (type == LUA_TTABLE) {
        kl_push_capture(m, 0, s, end);
        lua_gettable(L, 3);
    } else {
        add_template(m, s, end);
        return;
    }
    if (!lua_toboolean(L, -1)) {
        kl_scratch_add(L, s, (size_t)(end - s)); // keep what was there
    } else if (lua_isstring(L, -1)) {
        size_t length;
        const char *text = lua_tolstring(L, -1, &length);
        kl_charge(m->slot, length / 32);
        kl_scratch_add(L, text, length);
    } else {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
    lua_pop(L, 1);
}

int kl_gsub(lua_State *L) {
    size_t length, pattern_length, mark = kl_slot_of(L)->scratch.count;
    const char *s = luaL_checklstring(L, 1, &length), *p = luaL_checklstring(L, 2, &pattern_length);
    const char *last = NULL, *at = s;
    int type = lua_type(L, 3);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)length + 1), count = 0;
    luaL_argexpected(
        L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
        "string/function/table");
    if (type == LUA_TNUMBER) lua_tolstring(L, 3, NULL); // the template is read as text
    matcher m;
    kl_matcher_start(&m, L, s, length, p + pattern_length);
    bool anchored = *p == '^';
    if (anchored) p++;
    while (count < most) {
        const char *end = kl_match_at(&m, at, p);
        if (end && end != last) {
            count++;
            add_replacement(&m, at, end, type);
            at = last = end;
        } else if (at < m.text_end) {
            kl_scratch_add(L, at++, 1);
        } else {
            break;
        }
        if (anchored) break;
    }
    kl_matcher_finish(&m);
    if (count == 0) {
        kl_slot_of(L)->scratch.count = mark;
        lua_pushvalue(L, 1);
    } else {
        kl_scratch_add(L, at, (size_t)(m.text_end - at));
        kl_scratch_push(L, mark);
    }
    lua_pushinteger(L, count);
    return 2;
}
