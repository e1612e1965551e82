// The base library of scripts: what stays of Lua's own, and what is replaced.
#include "lua_internal.h"

#include <stdlib.h>

const char kl_key_env, kl_key_globals, kl_key_loaded, kl_key_invokers, kl_key_money, kl_key_decimal, kl_key_error,
    kl_key_host_error, kl_key_open, kl_key_locked, kl_key_events, kl_key_copy;

/// Puts a function into the table on top. [-0, +0]
void kl_set(lua_State *L, const char *name, lua_CFunction function) {
    lua_pushstring(L, name);
    lua_pushcfunction(L, function);
    lua_rawset(L, -3);
}

// MARK: Read-only views

/// [-0, +1 if true] Pushes what a read-only view shows, if the value at `index` is one.
static bool push_target(lua_State *L, int index) {
    if (!lua_getmetatable(L, index)) return false;
    if (lua_rawgetp(L, -1, &kl_key_locked) != LUA_TTABLE) {
        lua_pop(L, 2);
        return false;
    }
    lua_remove(L, -2);
    return true;
}

bool kl_is_locked(lua_State *L, int index) {
    if (!push_target(L, index)) return false;
    lua_pop(L, 1);
    return true;
}

void kl_push_viewed(lua_State *L, int index) {
    index = lua_absindex(L, index);
    if (!push_target(L, index)) lua_pushvalue(L, index);
}

static int refuse_write(lua_State *L) {
    const char *name = lua_tostring(L, lua_upvalueindex(1));
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    if (*name) return luaL_error(L, "%s.%s cannot be set: %s is read-only", name, key, name);
    return luaL_error(L, "undeclared global '%s': write 'local %s = ...'", key, key);
}

static int view_length(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, lua_upvalueindex(1)));
    return 1;
}

void kl_lock(lua_State *L, const char *name) {
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 5);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_pushcclosure(L, refuse_write, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, view_length, 1);
    lua_setfield(L, -2, "__len");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -3);
    lua_rawsetp(L, -2, &kl_key_locked);
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

// MARK: Text of values

const char *kl_tostring(lua_State *L, int index, size_t *length) {
    index = lua_absindex(L, index);
    if (luaL_callmeta(L, index, "__tostring")) {
        if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "'__tostring' must return a string");
        return lua_tolstring(L, -1, length);
    }
    switch (lua_type(L, index)) {
        case LUA_TNUMBER:
        case LUA_TSTRING:
            lua_pushvalue(L, index);
            break;
        case LUA_TBOOLEAN:
            lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
            break;
        default:
            lua_pushstring(L, luaL_typename(L, index)); // never an address
    }
    return lua_tolstring(L, -1, length);
}

static int base_tostring(lua_State *L) {
    luaL_checkany(L, 1);
    kl_tostring(L, 1, NULL);
    return 1;
}

static int base_print(lua_State *L) {
    kl_slot *slot = kl_slot_of(L);
    int count = lua_gettop(L);
    for (int i = 1; i <= count + 1; i++) {
        size_t length = 1;
        const char *text = i > count ? "\n" : kl_tostring(L, i, &length);
        size_t tab = i > 1 && i <= count ? 1 : 0;
        kl_charge(slot, 1 + length / 32);
        if (!slot->log_off) {
            if (length > slot->log.limit || !kl_buffer_grow(&slot->log, length + tab)) {
                kl_leave(slot, KL_OUTPUT, "log limit of %zu bytes reached", slot->log.limit);
            }
            if (tab) slot->log.bytes[slot->log.count++] = '\t';
            memcpy(slot->log.bytes + slot->log.count, text, length);
            slot->log.count += length;
        }
        if (i <= count) lua_pop(L, 1);
    }
    return 0;
}

