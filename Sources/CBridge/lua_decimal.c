// Decimals: an exact int64 coefficient over a power of ten. Kept without trailing zeros, so equal values look equal.
#include "lua_value.h"

#include <ctype.h>
#include <stdio.h>

const int64_t kl_powers[KL_MAX_SCALE + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
    10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000,
};

// MARK: Rounding

kl_rounding kl_check_rounding(lua_State *L, int index) {
    static const char *const names[] = {"half_up", "half_even", "half_down", "down", "up", "floor", "ceiling", NULL};
    return (kl_rounding)luaL_checkoption(L, index, NULL, names);
}

wide kl_divide(wide n, wide d, kl_rounding mode) {
    wide quotient = n / d, rest = n % d;
    if (rest == 0) return quotient;
    int sign = n < 0 ? -1 : 1;
    wide missing = d - (rest < 0 ? -rest : rest), part = d - missing; // |rest| and what it lacks to the next unit
    bool away = false;
    switch (mode) {
        case KL_HALF_UP: away = part >= missing; break;
        case KL_HALF_DOWN: away = part > missing; break;
        case KL_HALF_EVEN: away = part > missing || (part == missing && quotient % 2 != 0); break;
        case KL_DOWN: break;
        case KL_UP: away = true; break;
        case KL_FLOOR: away = sign < 0; break;
        case KL_CEILING: away = sign > 0; break;
    }
    return away ? quotient + sign : quotient;
}

// MARK: Crossing into and out of Lua

void kl_push_decimal(lua_State *L, int64_t coefficient, unsigned scale) {
    while (scale > 0 && coefficient % 10 == 0) {
        coefficient /= 10;
        scale--;
    }
    kl_decimal *d = lua_newuserdatauv(L, sizeof *d, 0);
    *d = (kl_decimal){.kind = KL_KIND_DECIMAL, .scale = (uint8_t)scale, .coefficient = coefficient};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_decimal);
    lua_setmetatable(L, -2);
}

int kl_push_wide(lua_State *L, wide value, int scale) {
    while (scale > 0 && value % 10 == 0) {
        value /= 10;
        scale--;
    }
    if (scale > KL_MAX_SCALE) return luaL_error(L, "decimal: more than %d places; round first", KL_MAX_SCALE);
    if (value > INT64_MAX || value < INT64_MIN) return luaL_error(L, "decimal: too many digits");
    kl_push_decimal(L, (int64_t)value, (unsigned)scale);
    return 1;
}

kl_decimal kl_check_decimal(lua_State *L, int index) {
    kl_decimal *d = kl_kind_at(L, index, KL_KIND_DECIMAL);
    if (d) return *d;
    if (lua_isinteger(L, index)) {
        return (kl_decimal){.kind = KL_KIND_DECIMAL, .coefficient = lua_tointeger(L, index)};
    }
    const char *remedy = lua_type(L, index) == LUA_TNUMBER
        ? "decimal expected, got a float: write decimal.new(\"0.1\")"
        : lua_pushfstring(L, "decimal expected, got %s", luaL_typename(L, index));
    if (kl_kind_at(L, index, KL_KIND_MONEY)) remedy = "decimal expected, got money";
    luaL_argerror(L, index, remedy);
    return (kl_decimal){0};
}

bool kl_parse_decimal(const char *text, size_t length, wide *value, int *scale) {
    size_t i = 0, digits = 0;
    bool negative = length > 0 && text[0] == '-', point = false;
    wide v = 0;
    int places = 0;
    if (length > 48) return false;
    for (i = negative; i < length; i++) {
        if (text[i] == '.' && !point && digits) {
            point = true;
        } else if (isdigit((unsigned char)text[i])) {
            if (v > ((wide)1 << 122) / 10) return false;
            v = v * 10 + (text[i] - '0');
            digits++;
            places += point;
        } else {
            return false;
        }
    }
    if (!digits || (point && !places)) return false;
    *value = negative ? -v : v;
    *scale = places;
    return true;
}

size_t kl_print_decimal(char *out, int64_t value, int scale) {
    char digits[24]; // the last one first
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int count = 0;
    do {
        digits[count++] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude || count <= scale);
    char *at = out;
    if (value < 0) *at++ = '-';
    while (count > scale) *at++ = digits[--count];
    if (scale) *at++ = '.';
    while (count > 0) *at++ = digits[--count];
    *at = 0;
    return (size_t)(at - out);
}

