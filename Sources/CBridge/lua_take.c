// Lua values to flat values. Raw access only: no metamethod runs, nothing here raises.
//
// A table crosses as an array when its keys are exactly 1...n, as a map when all its keys are strings. Maps are written
// in the order of `pairs`: by the bytes of their keys. A table met twice counts twice, so cycles end at the limits.
#include "lua_internal.h"

#include <math.h>
#include <stdio.h>

typedef struct step {
    const char *key; // NULL: an index
    size_t length;
    lua_Integer index;
} step;

typedef struct taker {
    kl_slot *slot;
    lua_State *L;
    kl_buffer *out;
    bool describe;
    int depth;
    step path[KL_MAX_NESTING + 1];
} taker;

// MARK: Refusals

/// Writes "reason (at lines[3].qty)" and returns false.
static bool refuse(taker *t, const char *reason) {
    char *out = t->slot->message;
    size_t size = sizeof t->slot->message, at = (size_t)snprintf(out, size, "%s", reason);
    for (int i = 0; i < t->depth && at < size; i++) {
        const step *s = &t->path[i];
        const char *lead = i == 0 ? " (at " : "";
        int written = s->key
            ? snprintf(out + at, size - at, "%s%s%.*s", lead, i ? "." : "", (int)(s->length < 60 ? s->length : 60), s->key)
            : snprintf(out + at, size - at, "%s[%lld]", lead, (long long)s->index);
        if (written < 0) break;
        at += (size_t)written;
    }
    if (t->depth && at < size) snprintf(out + at, size - at, ")");
    return false;
}

static bool refuse_type(taker *t, int type) {
    char reason[64];
    snprintf(reason, sizeof reason, "a %s cannot be passed on", lua_typename(t->L, type));
    return refuse(t, reason);
}

static bool refuse_size(taker *t) {
    char reason[64];
    snprintf(reason, sizeof reason, "more than %zu bytes", t->out->limit);
    return refuse(t, reason);
}

// MARK: Writing

static inline uint8_t *room(taker *t, size_t count) {
    kl_buffer *out = t->out;
    if (KL_UNLIKELY(out->capacity - out->count < count) && !kl_buffer_grow(out, count)) return NULL;
    if (KL_UNLIKELY(out->count + count > out->limit)) {
        out->overflowed = true;
        return NULL;
    }
    uint8_t *at = out->bytes + out->count;
    out->count += count;
    return at;
}

static inline bool write_tag(taker *t, uint8_t tag) {
    uint8_t *at = room(t, 1);
    if (!at) return refuse_size(t);
    *at = tag;
    return true;
}

static inline bool write_tagged(taker *t, uint8_t tag, const void *bytes, size_t count) {
    uint8_t *at = room(t, 1 + count);
    if (!at) return refuse_size(t);
    *at = tag;
    memcpy(at + 1, bytes, count);
    return true;
}

/// Whether all bytes are below 0x80; most texts are, and are valid UTF-8 then.
static inline bool is_ascii(const char *text, size_t length) {
    uint64_t all = 0, word;
    if (length >= 8) {
        for (size_t at = 0; at + 8 < length; at += 8) {
            memcpy(&word, text + at, 8);
            all |= word;
        }
        memcpy(&word, text + length - 8, 8);
        all |= word;
    } else {
        for (size_t at = 0; at < length; at++) all |= (unsigned char)text[at];
    }
    return !(all & 0x8080808080808080u);
}

static inline bool write_text(taker *t, const char *text, size_t length) {
    if (KL_UNLIKELY(!is_ascii(text, length) && !kl_is_utf8(text, length))) return refuse(t, "text that is not valid UTF-8");
    if (KL_UNLIKELY(length > UINT32_MAX)) return refuse_size(t);
    uint8_t *at = room(t, 4 + length);
    if (!at) return refuse_size(t);
    uint32_t count = (uint32_t)length;
    memcpy(at, &count, sizeof count);
    memcpy(at + sizeof count, text, length);
    return true;
}

// MARK: Tables

