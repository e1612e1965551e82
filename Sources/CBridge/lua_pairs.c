// pairs and next in a fixed order: integers, other numbers, strings by their bytes, then false and true. Keys that have
// no order (tables, functions) are refused, since their order would differ from run to run.
#include "lua_internal.h"

enum { RANK_INT, RANK_FLOAT, RANK_STRING, RANK_BOOL };
enum { ON_STACK = 200 }; // up to so many keys are held on the Lua stack while they are sorted

typedef struct key {
    uint8_t rank;
    uint32_t position; // where the key is kept meanwhile
    union {
        int64_t integer;
        double number;
        struct {
            uint32_t length;
            const char *text;
        };
    };
} key;

static bool read_key(lua_State *L, int index, key *k) {
    switch (lua_type(L, index)) {
        case LUA_TNUMBER:
            if (lua_isinteger(L, index)) {
                k->rank = RANK_INT;
                k->integer = lua_tointeger(L, index);
            } else {
                k->rank = RANK_FLOAT;
                k->number = lua_tonumber(L, index);
            }
            return true;
        case LUA_TSTRING: {
            size_t length;
            k->rank = RANK_STRING;
            k->text = lua_tolstring(L, index, &length);
            k->length = (uint32_t)length;
            return true;
        }
        case LUA_TBOOLEAN:
            k->rank = RANK_BOOL;
            k->integer = lua_toboolean(L, index);
            return true;
        default:
            return false;
    }
}

static bool before(const key *a, const key *b) {
    if (a->rank != b->rank) return a->rank < b->rank;
    if (a->rank == RANK_FLOAT) return a->number < b->number;
    if (a->rank != RANK_STRING) return a->integer < b->integer;
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, shorter);
    return order ? order < 0 : a->length < b->length;
}

static int refuse_key(lua_State *L, int index, const char *function) {
    return luaL_error(L, "%s: keys of type %s have no fixed order", function, luaL_typename(L, index));
}

// MARK: Sorting: a heap sort, charged before it starts

static void sift(key *keys, size_t root, size_t count) {
    key held = keys[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && before(&keys[child], &keys[child + 1])) child++;
        if (!before(&held, &keys[child])) break;
        keys[root] = keys[child];
    }
    keys[root] = held;
}

static void sort_keys(kl_slot *slot, key *keys, size_t count) {
    if (count <= 24) {
        for (size_t i = 1; i < count; i++) {
            key held = keys[i];
            size_t j = i;
            for (; j > 0 && before(&held, &keys[j - 1]); j--) keys[j] = keys[j - 1];
            keys[j] = held;
        }
        return;
    }
    kl_charge(slot, count * (64 - (unsigned)__builtin_clzll(count)) / 4);
    for (size_t i = count / 2; i-- > 0;) sift(keys, i, count);
    for (size_t last = count - 1; last > 0; last--) {
        key held = keys[0];
        keys[0] = keys[last];
        keys[last] = held;
        sift(keys, 0, last);
    }
}

// MARK: Iterators

/// Upvalues: last index, index so far, table.
static int next_of_list(lua_State *L) {
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(1)), i = lua_tointeger(L, lua_upvalueindex(2));
    while (i < last) {
        i++;
        if (lua_rawgeti(L, lua_upvalueindex(3), i) != LUA_TNIL) {
            lua_pushinteger(L, i);
            lua_copy(L, -1, lua_upvalueindex(2));
            lua_insert(L, -2);
            return 2;
        }
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    return 1;
}

/// Upvalues: the keys in order, index so far, table. Keys whose value has gone meanwhile are left out.
static int next_of_map(lua_State *L) {
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    for (;;) {
        i++;
        if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL) return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL) break;
        lua_pop(L, 2);
    }
    lua_pushinteger(L, i);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

/// [-0, +1] Pushes the list of sorted keys of the table at `table`, which has `count` keys.
static void push_sorted_keys(lua_State *L, int table, size_t count) {
    kl_slot *slot = kl_slot_of(L);
    kl_buffer *scratch = &slot->scratch;
    size_t start = scratch->count;
    kl_scratch_room(L, (8 - start % 8) % 8 + count * sizeof(key));
    size_t mark = (start + 7) & ~(size_t)7;
    bool on_stack = count <= ON_STACK;
    if (on_stack) luaL_checkstack(L, (int)count + 6, "pairs");
    else lua_createtable(L, (int)count, 0);
    int base = lua_gettop(L);
    key *keys = (key *)(void *)(scratch->bytes + mark); // nothing below adds to the scratch stack
    size_t n = 0;
    lua_pushnil(L);
    while (n < count && lua_next(L, table)) {
        lua_pop(L, 1);
        if (lua_islightuserdata(L, -1)) continue; // ours, see base_setmetatable
        key *k = &keys[n++];
        if (!read_key(L, -1, k)) {
            scratch->count = start;
            refuse_key(L, -1, "pairs");
        }
        k->position = on_stack ? (uint32_t)lua_gettop(L) : (uint32_t)n;
        lua_pushvalue(L, -1);
        if (!on_stack) lua_rawseti(L, base, (lua_Integer)n);
    }
    sort_keys(slot, keys, n);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        if (on_stack) lua_pushvalue(L, (int)keys[i].position);
        else lua_rawgeti(L, base, (lua_Integer)keys[i].position);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    scratch->count = start;
}

static int pairs_done(lua_State *L, int status, lua_KContext context) {
    (void)L, (void)status, (void)context;
    return 3;
}

static int base_pairs(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, pairs_done);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    kl_push_viewed(L, 1); // 2: the table itself
    lua_Integer length = (lua_Integer)lua_rawlen(L, 2), in_list = 0;
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        lua_pop(L, 1);
        if (lua_islightuserdata(L, -1)) continue;
        count++;
        if (lua_isinteger(L, -1)) {
            lua_Integer i = lua_tointeger(L, -1);
            in_list += i >= 1 && i <= length;
        }
    }
    kl_charge(kl_slot_of(L), 4 + count / 4);
    if (in_list == (lua_Integer)count) {
        lua_pushinteger(L, length);
    } else {
        push_sorted_keys(L, 2, count);
    }
    lua_pushinteger(L, 0);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, in_list == (lua_Integer)count ? next_of_list : next_of_map, 3);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/// next(table, key): the least key after `key`. Walks the whole table each time; a loop should use pairs.
static int base_next(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    kl_push_viewed(L, 1);
    lua_replace(L, 1);
    bool any = !lua_isnil(L, 2);
    key after = {0}, best = {0}, k;
    if (any && !read_key(L, 2, &after)) return refuse_key(L, 2, "next");
    bool found = false;
    size_t walked = 0;
    lua_pushnil(L);
    lua_replace(L, 2); // 2: the best key so far
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        walked++;
        if (lua_islightuserdata(L, -1)) continue;
        if (!read_key(L, -1, &k)) return refuse_key(L, -1, "next");
        if (any && !before(&after, &k)) continue;
        if (found && !before(&k, &best)) continue;
        best = k;
        found = true;
        lua_copy(L, -1, 2);
    }
    kl_charge(kl_slot_of(L), 1 + walked / 2);
    if (!found) return lua_pushnil(L), 1;
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    return 2;
}

void kl_open_pairs(lua_State *L) {
    kl_set(L, "pairs", base_pairs);
    kl_set(L, "next", base_next);
}
