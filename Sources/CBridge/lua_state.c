// Building a state: libraries, globals, prelude, entry module. It happens once per program and thread; then images serve.
#include "lua_internal.h"

// Stack of a finished state: 1 the message handler, 2 the entry module's value.

static void open_library(lua_State *L, const char *name, void (*open)(lua_State *)) {
    lua_createtable(L, 0, 24);
    open(L);
    kl_lock(L, name);
    lua_setfield(L, -2, name);
}

static int refuse_undefined(lua_State *L) {
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    return luaL_error(L, "undefined global '%s'", name);
}

/// [-0, +1] The table of globals, and in the registry the read-only view of it that scripts have as _ENV.
static void push_globals(lua_State *L) {
    lua_createtable(L, 0, 48);
    kl_open_base(L);
    open_library(L, "string", kl_open_string);
    open_library(L, "table", kl_open_table);
    open_library(L, "math", kl_open_math);
    open_library(L, "utf8", kl_open_utf8);
    open_library(L, "coroutine", kl_open_coroutine);
    kl_set(L, "require", kl_require);
    // undefined names are mistakes
    lua_createtable(L, 0, 2);
    kl_set(L, "__index", refuse_undefined);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kl_key_globals);
    lua_pushvalue(L, -1);
    kl_lock(L, "");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kl_key_env);
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); // what lua_load gives to chunks
    lua_setfield(L, -2, "_G");
}

/// Leaves with what the message handler has kept.
static _Noreturn void leave_load(kl_slot *slot) {
    slot->verdict = KL_ERROR;
    longjmp(slot->exit, 1);
}

static void run_prelude(kl_slot *slot, lua_State *L, const kl_base *base) {
    kl_open_kernel(L, base); // pushes `kernel`
    for (size_t i = 0; i < base->prelude_count; i++) {
        const kl_chunk *chunk = base->prelude[i].chunk;
        if (luaL_loadbufferx(L, (const char *)chunk->bytes, chunk->size, chunk->name, "b") != LUA_OK) {
            kl_leave(slot, KL_INTERNAL, "the prelude does not load");
        }
        lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_globals);
        lua_setupvalue(L, -2, 1);
        lua_pushvalue(L, -2);
        if (lua_pcall(L, 1, 0, 1) != LUA_OK) leave_load(slot);
    }
    lua_pop(L, 1);
}

/// Host modules that the prelude did not install itself become globals as they are.
static void expose_modules(lua_State *L, const kl_base *base) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_globals);
    for (size_t i = 0; i < base->function_count; i++) {
        const kl_host_function *f = &base->functions[i];
        lua_pushstring(L, f->module);
        bool taken = !f->exposed || lua_rawget(L, -2) != LUA_TNIL;
        lua_settop(L, 2);
        if (taken) continue;
        lua_createtable(L, 0, 8);
        for (size_t k = i; k < base->function_count; k++) {
            const kl_host_function *other = &base->functions[k];
            if (strcmp(other->module, f->module) != 0 || !other->exposed) continue;
            kl_push_host_function(L, other);
            lua_setfield(L, -2, other->name);
        }
        kl_lock(L, f->module);
        lua_setfield(L, 2, f->module);
    }
    lua_pop(L, 1);
}

/// Everything that programs on this base share. Called inside the slot's setjmp; leaves on failure.
void kl_build_base(kl_slot *slot, const kl_base *base) {
    kl_heap_start(slot);
    slot->L = slot->current = NULL;
    lua_State *L = lua_newstate(kl_allocate, slot);
    *(kl_slot **)lua_getextraspace(L) = slot;
    lua_atpanic(L, kl_panic);
    slot->L = slot->current = L;
    lua_gc(L, LUA_GCSTOP);
    lua_sethook(L, kl_hook, LUA_MASKCOUNT, KL_INTERVAL);
    slot->loading = 1;
    lua_pushcfunction(L, kl_message_handler);
    lua_createtable(L, 0, 8);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kl_key_loaded);
    lua_createtable(L, 0, 4);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kl_key_invokers);
    push_globals(L);
    lua_settop(L, 1);
    kl_open_values(L);
    if (base) {
        run_prelude(slot, L, base);
        expose_modules(L, base);
    }
    lua_settop(L, 1);
    lua_gc(L, LUA_GCCOLLECT);
    slot->loading = 0;
}

/// On a base that is in the arena: the entry module and what it requires.
void kl_build_program(kl_slot *slot, const kl_program *program) {
    lua_State *L = slot->L;
    lua_gc(L, LUA_GCRESTART);
    lua_gc(L, LUA_GCINC, 150, 400, 13);
    slot->program = program;
    lua_pushcfunction(L, kl_require);
    lua_pushstring(L, program->modules[program->entry].name);
    if (lua_pcall(L, 1, 1, 1) != LUA_OK) leave_load(slot);
    lua_gc(L, LUA_GCCOLLECT);
    // A run collects nothing before it has made so much: a step of negative size is credit.
    lua_gc(L, LUA_GCSTEP, -(KL_GC_CREDIT >> 10));
    lua_sethook(L, kl_hook, LUA_MASKCOUNT, KL_INTERVAL);
}