typedef struct entry {
    uint64_t prefix; // the first eight bytes of the key, so that most comparisons are one
    const char *key;
    uint32_t length;
    int position; // of the key on the Lua stack, its value lies above it
} entry;

static inline bool before(const entry *a, const entry *b) {
    if (a->prefix != b->prefix) return a->prefix < b->prefix;
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->key, b->key, shorter);
    return order ? order < 0 : a->length < b->length;
}

static void sift(entry *entries, size_t root, size_t count) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && before(&entries[child], &entries[child + 1])) child++;
        if (!before(&entries[root], &entries[child])) return;
        entry held = entries[root];
        entries[root] = entries[child];
        entries[child] = held;
    }
}

static void sort_entries(entry *entries, size_t count) {
    if (count <= 24) {
        for (size_t i = 1; i < count; i++) {
            entry held = entries[i];
            size_t j = i;
            for (; j > 0 && before(&held, &entries[j - 1]); j--) entries[j] = entries[j - 1];
            entries[j] = held;
        }
        return;
    }
    for (size_t i = count / 2; i-- > 0;) sift(entries, i, count);
    for (size_t last = count - 1; last > 0; last--) {
        entry held = entries[0];
        entries[0] = entries[last];
        entries[last] = held;
        sift(entries, 0, last);
    }
}

static inline uint64_t prefix_of(const char *key, size_t length) {
    uint64_t prefix = 0;
    if (length >= 8) {
        memcpy(&prefix, key, 8);
        return __builtin_bswap64(prefix);
    }
    for (size_t at = 0; at < length; at++) prefix |= (uint64_t)(unsigned char)key[at] << (56 - 8 * at);
    return prefix;
}

static bool take(taker *t, int index);

static inline bool take_field(taker *t, step field, int index) {
    if (KL_UNLIKELY(t->depth >= KL_MAX_NESTING)) return refuse(t, "tables nested deeper than 32, or in a cycle");
    t->path[t->depth++] = field;
    if (!take(t, index)) return false;
    t->depth--;
    return true;
}

/// Why a table with a length is no list.
static bool refuse_array(taker *t, int index, lua_Integer length) {
    lua_State *L = t->L;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_islightuserdata(L, -1)) continue; // ours, see base_setmetatable
        lua_Integer at = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (at < 1 || at > length) {
            bool named = lua_type(L, -1) == LUA_TSTRING;
            lua_pop(L, 1);
            return refuse(t, named ? "a list that has named fields too" : "a list with holes or odd keys");
        }
    }
    return refuse(t, "a list with holes");
}

/// Whether the keys are 1...length, in whatever order they lie. [-0, +0]
static bool is_list(lua_State *L, int index, lua_Integer length) {
    lua_Integer found = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_islightuserdata(L, -1)) continue;
        lua_Integer at = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (at < 1 || at > length) {
            lua_pop(L, 1);
            return false;
        }
        found++;
    }
    return found == length;
}

static bool take_array(taker *t, int index, lua_Integer length) {
    lua_State *L = t->L;
    if (length > t->slot->nodes_left) return refuse(t, "too many values");
    size_t start = t->out->count;
    uint32_t count = (uint32_t)length, left = t->slot->nodes_left;
    if (!write_tagged(t, KL_TAG_ARRAY, &count, sizeof count)) return false;
    // Nearly always the elements lie in order, and one walk does.
    lua_Integer next = 1;
    lua_pushnil(L);
    int top = lua_gettop(L);
    while (lua_next(L, index)) {
        if (KL_UNLIKELY(!lua_isinteger(L, top) || lua_tointeger(L, top) != next || next > length)) {
            if (lua_islightuserdata(L, top)) {
                lua_settop(L, top);
                continue;
            }
            next = 0;
            break;
        }
        if (!take_field(t, (step){.index = next}, top + 1)) return false;
        lua_settop(L, top);
        next++;
    }
    lua_settop(L, top - 1);
    if (KL_LIKELY(next == length + 1)) return true;
    if (!is_list(L, index, length)) return refuse_array(t, index, length);
    t->out->count = start;
    t->slot->nodes_left = left;
    if (!write_tagged(t, KL_TAG_ARRAY, &count, sizeof count)) return false;
    for (lua_Integer i = 1; i <= length; i++) {
        lua_rawgeti(L, index, i);
        if (!take_field(t, (step){.index = i}, lua_gettop(L))) return false;
        lua_pop(L, 1);
    }
    return true;
}

