// table.sort: a stable merge sort, so that the order never depends on chance.
//
// It works on copies and writes back at the end: a comparator that fails or meddles leaves the table as it was.
#include "lua_internal.h"

enum { MAX_SORTED = 1000000, RUN = 6 };

// Stack while sorting: 1 table, 2 comparator or nil, 3 and 4 work tables.

/// b < a, where a and b are the two values on top. [-0, +0, e]
static bool is_before(lua_State *L, bool has_comparator) {
    if (!has_comparator) {
        if (lua_type(L, -1) == LUA_TSTRING) kl_charge(kl_slot_of(L), 1 + lua_rawlen(L, -1) / 64);
        return lua_compare(L, -1, -2, LUA_OPLT);
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_call(L, 2, 1);
    bool result = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return result;
}

/// Sorts from...to of the table at `t` by insertion. Few elements.
static void sort_run(lua_State *L, int t, lua_Integer from, lua_Integer to, bool has_comparator) {
    for (lua_Integer i = from + 1; i <= to; i++) {
        lua_rawgeti(L, t, i); // the element to place
        lua_Integer j = i;
        for (; j > from; j--) {
            lua_rawgeti(L, t, j - 1);
            lua_pushvalue(L, -2);
            bool move = is_before(L, has_comparator);
            lua_pop(L, 1);
            if (!move) {
                lua_pop(L, 1);
                break;
            }
            lua_rawseti(L, t, j);
        }
        lua_rawseti(L, t, j);
    }
}

/// Merges from..<middle and middle...to of table `source` into table `target`.
static void merge(
    lua_State *L, int source, int target, lua_Integer from, lua_Integer middle, lua_Integer to, bool has_comparator) {
    lua_Integer a = from, b = middle;
    for (lua_Integer out = from; out <= to; out++) {
        bool take_second = a >= middle;
        if (!take_second && b <= to) {
            lua_rawgeti(L, source, a);
            lua_rawgeti(L, source, b);
            take_second = is_before(L, has_comparator);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, source, take_second ? b++ : a++);
        lua_rawseti(L, target, out);
    }
}

int kl_sort(lua_State *L) {
    kl_slot *slot = kl_slot_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    if (kl_is_locked(L, 1)) return luaL_argerror(L, 1, "the table is read-only");
    bool has_comparator = !lua_isnoneornil(L, 2);
    if (has_comparator) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    if (count < 2) return 0;
    luaL_argcheck(L, count <= MAX_SORTED, 1, "too many elements to sort");
    kl_charge(slot, (uint64_t)count * (64 - (unsigned)__builtin_clzll((uint64_t)count)) / 2);
    for (int t = 3; t <= 4; t++) lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        lua_rawseti(L, 3, i);
    }
    for (lua_Integer i = 1; i <= count; i += RUN) {
        sort_run(L, 3, i, i + RUN - 1 < count ? i + RUN - 1 : count, has_comparator);
    }
    int source = 3, target = 4;
    for (lua_Integer width = RUN; width < count; width *= 2) {
        for (lua_Integer i = 1; i <= count; i += 2 * width) {
            lua_Integer middle = i + width, to = i + 2 * width - 1;
            if (to > count) to = count;
            if (middle > count) middle = count + 1;
            merge(L, source, target, i, middle, to, has_comparator);
        }
        int held = source;
        source = target;
        target = held;
    }
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, source, i);
        lua_rawseti(L, 1, i);
    }
    return 0;
}
