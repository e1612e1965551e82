// require: only the program's own modules, each loaded once per state.
#include "lua_internal.h"

/// require(name): the module's value.
int kl_require(lua_State *L) {
    kl_slot *slot = kl_slot_of(L);
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_loaded); // 2
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 2) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    const kl_module *module = slot->program ? kl_program_module(slot->program, name) : NULL;
    if (!module || strlen(name) != lua_rawlen(L, 1)) {
        return luaL_error(L, "module '%s' is not part of this program: own modules and declared dependencies only", name);
    }
    for (int i = 0; i < slot->loading; i++) {
        if (slot->loading_names[i] != module->name) continue;
        return luaL_error(L, "modules require each other in a circle: '%s' is still loading", name);
    }
    if (slot->loading == KL_MAX_LOADING) return luaL_error(L, "modules require each other more than %d deep", KL_MAX_LOADING);
    const kl_chunk *chunk = module->chunk;
    kl_charge(slot, 10 + chunk->size / 32);
    if (luaL_loadbufferx(L, (const char *)chunk->bytes, chunk->size, chunk->name, "b") != LUA_OK) return lua_error(L);
    lua_pushvalue(L, 1);
    slot->loading_names[slot->loading++] = module->name; // wound back by whoever catches an error
    lua_call(L, 1, 1);
    slot->loading--;
    if (lua_isnil(L, -1)) return luaL_error(L, "module '%s' returns nothing: end it with 'return'", name);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
    return 1;
}