// MARK: Arithmetic

static wide aligned(kl_decimal d, int scale) {
    return (wide)d.coefficient * kl_powers[scale - d.scale];
}

static int add(lua_State *L, kl_decimal a, kl_decimal b, int sign) {
    int scale = a.scale > b.scale ? a.scale : b.scale;
    return kl_push_wide(L, aligned(a, scale) + sign * aligned(b, scale), scale);
}

static int compare(kl_decimal a, kl_decimal b) {
    int scale = a.scale > b.scale ? a.scale : b.scale;
    wide x = aligned(a, scale), y = aligned(b, scale);
    return (x > y) - (x < y);
}

static int decimal_add(lua_State *L) {
    return add(L, kl_check_decimal(L, 1), kl_check_decimal(L, 2), 1);
}

static int decimal_sub(lua_State *L) {
    return add(L, kl_check_decimal(L, 1), kl_check_decimal(L, 2), -1);
}

static int decimal_mul(lua_State *L) {
    kl_decimal a = kl_check_decimal(L, 1), b = kl_check_decimal(L, 2);
    return kl_push_wide(L, (wide)a.coefficient * b.coefficient, a.scale + b.scale);
}

static int decimal_neg(lua_State *L) {
    kl_decimal a = kl_check_decimal(L, 1);
    return kl_push_wide(L, -(wide)a.coefficient, a.scale);
}

static int check_places(lua_State *L, int index) {
    lua_Integer places = luaL_checkinteger(L, index);
    luaL_argcheck(L, places >= 0 && places <= KL_MAX_SCALE, index, "places must be 0 to 18");
    return (int)places;
}

/// div(a, b, places, mode)
static int decimal_div(lua_State *L) {
    kl_decimal a = kl_check_decimal(L, 1), b = kl_check_decimal(L, 2);
    int places = check_places(L, 3), shift = places + b.scale - a.scale;
    kl_rounding mode = kl_check_rounding(L, 4);
    luaL_argcheck(L, b.coefficient != 0, 2, "division by zero");
    wide n = a.coefficient, d = b.coefficient;
    for (; shift > 0; shift--) {
        if (__builtin_mul_overflow(n, (wide)10, &n)) return luaL_error(L, "decimal: too many digits");
    }
    for (; shift < 0; shift++) {
        if (__builtin_mul_overflow(d, (wide)10, &d)) return luaL_error(L, "decimal: too many digits");
    }
    return kl_push_wide(L, kl_divide(d < 0 ? -n : n, d < 0 ? -d : d, mode), places);
}

static wide rounded(kl_decimal a, int places, kl_rounding mode) {
    if (places >= a.scale) return aligned(a, places);
    return kl_divide(a.coefficient, kl_powers[a.scale - places], mode);
}

/// round(a, places, mode)
static int decimal_round(lua_State *L) {
    kl_decimal a = kl_check_decimal(L, 1);
    int places = check_places(L, 2);
    if (places >= a.scale) return kl_push_wide(L, a.coefficient, a.scale);
    return kl_push_wide(L, rounded(a, places, kl_check_rounding(L, 3)), places);
}

/// floor(a): an integer
static int decimal_floor(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)rounded(kl_check_decimal(L, 1), 0, KL_FLOOR));
    return 1;
}

/// integer(a): the integer that it is exactly, or nil
static int decimal_integer(lua_State *L) {
    kl_decimal a = kl_check_decimal(L, 1);
    if (a.scale == 0) lua_pushinteger(L, a.coefficient);
    else lua_pushnil(L);
    return 1;
}

static int decimal_compare(lua_State *L) {
    lua_pushinteger(L, compare(kl_check_decimal(L, 1), kl_check_decimal(L, 2)));
    return 1;
}

/// parts(a): coefficient, scale
static int decimal_parts(lua_State *L) {
    kl_decimal a = kl_check_decimal(L, 1);
    lua_pushinteger(L, a.coefficient);
    lua_pushinteger(L, a.scale);
    return 2;
}

