// Money: int64 minor units of one currency. Immutable; every operation refuses overflow and mixed currencies.
#include "lua_value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

kl_money *kl_check_money(lua_State *L, int index) {
    kl_money *m = kl_kind_at(L, index, KL_KIND_MONEY);
    if (m) return m;
    if (lua_type(L, index) == LUA_TNUMBER) luaL_argerror(L, index, "money expected, got a number: write money \"10.00\"");
    return luaL_argerror(L, index, lua_pushfstring(L, "money expected, got %s", luaL_typename(L, index))), NULL;
}

void kl_push_money(lua_State *L, int64_t minor, const char *code, size_t code_length, unsigned exponent) {
    kl_money *m = lua_newuserdatauv(L, sizeof *m, 0);
    *m = (kl_money){
        .kind = KL_KIND_MONEY, .exponent = (uint8_t)exponent, .code_length = (uint8_t)code_length, .minor = minor};
    memcpy(m->code, code, code_length);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_money);
    lua_setmetatable(L, -2);
}

/// [-0, +1] Of the currency of `like`. Raises when it does not fit.
static int push_like(lua_State *L, const kl_money *like, wide minor) {
    if (minor > INT64_MAX || minor < INT64_MIN) return luaL_error(L, "money: the amount is too large");
    kl_push_money(L, (int64_t)minor, like->code, like->code_length, like->exponent);
    return 1;
}

static bool same_currency(const kl_money *a, const kl_money *b) {
    return a->exponent == b->exponent && strcmp(a->code, b->code) == 0;
}

static void check_same(lua_State *L, const kl_money *a, const kl_money *b) {
    if (!same_currency(a, b)) luaL_error(L, "money: %s and %s do not mix; convert one first", a->code, b->code);
}

static const char *check_currency(lua_State *L, int index, size_t *length, unsigned *exponent) {
    const char *code = luaL_checklstring(L, index, length);
    bool good = *length >= 3 && *length <= 8;
    for (size_t i = 0; good && i < *length; i++) good = isupper((unsigned char)code[i]);
    luaL_argcheck(L, good, index, "a currency code is three to eight capitals");
    lua_Integer e = luaL_checkinteger(L, index + 1);
    luaL_argcheck(L, e >= 0 && e <= 6, index + 1, "exponent must be 0 to 6");
    *exponent = (unsigned)e;
    return code;
}

// MARK: Functions

/// new(minor, code, exponent)
static int money_new(lua_State *L) {
    size_t length;
    unsigned exponent;
    if (!lua_isinteger(L, 1)) return luaL_argerror(L, 1, "minor units are an integer");
    const char *code = check_currency(L, 2, &length, &exponent);
    kl_push_money(L, lua_tointeger(L, 1), code, length, exponent);
    return 1;
}

/// parse(text, code, exponent): exact, or an error
static int money_parse(lua_State *L) {
    size_t length, code_length;
    unsigned exponent;
    bool is_text = lua_type(L, 1) == LUA_TSTRING; // a number would be turned into text
    const char *text = luaL_checklstring(L, 1, &length);
    const char *code = check_currency(L, 2, &code_length, &exponent);
    wide value;
    int scale;
    if (!is_text || !kl_parse_decimal(text, length, &value, &scale)) {
        return luaL_error(L, "money: '%s' is not an amount", lua_pushlstring(L, text, length < 40 ? length : 40));
    }
    for (; scale > (int)exponent; scale--) {
        if (value % 10 != 0) return luaL_error(L, "money: '%s' has more places than %s has", text, code);
        value /= 10;
    }
    for (; scale < (int)exponent; scale++) value *= 10;
    if (value > INT64_MAX || value < INT64_MIN) return luaL_error(L, "money: the amount is too large");
    kl_push_money(L, (int64_t)value, code, code_length, exponent);
    return 1;
}

static int money_is(lua_State *L) {
    lua_pushboolean(L, kl_kind_at(L, 1, KL_KIND_MONEY) != NULL);
    return 1;
}

/// parts(m): minor, code, exponent
static int money_parts(lua_State *L) {
    kl_money *m = kl_check_money(L, 1);
    lua_pushinteger(L, m->minor);
    lua_pushlstring(L, m->code, m->code_length);
    lua_pushinteger(L, m->exponent);
    return 3;
}

static int money_add(lua_State *L) {
    kl_money *a = kl_check_money(L, 1), *b = kl_check_money(L, 2);
    check_same(L, a, b);
    return push_like(L, a, (wide)a->minor + b->minor);
}

static int money_sub(lua_State *L) {
    kl_money *a = kl_check_money(L, 1), *b = kl_check_money(L, 2);
    check_same(L, a, b);
    return push_like(L, a, (wide)a->minor - b->minor);
}

static int money_neg(lua_State *L) {
    kl_money *a = kl_check_money(L, 1);
    return push_like(L, a, -(wide)a->minor);
}

