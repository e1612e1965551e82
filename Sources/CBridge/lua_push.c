// Flat values to Lua values.
#include "lua_internal.h"

#define NEED(n) do { if ((size_t)(end - *cursor) < (size_t)(n)) return false; } while (0)

static inline uint32_t read_u32(const uint8_t **cursor) {
    uint32_t value;
    memcpy(&value, *cursor, sizeof value);
    *cursor += sizeof value;
    return value;
}

static inline int64_t read_i64(const uint8_t **cursor) {
    int64_t value;
    memcpy(&value, *cursor, sizeof value);
    *cursor += sizeof value;
    return value;
}

static bool push_value(lua_State *L, const uint8_t **cursor, const uint8_t *end, int depth);

static bool push_array(lua_State *L, const uint8_t **cursor, const uint8_t *end, int depth) {
    NEED(4);
    uint32_t count = read_u32(cursor);
    NEED(count); // each value takes a byte at least
    if (depth <= 1 || !lua_checkstack(L, 4)) return false;
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 1; i <= count; i++) {
        if (!push_value(L, cursor, end, depth - 1)) return false;
        lua_rawseti(L, -2, i);
    }
    return true;
}

static bool push_map(lua_State *L, const uint8_t **cursor, const uint8_t *end, int depth) {
    NEED(4);
    uint32_t count = read_u32(cursor);
    NEED((size_t)count * 5);
    if (depth <= 1 || !lua_checkstack(L, 4)) return false;
    lua_createtable(L, 0, (int)count);
    for (uint32_t i = 0; i < count; i++) {
        NEED(4);
        uint32_t length = read_u32(cursor);
        NEED(length);
        lua_pushlstring(L, (const char *)*cursor, length);
        *cursor += length;
        if (!push_value(L, cursor, end, depth - 1)) return false;
        lua_rawset(L, -3);
    }
    return true;
}

/// [-0, +1] Needs a free place on the stack. Containers make room for what is inside them.
static bool push_value(lua_State *L, const uint8_t **cursor, const uint8_t *end, int depth) {
    NEED(1);
    switch (*(*cursor)++) {
        case KL_TAG_NIL:
            lua_pushnil(L);
            return true;
        case KL_TAG_FALSE:
            lua_pushboolean(L, false);
            return true;
        case KL_TAG_TRUE:
            lua_pushboolean(L, true);
            return true;
        case KL_TAG_INT:
            NEED(8);
            lua_pushinteger(L, read_i64(cursor));
            return true;
        case KL_TAG_DOUBLE: {
            NEED(8);
            double value;
            memcpy(&value, *cursor, sizeof value);
            *cursor += sizeof value;
            lua_pushnumber(L, value);
            return true;
        }
        case KL_TAG_STRING: {
            NEED(4);
            uint32_t length = read_u32(cursor);
            NEED(length);
            lua_pushlstring(L, (const char *)*cursor, length);
            *cursor += length;
            return true;
        }
        case KL_TAG_ARRAY:
            return push_array(L, cursor, end, depth);
        case KL_TAG_MAP:
            return push_map(L, cursor, end, depth);
        case KL_TAG_EMPTY:
            lua_createtable(L, 0, 0);
            return true;
        case KL_TAG_DECIMAL: {
            NEED(9);
            int64_t coefficient = read_i64(cursor);
            unsigned scale = *(*cursor)++;
            if (scale > 18) return false;
            kl_push_decimal(L, coefficient, scale);
            return true;
        }
        case KL_TAG_MONEY: {
            NEED(10);
            int64_t minor = read_i64(cursor);
            unsigned exponent = *(*cursor)++, length = *(*cursor)++;
            NEED(length);
            if (exponent > 6 || length < 3 || length > 8) return false;
            kl_push_money(L, minor, (const char *)*cursor, length, exponent);
            *cursor += length;
            return true;
        }
        default:
            return false;
    }
}

/// Leaves half-built values on the stack when it returns false; the caller resets the top.
bool kl_push(lua_State *L, const uint8_t **cursor, const uint8_t *end, int depth) {
    return depth > 0 && lua_checkstack(L, 4) && push_value(L, cursor, end, depth);
}

int kl_push_all(lua_State *L, const uint8_t *cursor, const uint8_t *end) {
    int count = 0;
    while (cursor < end) {
        if (count == 250 || !kl_push(L, &cursor, end, 2 * KL_MAX_NESTING)) return -1;
        count++;
    }
    return count;
}