/// new(text or integer or decimal)
static int decimal_new(lua_State *L) {
    if (lua_type(L, 1) != LUA_TSTRING) {
        kl_decimal a = kl_check_decimal(L, 1);
        return kl_push_wide(L, a.coefficient, a.scale);
    }
    size_t length;
    const char *text = lua_tolstring(L, 1, &length);
    wide value;
    int scale;
    if (!kl_parse_decimal(text, length, &value, &scale)) {
        return luaL_error(L, "decimal.new: '%s' is not a decimal number", lua_pushlstring(L, text, length < 40 ? length : 40));
    }
    return kl_push_wide(L, value, scale);
}

static int decimal_is(lua_State *L) {
    lua_pushboolean(L, kl_kind_at(L, 1, KL_KIND_DECIMAL) != NULL);
    return 1;
}

/// format(a, places?): with exactly so many places when given; it must fit without rounding
static int decimal_format(lua_State *L) {
    kl_decimal a = kl_check_decimal(L, 1);
    int places = lua_isnoneornil(L, 2) ? a.scale : check_places(L, 2);
    luaL_argcheck(L, places >= a.scale, 2, "more places than that: round first");
    wide value = aligned(a, places);
    if (value > INT64_MAX || value < INT64_MIN) return luaL_error(L, "decimal: too many digits");
    char out[48];
    lua_pushlstring(L, out, kl_print_decimal(out, (int64_t)value, places));
    return 1;
}

// MARK: Events

static int event_text(lua_State *L) {
    lua_settop(L, 1);
    return decimal_format(L);
}

static int event_equal(lua_State *L) {
    kl_decimal *a = kl_kind_at(L, 1, KL_KIND_DECIMAL), *b = kl_kind_at(L, 2, KL_KIND_DECIMAL);
    lua_pushboolean(L, a && b && compare(*a, *b) == 0);
    return 1;
}

static int event_less(lua_State *L) {
    lua_pushboolean(L, compare(kl_check_decimal(L, 1), kl_check_decimal(L, 2)) < 0);
    return 1;
}

static int event_less_or_equal(lua_State *L) {
    lua_pushboolean(L, compare(kl_check_decimal(L, 1), kl_check_decimal(L, 2)) <= 0);
    return 1;
}

/// Methods only. Upvalue: the methods.
static int event_index(lua_State *L) {
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

int kl_concat_value(lua_State *L) {
    size_t length, mark = kl_slot_of(L)->scratch.count;
    for (int i = 1; i <= 2; i++) {
        int type = lua_type(L, i);
        if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TUSERDATA) {
            return luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, i));
        }
        const char *text = kl_tostring(L, i, &length);
        kl_charge(kl_slot_of(L), length / 32);
        kl_scratch_add(L, text, length);
        lua_pop(L, 1);
    }
    kl_scratch_push(L, mark);
    return 1;
}

void kl_push_value_metatable(lua_State *L, const char *name, lua_CFunction index) {
    lua_createtable(L, 0, 16);
    lua_createtable(L, 0, 0);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, -3, &kl_key_open); // where kernel.register finds the methods
    lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    kl_set(L, "__concat", kl_concat_value);
}

void kl_open_decimal(lua_State *L) {
    kl_set(L, "new", decimal_new);
    kl_set(L, "is", decimal_is);
    kl_set(L, "parts", decimal_parts);
    kl_set(L, "add", decimal_add);
    kl_set(L, "sub", decimal_sub);
    kl_set(L, "mul", decimal_mul);
    kl_set(L, "neg", decimal_neg);
    kl_set(L, "div", decimal_div);
    kl_set(L, "round", decimal_round);
    kl_set(L, "floor", decimal_floor);
    kl_set(L, "integer", decimal_integer);
    kl_set(L, "compare", decimal_compare);
    kl_set(L, "format", decimal_format);
}

void kl_push_decimal_metatable(lua_State *L) {
    kl_push_value_metatable(L, "decimal", event_index);
    kl_set(L, "__add", decimal_add);
    kl_set(L, "__sub", decimal_sub);
    kl_set(L, "__mul", decimal_mul);
    kl_set(L, "__unm", decimal_neg);
    kl_set(L, "__eq", event_equal);
    kl_set(L, "__lt", event_less);
    kl_set(L, "__le", event_less_or_equal);
    kl_set(L, "__tostring", event_text);
}