/// mul(m, decimal or integer, mode): the mode may be left out when nothing needs rounding
static int money_mul(lua_State *L) {
    kl_money *a = kl_check_money(L, 1);
    kl_decimal by = kl_check_decimal(L, 2);
    wide product = (wide)a->minor * by.coefficient, unit = kl_powers[by.scale];
    if (product % unit == 0) return push_like(L, a, product / unit);
    if (lua_isnoneornil(L, 3)) return luaL_error(L, "money: the product needs rounding; say how, as in \"half_up\"");
    return push_like(L, a, kl_divide(product, unit, kl_check_rounding(L, 3)));
}

/// compare(a, b): -1, 0 or 1
static int money_compare(lua_State *L) {
    kl_money *a = kl_check_money(L, 1), *b = kl_check_money(L, 2);
    check_same(L, a, b);
    lua_pushinteger(L, (a->minor > b->minor) - (a->minor < b->minor));
    return 1;
}

/// to_decimal(m)
static int money_to_decimal(lua_State *L) {
    kl_money *m = kl_check_money(L, 1);
    kl_push_decimal(L, m->minor, m->exponent);
    return 1;
}

/// from_decimal(d, code, exponent, mode): the mode may be left out when nothing needs rounding
static int money_from_decimal(lua_State *L) {
    kl_decimal d = kl_check_decimal(L, 1);
    size_t length;
    unsigned exponent;
    const char *code = check_currency(L, 2, &length, &exponent);
    wide minor;
    if (d.scale <= exponent) {
        minor = (wide)d.coefficient * kl_powers[exponent - d.scale];
    } else {
        // Decimals have no trailing zeros, so more places than the currency has are never exact.
        if (lua_isnoneornil(L, 4)) {
            return luaL_error(L, "money: the decimal needs rounding; say how, as in \"half_up\"");
        }
        minor = kl_divide(d.coefficient, kl_powers[d.scale - exponent], kl_check_rounding(L, 4));
    }
    if (minor > INT64_MAX || minor < INT64_MIN) return luaL_error(L, "money: the amount is too large");
    kl_push_money(L, (int64_t)minor, code, length, exponent);
    return 1;
}

/// format(m): "10.00" without the currency
static int money_format(lua_State *L) {
    kl_money *m = kl_check_money(L, 1);
    char out[48];
    lua_pushlstring(L, out, kl_print_decimal(out, m->minor, m->exponent));
    return 1;
}

// MARK: Sharing out

enum { MAX_PARTS = 10000 };

typedef struct part {
    wide rest; // first, as it wants 16 bytes of alignment
    int64_t weight, share;
    lua_Integer index;
} part;

static int by_rest(const void *a, const void *b) {
    const part *x = a, *y = b;
    if (x->rest != y->rest) return x->rest > y->rest ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b) {
    return ((const part *)a)->index < ((const part *)b)->index ? -1 : 1;
}

/// Sets the shares so that they add up to `amount`: what rounding leaves goes to the largest remainders.
static void share_out(part *parts, size_t count, wide amount, wide total) {
    wide left = amount;
    for (size_t i = 0; i < count; i++) {
        wide product = amount * parts[i].weight;
        parts[i].share = (int64_t)(product / total);
        parts[i].rest = product % total;
        left -= parts[i].share;
    }
    if (left == 0) return;
    qsort(parts, count, sizeof *parts, by_rest);
    for (size_t i = 0; i < (size_t)left; i++) parts[i].share++; // fewer are left than there are parts
    qsort(parts, count, sizeof *parts, by_index);
}

