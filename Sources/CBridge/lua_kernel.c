// What the prelude gets as `kernel`: raw host functions, and the means to shape the world that scripts see.
#include "lua_internal.h"

#include <stdio.h>

// MARK: Globals

/// [-1, +1] Read-only views of the table on top and of the plain tables inside.
static void lock_deep(lua_State *L, const char *name, int depth) {
    luaL_checkstack(L, 6, "global");
    if (depth > 4) luaL_error(L, "kernel.global: tables nested deeper than 4");
    int table = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        bool plain = lua_istable(L, -1);
        if (plain && lua_getmetatable(L, -1)) {
            lua_pop(L, 1);
            plain = false;
        }
        if (plain) {
            char inner[128];
            snprintf(inner, sizeof inner, "%s.%s", name, lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?");
            lock_deep(L, inner, depth + 1);
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, table); // replaces an existing field, which lua_next allows
        } else {
            lua_pop(L, 1);
        }
    }
    kl_lock(L, name);
}

/// kernel.readonly(name, table): a read-only view, deep for plain tables.
static int kernel_readonly(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lock_deep(L, name, 1);
    return 1;
}

/// kernel.global(name, value): a global of scripts; a plain table becomes read-only.
static int kernel_global(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    if (kl_slot_of(L)->loading == 0) return luaL_error(L, "kernel.global: only while the prelude loads");
    if (lua_istable(L, 2)) {
        bool plain = !lua_getmetatable(L, 2);
        lua_settop(L, 2);
        if (plain) lock_deep(L, name, 1);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_globals);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, -3);
    return 0;
}

// MARK: Kinds and invokers

/// Copies the pairs of the table at `from` into the table at `to`.
static void copy_into(lua_State *L, int from, int to) {
    lua_pushnil(L);
    while (lua_next(L, from)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, to);
    }
}

/// kernel.register(kind, metatable): `money` and `decimal` take methods from __index and events beside it; `error` is the
/// metatable of values raised by host functions.
static int kernel_register(lua_State *L) {
    static const char *const kinds[] = {"money", "decimal", "error", NULL};
    static const char *const keys[] = {&kl_key_money, &kl_key_decimal, &kl_key_error};
    int kind = luaL_checkoption(L, 1, NULL, kinds);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, keys[kind]); // 3
    lua_pushliteral(L, "__index");
    if (kind < 2 && lua_rawget(L, 2) == LUA_TTABLE) { // 4: methods
        lua_rawgetp(L, 3, &kl_key_open); // 5: where __index looks
        copy_into(L, 4, 5);
    }
    lua_settop(L, 3);
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        bool keep = kind == 2 || strcmp(key, "__index") != 0;
        if (strcmp(key, "__gc") == 0 || strcmp(key, "__mode") == 0 || strcmp(key, "__metatable") == 0) keep = false;
        if (keep) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, 3);
        } else {
            lua_pop(L, 1);
        }
    }
    return 0;
}

/// kernel.invoker(name, function): runs may ask for it; it gets the function at the path, then the arguments.
static int kernel_invoker(lua_State *L) {
    luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_invokers);
    lua_insert(L, 1);
    lua_rawset(L, 1);
    return 0;
}

// MARK: Facts

/// kernel.setmetatable(table, metatable): Lua's own, without copies or checks. Not for tables of scripts.
static int kernel_setmetatable(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/// kernel.getmetatable(value): the true one, past __metatable.
static int kernel_getmetatable(lua_State *L) {
    luaL_checkany(L, 1);
    if (!lua_getmetatable(L, 1)) lua_pushnil(L);
    return 1;
}

/// kernel.clone(table): a shallow copy, without metatable. Raw.
static int kernel_clone(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_createtable(L, (int)lua_rawlen(L, 1), 16);
    copy_into(L, 1, 2);
    return 1;
}

/// kernel.where(): "file:line" of the script's innermost line, or nil.
static int kernel_where(lua_State *L) {
    char file[256];
    int line = kl_where(L, 1, file, sizeof file);
    if (line) lua_pushfstring(L, "%s:%d", file, line);
    else lua_pushnil(L);
    return 1;
}

/// kernel.charge(steps)
static int kernel_charge(lua_State *L) {
    lua_Integer steps = luaL_checkinteger(L, 1);
    if (steps > 0) kl_charge(kl_slot_of(L), (uint64_t)steps);
    return 0;
}

/// kernel.remaining(): steps, nanoseconds of wall time, bytes, host calls.
static int kernel_remaining(lua_State *L) {
    kl_limits left = kl_limits_left(kl_slot_of(L));
    lua_pushinteger(L, (lua_Integer)left.steps);
    lua_pushinteger(L, (lua_Integer)left.wall_nanoseconds);
    lua_pushinteger(L, (lua_Integer)left.memory);
    lua_pushinteger(L, (lua_Integer)left.host_calls);
    return 4;
}

/// kernel.loading(): true while the top level of a module runs.
static int kernel_loading(lua_State *L) {
    lua_pushboolean(L, kl_slot_of(L)->loading > 0);
    return 1;
}

/// kernel.kind(value): "money", "decimal" or nil.
static int kernel_kind(lua_State *L) {
    luaL_checkany(L, 1);
    if (kl_kind_at(L, 1, KL_KIND_MONEY)) lua_pushliteral(L, "money");
    else if (kl_kind_at(L, 1, KL_KIND_DECIMAL)) lua_pushliteral(L, "decimal");
    else lua_pushnil(L);
    return 1;
}

// MARK: Opening

/// [-0, +1] kernel.host.MODULE.FUNCTION
static void push_host(lua_State *L, const kl_base *base) {
    lua_createtable(L, 0, 16);
    for (size_t i = 0; i < base->function_count; i++) {
        lua_pushstring(L, base->functions[i].module);
        if (lua_rawget(L, -2) != LUA_TTABLE) {
            lua_pop(L, 1);
            lua_createtable(L, 0, 8);
            lua_pushvalue(L, -1);
            lua_setfield(L, -3, base->functions[i].module);
        }
        kl_push_host_function(L, &base->functions[i]);
        lua_setfield(L, -2, base->functions[i].name);
        lua_pop(L, 1);
    }
}

void kl_open_kernel(lua_State *L, const kl_base *base) {
    lua_createtable(L, 0, 24);
    push_host(L, base);
    lua_setfield(L, -2, "host");
    lua_createtable(L, 0, 16);
    kl_open_decimal(L);
    lua_setfield(L, -2, "decimal");
    lua_createtable(L, 0, 16);
    kl_open_money(L);
    lua_setfield(L, -2, "money");
    kl_set(L, "global", kernel_global);
    kl_set(L, "readonly", kernel_readonly);
    kl_set(L, "register", kernel_register);
    kl_set(L, "invoker", kernel_invoker);
    kl_set(L, "setmetatable", kernel_setmetatable);
    kl_set(L, "getmetatable", kernel_getmetatable);
    kl_set(L, "clone", kernel_clone);
    kl_set(L, "where", kernel_where);
    kl_set(L, "charge", kernel_charge);
    kl_set(L, "remaining", kernel_remaining);
    kl_set(L, "loading", kernel_loading);
    kl_set(L, "kind", kernel_kind);
    kl_open_text(L);
    lua_setfield(L, -2, "text");
    kl_open_frozen(L);
}