/// Whether a table has named fields beside its list. [-0, +0]
static bool is_mixed(lua_State *L, int index) {
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            lua_pop(L, 1);
            return true;
        }
    }
    return false;
}

/// Collects the pairs on the Lua stack and their keys as entries on the scratch stack.
static bool collect(taker *t, int index, size_t mark, size_t *count) {
    lua_State *L = t->L;
    kl_buffer *scratch = &t->slot->scratch;
    lua_pushnil(L);
    int key = lua_gettop(L); // its value lies above it
    while (lua_next(L, index)) {
        int type = lua_type(L, key);
        if (KL_UNLIKELY(type != LUA_TSTRING)) {
            if (type == LUA_TLIGHTUSERDATA) {
                lua_pop(L, 1);
                continue;
            }
            // A declaration may mix both, such as { "price", "money", required = true }: then 1, 2, ... are keys like others.
            if (!t->describe || !lua_isinteger(L, key)) {
                return refuse(t, type == LUA_TNUMBER ? "a list with holes or odd keys" : "a key that is no text");
            }
        }
        if (*count >= t->slot->nodes_left) return refuse(t, "too many values");
        if (*count % 8 == 0 && !lua_checkstack(L, 20)) return refuse(t, "too many values");
        if (KL_UNLIKELY(scratch->capacity - scratch->count < sizeof(entry)) && !kl_buffer_grow(scratch, sizeof(entry))) {
            return refuse(t, "too many values");
        }
        lua_pushvalue(L, key); // as lua_next wants it
        if (KL_UNLIKELY(type != LUA_TSTRING)) {
            lua_pushfstring(L, "%I", (LUAI_UACINT)lua_tointeger(L, key));
            lua_replace(L, key);
        }
        entry e = {.position = key};
        size_t length;
        e.key = lua_tolstring(L, key, &length);
        if (length > 65535) return refuse(t, "a key longer than 65535 bytes");
        e.length = (uint32_t)length;
        e.prefix = prefix_of(e.key, length);
        memcpy(scratch->bytes + mark + *count * sizeof e, &e, sizeof e);
        scratch->count += sizeof e;
        *count += 1;
        key += 2;
    }
    return true;
}

static bool take_map(taker *t, int index) {
    lua_State *L = t->L;
    kl_buffer *scratch = &t->slot->scratch;
    int top = lua_gettop(L);
    if (!kl_buffer_grow(scratch, 8)) return refuse(t, "too many values");
    size_t start = scratch->count, mark = (start + 7) & ~(size_t)7, count = 0;
    scratch->count = mark;
    bool good = collect(t, index, mark, &count);
    if (good) {
        sort_entries((entry *)(void *)(scratch->bytes + mark), count);
        uint32_t written = (uint32_t)count;
        good = count ? write_tagged(t, KL_TAG_MAP, &written, sizeof written) : write_tag(t, KL_TAG_EMPTY);
    }
    for (size_t i = 0; good && i < count; i++) {
        entry e = ((entry *)(void *)(scratch->bytes + mark))[i]; // the scratch stack may have moved
        good = write_text(t, e.key, e.length)
            && take_field(t, (step){.key = e.key, .length = e.length}, e.position + 1);
    }
    scratch->count = start;
    if (good) lua_settop(L, top);
    return good;
}

// MARK: Values

static bool take_function(taker *t, int index) {
    if (!t->describe) return refuse_type(t, LUA_TFUNCTION);
    lua_Debug ar;
    lua_pushvalue(t->L, index);
    uint32_t line = lua_getinfo(t->L, ">S", &ar) && ar.linedefined > 0 ? (uint32_t)ar.linedefined : 0;
    return write_tagged(t, KL_TAG_FUNCTION, &line, sizeof line);
}