/// [-0, +1] The list of shares, with the sign of `like`.
static int push_shares(lua_State *L, const kl_money *like, const part *parts, size_t count) {
    int sign = like->minor < 0 ? -1 : 1;
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_like(L, like, (wide)parts[i].share * sign);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/// Room for parts on the scratch stack, aligned.
static part *make_parts(lua_State *L, size_t count) {
    kl_slot *slot = kl_slot_of(L);
    kl_charge(slot, (uint64_t)count * 4);
    char *room = kl_scratch_room(L, count * sizeof(part) + 16);
    return (part *)(void *)(((uintptr_t)room + 15) & ~(uintptr_t)15);
}

/// allocate(m, weights): parts in proportion that add up exactly; ties go to the earlier part.
/// Weights are integers of at least 0, all together at most 2^53, at least one above 0.
static int money_allocate(lua_State *L) {
    kl_money *m = kl_check_money(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 2);
    luaL_argcheck(L, count >= 1 && count <= MAX_PARTS, 2, "1 to 10000 weights are needed");
    size_t mark = kl_slot_of(L)->scratch.count;
    part *parts = make_parts(L, (size_t)count);
    wide total = 0;
    for (lua_Integer i = 0; i < count; i++) {
        lua_rawgeti(L, 2, i + 1);
        lua_Integer weight = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
        lua_pop(L, 1);
        if (weight < 0 || (total += weight) > (wide)1 << 53) {
            return luaL_error(L, "money: weight %d is no integer of at least 0, or all are above 2^53", (int)i + 1);
        }
        parts[i] = (part){.weight = weight, .index = i};
    }
    if (total == 0) return luaL_error(L, "money: every weight is zero");
    share_out(parts, (size_t)count, m->minor < 0 ? -(wide)m->minor : m->minor, total);
    push_shares(L, m, parts, (size_t)count);
    kl_slot_of(L)->scratch.count = mark;
    return 1;
}

/// split(m, n): n parts as equal as can be; the earlier ones are larger
static int money_split(lua_State *L) {
    kl_money *m = kl_check_money(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2);
    luaL_argcheck(L, count >= 1 && count <= MAX_PARTS, 2, "1 to 10000 parts");
    lua_settop(L, 2);
    size_t mark = kl_slot_of(L)->scratch.count;
    part *parts = make_parts(L, (size_t)count);
    for (lua_Integer i = 0; i < count; i++) parts[i] = (part){.weight = 1, .index = i};
    share_out(parts, (size_t)count, m->minor < 0 ? -(wide)m->minor : m->minor, count);
    push_shares(L, m, parts, (size_t)count);
    kl_slot_of(L)->scratch.count = mark;
    return 1;
}

// MARK: Events

static int event_equal(lua_State *L) {
    kl_money *a = kl_kind_at(L, 1, KL_KIND_MONEY), *b = kl_kind_at(L, 2, KL_KIND_MONEY);
    lua_pushboolean(L, a && b && a->minor == b->minor && same_currency(a, b));
    return 1;
}

static int event_less(lua_State *L) {
    kl_money *a = kl_check_money(L, 1), *b = kl_check_money(L, 2);
    check_same(L, a, b);
    lua_pushboolean(L, a->minor < b->minor);
    return 1;
}

static int event_less_or_equal(lua_State *L) {
    kl_money *a = kl_check_money(L, 1), *b = kl_check_money(L, 2);
    check_same(L, a, b);
    lua_pushboolean(L, a->minor <= b->minor);
    return 1;
}

static int event_text(lua_State *L) {
    kl_money *m = kl_check_money(L, 1);
    char out[64];
    size_t length = kl_print_decimal(out, m->minor, m->exponent);
    lua_pushlstring(L, out, length + (size_t)snprintf(out + length, sizeof out - length, " %s", m->code));
    return 1;
}

/// Fields minor, currency, exponent, then methods. Upvalue: the methods.
static int event_index(lua_State *L) {
    kl_money *m = kl_check_money(L, 1);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(key, "minor") == 0) {
        lua_pushinteger(L, m->minor);
    } else if (strcmp(key, "currency") == 0) {
        lua_pushlstring(L, m->code, m->code_length);
    } else if (strcmp(key, "exponent") == 0) {
        lua_pushinteger(L, m->exponent);
    } else {
        lua_settop(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
    }
    return 1;
}

/// What a host function raised shows its message.
static int error_text(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_pushliteral(L, "message");
    if (lua_rawget(L, 1) != LUA_TSTRING) {
        lua_settop(L, 1);
        lua_pushliteral(L, "code");
        if (lua_rawget(L, 1) != LUA_TSTRING) lua_pushliteral(L, "error");
    }
    return 1;
}

void kl_open_money(lua_State *L) {
    kl_set(L, "new", money_new);
    kl_set(L, "parse", money_parse);
    kl_set(L, "is", money_is);
    kl_set(L, "parts", money_parts);
    kl_set(L, "add", money_add);
    kl_set(L, "sub", money_sub);
    kl_set(L, "neg", money_neg);
    kl_set(L, "mul", money_mul);
    kl_set(L, "compare", money_compare);
    kl_set(L, "to_decimal", money_to_decimal);
    kl_set(L, "from_decimal", money_from_decimal);
    kl_set(L, "format", money_format);
    kl_set(L, "allocate", money_allocate);
    kl_set(L, "split", money_split);
}

void kl_open_values(lua_State *L) {
    kl_push_decimal_metatable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kl_key_decimal);
    kl_push_value_metatable(L, "money", event_index);
    kl_set(L, "__add", money_add);
    kl_set(L, "__sub", money_sub);
    kl_set(L, "__unm", money_neg);
    kl_set(L, "__eq", event_equal);
    kl_set(L, "__lt", event_less);
    kl_set(L, "__le", event_less_or_equal);
    kl_set(L, "__tostring", event_text);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kl_key_money);
    lua_createtable(L, 0, 4);
    kl_set(L, "__tostring", error_text);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kl_key_error);
}
