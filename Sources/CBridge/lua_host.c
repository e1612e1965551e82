// Host functions: one trampoline. Swift gets flat values and returns a status; only then may C raise or leave, so that
// no longjmp crosses a Swift frame. Nothing is held across a call of the Lua API that may leave.
#include "lua_internal.h"

/// [-0, +1] A host function as a closure over its id and its full name.
void kl_push_host_function(lua_State *L, const kl_host_function *function) {
    lua_pushinteger(L, function->id);
    lua_pushfstring(L, "%s.%s", function->module, function->name);
    lua_pushcclosure(L, kl_host_trampoline, 2);
}

static const char *name_of(lua_State *L) {
    return lua_tostring(L, lua_upvalueindex(2));
}

static void take_arguments(kl_slot *slot, lua_State *L, int count) {
    kl_buffer *out = &slot->call_arguments;
    out->count = 0;
    out->overflowed = false;
    slot->nodes_left = slot->limits.nodes;
    for (int i = 1; i <= count; i++) {
        if (!kl_take(slot, L, i, out, false)) luaL_error(L, "%s: argument %d: %s", name_of(L), i, slot->message);
    }
}

/// Raises what the host has put into the buffer. A table gets `where` and the metatable of errors.
static int raise(kl_slot *slot, lua_State *L) {
    const uint8_t *at = slot->call_results.bytes, *end = at + slot->call_results.count;
    lua_settop(L, 0);
    if (!at || !kl_push(L, &at, end, 2 * KL_MAX_NESTING)) {
        kl_leave(slot, KL_INTERNAL, "%s: the host raised a malformed value", name_of(L));
    }
    if (lua_istable(L, 1)) {
        char file[256];
        lua_pushliteral(L, "where");
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) == LUA_TNIL) {
            int line = kl_where(L, 1, file, sizeof file);
            lua_pop(L, 1);
            lua_pushfstring(L, "%s:%d", file, line);
            lua_rawset(L, 1);
        }
        lua_settop(L, 1);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_error);
        lua_setmetatable(L, 1);
        lua_pushvalue(L, 1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &kl_key_host_error); // kept, so that its identity stays its own
        slot->host_error = lua_topointer(L, 1);
    }
    return lua_error(L);
}

/// [-args, +results, e]
int kl_host_trampoline(lua_State *L) {
    kl_slot *slot = kl_slot_of(L);
    if (KL_UNLIKELY(slot->loading > 0 || !slot->request)) {
        return luaL_error(L, "%s is not available while a module loads: call it inside a function", name_of(L));
    }
    if (KL_UNLIKELY(slot->host_calls >= slot->limits.host_calls)) {
        kl_leave(slot, KL_HOST, "more than %u host calls", slot->limits.host_calls);
    }
    slot->host_calls++;
    kl_charge(slot, KL_HOST_CALL_STEPS);
    take_arguments(slot, L, lua_gettop(L));
    kl_buffer *results = &slot->call_results;
    results->count = 0;
    results->overflowed = false;
    uint32_t id = (uint32_t)lua_tointeger(L, lua_upvalueindex(1));
    int status = slot->request->call(
        slot->request->context, id, slot->call_arguments.bytes, slot->call_arguments.count, results);
    slot->slice_started = kl_now(); // the host's time says nothing about the script's instructions
    if (KL_UNLIKELY(status == KL_HOST_LEAVE)) kl_leave(slot, KL_CANCELLED, "left by %s", name_of(L));
    if (KL_UNLIKELY(results->overflowed || results->count > results->limit)) {
        kl_leave(slot, KL_HOST, "%s: more than %zu bytes of results", name_of(L), results->limit);
    }
    if (KL_UNLIKELY(status != KL_HOST_OK)) return raise(slot, L);
    kl_charge(slot, results->count / 32);
    lua_settop(L, 0);
    int count = kl_push_all(L, results->bytes, results->bytes + results->count);
    if (KL_UNLIKELY(count < 0)) kl_leave(slot, KL_INTERNAL, "%s: the host returned a malformed value", name_of(L));
    return count;
}