static bool take_userdata(taker *t, int index) {
    const uint8_t *block = lua_touserdata(t->L, index);
    uint8_t bytes[20];
    if (block[0] == KL_KIND_DECIMAL) {
        const kl_decimal *d = (const void *)block;
        memcpy(bytes, &d->coefficient, 8);
        bytes[8] = d->scale;
        return write_tagged(t, KL_TAG_DECIMAL, bytes, 9);
    }
    const kl_money *m = (const void *)block;
    memcpy(bytes, &m->minor, 8);
    bytes[8] = m->exponent;
    bytes[9] = m->code_length;
    memcpy(bytes + 10, m->code, m->code_length);
    return write_tagged(t, KL_TAG_MONEY, bytes, 10 + (size_t)m->code_length);
}

static bool take(taker *t, int index) {
    lua_State *L = t->L;
    if (KL_UNLIKELY(t->slot->nodes_left == 0)) return refuse(t, "too many values");
    t->slot->nodes_left--;
    switch (lua_type(L, index)) {
        case LUA_TNIL:
            return write_tag(t, KL_TAG_NIL);
        case LUA_TBOOLEAN:
            return write_tag(t, lua_toboolean(L, index) ? KL_TAG_TRUE : KL_TAG_FALSE);
        case LUA_TNUMBER: {
            if (lua_isinteger(L, index)) {
                int64_t value = lua_tointeger(L, index);
                return write_tagged(t, KL_TAG_INT, &value, sizeof value);
            }
            double value = lua_tonumber(L, index);
            if (!isfinite(value)) return refuse(t, "a number that is not finite");
            return write_tagged(t, KL_TAG_DOUBLE, &value, sizeof value);
        }
        case LUA_TSTRING: {
            size_t length;
            const char *text = lua_tolstring(L, index, &length);
            return write_tag(t, KL_TAG_STRING) && write_text(t, text, length);
        }
        case LUA_TTABLE: {
            if (!lua_checkstack(L, 6)) return refuse(t, "too many values");
            lua_Unsigned length = lua_rawlen(L, index);
            if (t->describe && length && is_mixed(L, index)) return take_map(t, index);
            return length ? take_array(t, index, (lua_Integer)length) : take_map(t, index);
        }
        case LUA_TFUNCTION:
            return take_function(t, index);
        case LUA_TUSERDATA:
            return take_userdata(t, index);
        default:
            return refuse_type(t, lua_type(L, index));
    }
}

bool kl_take(kl_slot *slot, lua_State *L, int index, kl_buffer *out, bool describe) {
    taker t;
    t.slot = slot;
    t.L = L;
    t.out = out;
    t.describe = describe;
    t.depth = 0;
    int top = lua_gettop(L);
    size_t scratch = slot->scratch.count;
    bool good = take(&t, lua_absindex(L, index));
    slot->scratch.count = scratch;
    lua_settop(L, top);
    return good;
}

// MARK: UTF-8

static size_t sequence_length(const unsigned char *s, size_t left) {
    unsigned char c = s[0];
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    size_t length = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (left < length) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
    }
    if (c == 0xe0 && s[1] < 0xa0) return 0; // overlong
    if (c == 0xed && s[1] > 0x9f) return 0; // surrogate
    if (c == 0xf0 && s[1] < 0x90) return 0; // overlong
    if (c == 0xf4 && s[1] > 0x8f) return 0; // beyond U+10FFFF
    return length;
}

bool kl_is_utf8(const char *text, size_t length) {
    const unsigned char *s = (const unsigned char *)text, *end = s + length;
    while (s < end) {
        if (end - s >= 8) {
            uint64_t word;
            memcpy(&word, s, sizeof word);
            if (!(word & 0x8080808080808080u)) {
                s += 8;
                continue;
            }
        }
        size_t step = sequence_length(s, (size_t)(end - s));
        if (!step) return false;
        s += step;
    }
    return true;
}
