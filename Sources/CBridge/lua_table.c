// The table library of scripts: raw access, counts checked against the raw length, charged by the elements touched.
#include "lua_internal.h"

enum { MAX_MOVED = 1000000, MAX_UNPACKED = 8000 };

/// Raw access would bypass what these events promise, and read-only views have one.
static void check_plain(lua_State *L, int index) {
    luaL_checktype(L, index, LUA_TTABLE);
    if (!lua_getmetatable(L, index)) return;
    static const char *const events[] = {"__newindex", "__len"};
    for (int i = 0; i < 2; i++) {
        lua_pushstring(L, events[i]);
        if (lua_rawget(L, -2) != LUA_TNIL) {
            luaL_argerror(L, index, kl_is_locked(L, index) ? "the table is read-only" : "a plain table is needed");
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static int table_insert(lua_State *L) {
    check_plain(L, 1);
    lua_Integer length = (lua_Integer)lua_rawlen(L, 1), position;
    switch (lua_gettop(L)) {
        case 2:
            lua_rawseti(L, 1, length + 1);
            return 0;
        case 3:
            position = luaL_checkinteger(L, 2);
            luaL_argcheck(L, position >= 1 && position <= length + 1, 2, "position out of bounds");
            kl_charge(kl_slot_of(L), 1 + (uint64_t)(length + 1 - position) / 8);
            for (lua_Integer i = length + 1; i > position; i--) {
                lua_rawgeti(L, 1, i - 1);
                lua_rawseti(L, 1, i);
            }
            lua_rawseti(L, 1, position);
            return 0;
        default:
            return luaL_error(L, "wrong number of arguments to 'insert'");
    }
}

static int table_remove(lua_State *L) {
    check_plain(L, 1);
    lua_Integer length = (lua_Integer)lua_rawlen(L, 1), position = luaL_optinteger(L, 2, length);
    if (lua_gettop(L) > 1) {
        bool valid = position >= 1 && position <= length + 1;
        luaL_argcheck(L, valid || (length == 0 && position == 0), 2, "position out of bounds");
    }
    lua_rawgeti(L, 1, position);
    kl_charge(kl_slot_of(L), 1 + (uint64_t)(length > position ? length - position : 0) / 8);
    for (; position < length; position++) {
        lua_rawgeti(L, 1, position + 1);
        lua_rawseti(L, 1, position);
    }
    if (position >= 1 && position <= length) {
        lua_pushnil(L);
        lua_rawseti(L, 1, position);
    }
    return 1;
}

static int table_move(lua_State *L) {
    lua_Integer from = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    luaL_checktype(L, 1, LUA_TTABLE);
    check_plain(L, target);
    if (last >= from) {
        luaL_argcheck(L, from > 0 || last < INT64_MAX + from, 3, "too many elements to move");
        lua_Integer count = last - from + 1;
        luaL_argcheck(L, count <= MAX_MOVED, 3, "too many elements to move");
        luaL_argcheck(L, to <= INT64_MAX - count + 1, 4, "destination wrap around");
        kl_charge(kl_slot_of(L), 1 + (uint64_t)count / 8);
        bool upwards = to > last || to <= from || (target != 1 && !lua_rawequal(L, 1, target));
        for (lua_Integer i = 0; i < count; i++) {
            lua_Integer at = upwards ? i : count - 1 - i;
            lua_rawgeti(L, 1, from + at);
            lua_rawseti(L, target, to + at);
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

static int table_concat(lua_State *L) {
    kl_slot *slot = kl_slot_of(L);
    size_t separator_length, mark = slot->scratch.count;
    luaL_checktype(L, 1, LUA_TTABLE);
    const char *separator = luaL_optlstring(L, 2, "", &separator_length);
    lua_Integer i = luaL_optinteger(L, 3, 1);
    lua_Integer last = lua_isnoneornil(L, 4) ? (lua_Integer)lua_rawlen(L, 1) : luaL_checkinteger(L, 4);
    lua_settop(L, 4);
    if (i <= last) {
        for (;; i++) {
            int type = lua_rawgeti(L, 1, i);
            if (type != LUA_TSTRING && type != LUA_TNUMBER) {
                return luaL_error(
                    L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)i);
            }
            size_t length;
            const char *text = lua_tolstring(L, -1, &length);
            kl_charge(slot, 1 + (length + separator_length) / 32);
            kl_scratch_add(L, text, length);
            lua_pop(L, 1);
            if (i == last) break;
            kl_scratch_add(L, separator, separator_length);
        }
    }
    kl_scratch_push(L, mark);
    return 1;
}

static int table_unpack(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer i = luaL_optinteger(L, 2, 1);
    lua_Integer last = lua_isnoneornil(L, 3) ? (lua_Integer)lua_rawlen(L, 1) : luaL_checkinteger(L, 3);
    if (i > last) return 0;
    lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)i;
    if (count >= MAX_UNPACKED) return luaL_error(L, "too many results to unpack: at most %d", MAX_UNPACKED);
    int results = (int)count + 1;
    luaL_checkstack(L, results, "too many results to unpack");
    kl_charge(kl_slot_of(L), 1 + (uint64_t)results / 8);
    for (int k = 0; k < results; k++) lua_rawgeti(L, 1, i + k);
    return results;
}

static int table_pack(lua_State *L) {
    int count = lua_gettop(L);
    kl_charge(kl_slot_of(L), 1 + (uint64_t)count / 8);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int i = count; i >= 1; i--) lua_rawseti(L, 1, i);
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

void kl_open_table(lua_State *L) {
    kl_set(L, "insert", table_insert);
    kl_set(L, "remove", table_remove);
    kl_set(L, "move", table_move);
    kl_set(L, "concat", table_concat);
    kl_set(L, "unpack", table_unpack);
    kl_set(L, "pack", table_pack);
    kl_set(L, "sort", kl_sort);
}