/// Lua's own tonumber, charged by the length of the text.
static int base_tonumber(lua_State *L) {
    if (lua_type(L, 1) == LUA_TSTRING) kl_charge(kl_slot_of(L), lua_rawlen(L, 1) / 16);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

// MARK: Raw access

static int base_rawget(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    if (push_target(L, 1)) lua_replace(L, 1);
    lua_rawget(L, 1);
    return 1;
}

static int base_rawset(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    if (kl_is_locked(L, 1)) return luaL_error(L, "rawset: the table is read-only");
    lua_rawset(L, 1);
    return 1;
}

// MARK: Metatables

static const char *const events[] = {
    "__index", "__newindex", "__call", "__tostring", "__name", "__len", "__pairs", "__close", "__eq", "__lt", "__le",
    "__concat", "__unm", "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__idiv", "__band", "__bor", "__bxor",
    "__shl", "__shr", "__bnot", "__metatable", "__gc", "__mode",
};
enum { EVENT_COUNT = sizeof events / sizeof *events, COPIED = EVENT_COUNT - 2 /* all but __gc and __mode */ };

/// The names as strings in the registry, so that looking one up hashes nothing.
static void keep_events(lua_State *L) {
    lua_createtable(L, EVENT_COUNT, 0);
    for (int i = 0; i < EVENT_COUNT; i++) {
        lua_pushstring(L, events[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kl_key_events);
}

/// [-0, +1] Pushes the event's value in the table at `index`; event names at `names`.
static int push_event(lua_State *L, int index, int names, int event) {
    lua_rawgeti(L, names, event + 1);
    return lua_rawget(L, index);
}

/// [-0, +1] Pushes what a private copy of the table at `index` has to hold for that event.
static void push_copied(lua_State *L, int index, int names, int event) {
    if (push_event(L, index, names, event) == LUA_TNIL && event == COPIED - 1) {
        lua_pop(L, 1);
        lua_pushvalue(L, index); // getmetatable gives the script its own table
    }
}

static bool is_current(lua_State *L, int copy, int own, int names) {
    bool same = true;
    for (int i = 0; i < COPIED && same; i++) {
        push_copied(L, own, names, i);
        push_event(L, copy, names, i);
        same = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    return same;
}

static void push_fresh_copy(lua_State *L, int own, int names) {
    lua_createtable(L, 0, 4);
    int copy = lua_gettop(L);
    for (int i = 0; i < COPIED; i++) {
        lua_rawgeti(L, names, i + 1);
        push_copied(L, own, names, i);
        if (lua_isnil(L, -1)) lua_pop(L, 2);
        else lua_rawset(L, copy);
    }
    bool open = push_event(L, own, names, COPIED - 1) == LUA_TNIL;
    lua_pop(L, 1);
    lua_pushboolean(L, open);
    lua_rawsetp(L, copy, &kl_key_open);
}

/// The metatable that Lua sees is a private copy with the known events, made anew when the script's table has changed.
/// So later changes to the script's table cannot smuggle in __mode, and __gc has no way in at all. The script's table
/// keeps its copy under a key that no script can make and that pairs, next and conversions pass over.
static int base_setmetatable(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    int type = lua_type(L, 2);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    lua_settop(L, 2);
    kl_charge(kl_slot_of(L), 20);
    if (lua_getmetatable(L, 1)) {
        bool open = lua_rawgetp(L, -1, &kl_key_open) == LUA_TBOOLEAN && lua_toboolean(L, -1);
        if (!open) return luaL_error(L, "cannot change a protected metatable");
        lua_settop(L, 2);
    }
    if (type == LUA_TNIL) {
        lua_setmetatable(L, 1);
        return 1;
    }
    if (kl_is_locked(L, 2)) return luaL_error(L, "setmetatable: a read-only table cannot be a metatable");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_events);
    for (int i = COPIED; i < EVENT_COUNT; i++) {
        if (push_event(L, 2, 3, i) != LUA_TNIL) return luaL_error(L, "setmetatable: %s is not available", events[i]);
        lua_pop(L, 1);
    }
    if (lua_rawgetp(L, 2, &kl_key_copy) != LUA_TTABLE || !is_current(L, 4, 2, 3)) {
        lua_settop(L, 3);
        push_fresh_copy(L, 2, 3);
        lua_pushvalue(L, 4);
        lua_rawsetp(L, 2, &kl_key_copy);
    }
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

// MARK: Protected calls: Lua's own, but the scratch stack and the load mark are wound back

static lua_KContext marks(const kl_slot *slot) {
    return (lua_KContext)(slot->scratch.count << 8 | (size_t)slot->loading);
}

static int finish(lua_State *L, int status, lua_KContext context, int first) {
    kl_slot *slot = kl_slot_of(L);
    if (slot->guards) slot->guards--;
    if (KL_LIKELY(status == LUA_OK || status == LUA_YIELD)) return lua_gettop(L) - first;
    slot->scratch.count = (size_t)context >> 8;
    slot->loading = (int)(context & 255);
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
}

static int pcall_done(lua_State *L, int status, lua_KContext context) {
    return finish(L, status, context, 0);
}

static int base_pcall(lua_State *L) {
    luaL_checkany(L, 1);
    kl_charge(kl_slot_of(L), 10);
    lua_KContext context = marks(kl_slot_of(L));
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    kl_slot_of(L)->guards++;
    return finish(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, context, pcall_done), context, 0);
}

static int xpcall_done(lua_State *L, int status, lua_KContext context) {
    return finish(L, status, context, 2);
}

static int base_xpcall(lua_State *L) {
    int count = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    kl_charge(kl_slot_of(L), 10);
    lua_KContext context = marks(kl_slot_of(L));
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    kl_slot_of(L)->guards++;
    return finish(L, lua_pcallk(L, count - 2, LUA_MULTRET, 2, context, xpcall_done), context, 2);
}

// MARK: Opening

/// [-0, +0] Takes Lua's own functions of these names from the registry's globals, where luaopen_base put them.
static void keep(lua_State *L, const char *const *names) {
    lua_pushglobaltable(L);
    for (; *names; names++) {
        lua_pushstring(L, *names);
        lua_pushvalue(L, -1);
        lua_rawget(L, -3);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
}

void kl_open_base(lua_State *L) {
    static const char *const kept[] = {
        "assert", "error", "ipairs", "select", "type", "rawequal", "rawlen", "getmetatable", "_VERSION", NULL,
    };
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 0);
    keep(L, kept);
    lua_pushstring(L, "tonumber");
    lua_pushglobaltable(L);
    lua_pushstring(L, "tonumber");
    lua_rawget(L, -2);
    lua_remove(L, -2);
    lua_pushcclosure(L, base_tonumber, 1);
    lua_rawset(L, -3);
    kl_set(L, "tostring", base_tostring);
    kl_set(L, "print", base_print);
    kl_set(L, "rawget", base_rawget);
    kl_set(L, "rawset", base_rawset);
    kl_set(L, "setmetatable", base_setmetatable);
    kl_set(L, "pcall", base_pcall);
    kl_set(L, "xpcall", base_xpcall);
    keep_events(L);
    kl_open_pairs(L);
}
