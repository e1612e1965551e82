// math, utf8 and coroutine: Lua's own where they are harmless, ours where they are not.
#include "lua_internal.h"

#include <math.h>

/// [-0, +0] Opens one of Lua's libraries and takes functions and constants from it into the table on top.
static void take_from(lua_State *L, lua_CFunction open, const char *const *names) {
    lua_pushcfunction(L, open);
    lua_call(L, 0, 1);
    for (; *names; names++) {
        lua_pushstring(L, *names);
        lua_pushvalue(L, -1);
        lua_rawget(L, -3);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
}

// MARK: math

static inline uint64_t rotate(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

/// xoshiro256**, seeded per run, so that a run can be repeated.
static uint64_t next_random(uint64_t s[4]) {
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

void kl_seed(uint64_t state[4], uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        state[i] = z ^ z >> 31;
    }
}

static int math_random(lua_State *L) {
    uint64_t *state = kl_slot_of(L)->rng;
    lua_Integer low = 1, high;
    switch (lua_gettop(L)) {
        case 0:
            lua_pushnumber(L, (double)(next_random(state) >> 11) * 0x1p-53);
            return 1;
        case 1:
            high = luaL_checkinteger(L, 1);
            if (high == 0) {
                lua_pushinteger(L, (lua_Integer)next_random(state));
                return 1;
            }
            break;
        case 2:
            low = luaL_checkinteger(L, 1);
            high = luaL_checkinteger(L, 2);
            break;
        default:
            return luaL_error(L, "wrong number of arguments");
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    uint64_t range = (uint64_t)high - (uint64_t)low, mask = range, value;
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    do value = next_random(state) & mask;
    while (value > range);
    lua_pushinteger(L, (lua_Integer)(value + (uint64_t)low));
    return 1;
}

/// Repeats the run's own numbers from the start, or begins others.
static int math_randomseed(lua_State *L) {
    uint64_t seed = 0;
    if (lua_isinteger(L, 1)) {
        seed = (uint64_t)lua_tointeger(L, 1);
    } else if (!lua_isnoneornil(L, 1)) {
        double number = luaL_checknumber(L, 1);
        memcpy(&seed, &number, sizeof seed);
    }
    kl_seed(kl_slot_of(L)->rng, seed ^ (uint64_t)luaL_optinteger(L, 2, 0));
    return 0;
}

void kl_open_math(lua_State *L) {
    static const char *const kept[] = {
        "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max", "maxinteger",
        "min", "mininteger", "modf", "pi", "rad", "sin", "sqrt", "tan", "tointeger", "type", "ult", NULL,
    };
    take_from(L, luaopen_math, kept);
    kl_set(L, "random", math_random);
    kl_set(L, "randomseed", math_randomseed);
}

// MARK: utf8: Lua's own, charged by the length of the text

static int charged(lua_State *L) {
    if (lua_type(L, 1) == LUA_TSTRING) kl_charge(kl_slot_of(L), 1 + lua_rawlen(L, 1) / 32);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int utf8_char(lua_State *L) {
    int count = lua_gettop(L);
    size_t mark = kl_slot_of(L)->scratch.count;
    kl_charge(kl_slot_of(L), 1 + (uint64_t)count / 2);
    for (int i = 1; i <= count; i++) {
        lua_Unsigned c = (lua_Unsigned)luaL_checkinteger(L, i);
        luaL_argcheck(L, c <= 0x10ffff && (c < 0xd800 || c > 0xdfff), i, "value out of range");
        char out[4];
        int length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (int k = length - 1; k > 0; k--, c >>= 6) out[k] = (char)(0x80 | (c & 0x3f));
        out[0] = (char)(length == 1 ? c : (0xf00u >> length & 0xf0) | c);
        kl_scratch_add(L, out, (size_t)length);
    }
    kl_scratch_push(L, mark);
    return 1;
}

void kl_open_utf8(lua_State *L) {
    static const char *const kept[] = {"charpattern", NULL};
    static const char *const metered[] = {"codepoint", "codes", "len", "offset"};
    take_from(L, luaopen_utf8, kept);
    lua_pushcfunction(L, luaopen_utf8);
    lua_call(L, 0, 1);
    for (int i = 0; i < 4; i++) {
        lua_pushstring(L, metered[i]);
        lua_getfield(L, -2, metered[i]);
        lua_pushcclosure(L, charged, 1);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
    kl_set(L, "char", utf8_char);
}

// MARK: coroutine

static lua_State *check_coroutine(lua_State *L) {
    lua_State *coroutine = lua_tothread(L, 1);
    luaL_argexpected(L, coroutine, 1, "coroutine");
    return coroutine;
}

/// Resumes with the `count` values on top; -1 with an error value on top, else how many values came back.
static int resume(lua_State *L, lua_State *coroutine, int count) {
    kl_slot *slot = kl_slot_of(L);
    if (!lua_checkstack(coroutine, count)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    kl_charge(slot, 60);
    lua_xmove(L, coroutine, count);
    size_t scratch = slot->scratch.count;
    int loading = slot->loading, results;
    kl_settle(slot, L, coroutine);
    slot->current = coroutine;
    int status = lua_resume(coroutine, L, count, &results);
    slot->current = L;
    kl_settle(slot, coroutine, L);
    if (KL_UNLIKELY(status != LUA_OK && status != LUA_YIELD)) {
        slot->scratch.count = scratch;
        slot->loading = loading;
        lua_xmove(coroutine, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(coroutine, results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(coroutine, L, results);
    return results;
}

static int coroutine_create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    kl_charge(kl_slot_of(L), 60);
    lua_State *coroutine = lua_newthread(L);
    lua_sethook(coroutine, kl_hook, LUA_MASKCOUNT, kl_slot_of(L)->interval);
    lua_pushvalue(L, 1);
    lua_xmove(L, coroutine, 1);
    return 1;
}

static int coroutine_resume(lua_State *L) {
    lua_State *coroutine = check_coroutine(L);
    int results = resume(L, coroutine, lua_gettop(L) - 1);
    lua_pushboolean(L, results >= 0);
    if (results < 0) results = 1;
    lua_insert(L, -(results + 1));
    return results + 1;
}

static int wrapped(lua_State *L) {
    lua_State *coroutine = lua_tothread(L, lua_upvalueindex(1));
    int results = resume(L, coroutine, lua_gettop(L));
    if (results >= 0) return results;
    if (lua_type(L, -1) == LUA_TSTRING) { // say where the caller is, as Lua does
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int coroutine_wrap(lua_State *L) {
    coroutine_create(L);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

void kl_open_coroutine(lua_State *L) {
    static const char *const kept[] = {"isyieldable", "running", "status", "yield", NULL};
    take_from(L, luaopen_coroutine, kept);
    kl_set(L, "create", coroutine_create);
    kl_set(L, "resume", coroutine_resume);
    kl_set(L, "wrap", coroutine_wrap);
}
