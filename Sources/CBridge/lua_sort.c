// table.sort: a stable merge sort, so that the order never depends on chance.
//
// It works on copies and writes back at the end: a comparator that fails or meddles leaves the table as it was.
#include "lua_internal.h"

enum { MAX_SORTED = 1000000, RUN = 6 };

// MARK: Numbers and texts without a comparator: sorted in C

typedef struct item {
    lua_Integer index; // where it was
    size_t length;
    union {
        lua_Integer integer;
        lua_Number number;
        const char *text; // alive as long as the table holds it, and nothing runs meanwhile
    };
} item;

static bool integer_before(const item *a, const item *b) {
    return a->integer < b->integer;
}

static bool number_before(const item *a, const item *b) {
    return a->number < b->number;
}

static bool text_before(const item *a, const item *b) {
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, shorter);
    return order ? order < 0 : a->length < b->length;
}

/// Merges runs bottom up between the halves of `items`, which holds twice `count`; where the result lies.
static item *merge_items(kl_slot *slot, item *items, size_t count, bool (*before)(const item *, const item *)) {
    item *source = items, *target = items + count;
    for (size_t width = 1; width < count; width *= 2) {
        kl_charge(slot, 1 + count / 8);
        for (size_t from = 0; from < count; from += 2 * width) {
            size_t middle = from + width < count ? from + width : count;
            size_t to = from + 2 * width < count ? from + 2 * width : count;
            for (size_t a = from, b = middle, out = from; out < to; out++) {
                bool second = a == middle || (b < to && before(&source[b], &source[a]));
                target[out] = source[second ? b++ : a++];
            }
        }
        item *held = source;
        source = target;
        target = held;
    }
    return source;
}

/// [-0, +0] Sorts the list at 1 if its elements are all integers, all floats or all texts; else leaves it alone.
static bool sort_plain(lua_State *L, size_t count) {
    kl_slot *slot = kl_slot_of(L);
    size_t mark = slot->scratch.count, lead = (8 - mark % 8) % 8, bytes = 0;
    if (count > (KL_MAX_STRING - mark - lead) / (2 * sizeof(item))) return false;
    item *items = (void *)(kl_scratch_room(L, lead + 2 * count * sizeof(item)) + lead);
    int kind = LUA_TNONE;
    bool integers = false, same = true;
    for (size_t i = 0; i < count && same; i++) {
        int type = lua_rawgeti(L, 1, (lua_Integer)i + 1);
        if (i == 0) kind = type, integers = lua_isinteger(L, -1);
        same = type == kind && (type == LUA_TSTRING || (type == LUA_TNUMBER && lua_isinteger(L, -1) == integers));
        item *it = &items[i];
        it->index = (lua_Integer)i + 1;
        if (!same) break;
        if (type == LUA_TSTRING) it->text = lua_tolstring(L, -1, &it->length), bytes += it->length;
        else if (integers) it->integer = lua_tointeger(L, -1);
        else it->number = lua_tonumber(L, -1), same = it->number == it->number;
        lua_pop(L, 1);
    }
    lua_settop(L, 2);
    if (same) {
        unsigned levels = 64 - (unsigned)__builtin_clzll(count);
        if (kind == LUA_TSTRING) kl_charge(slot, bytes / 64 * levels);
        item *sorted = merge_items(
            slot, items, count, kind == LUA_TSTRING ? text_before : integers ? integer_before : number_before);
        if (kind == LUA_TSTRING) {
            lua_createtable(L, (int)count, 0); // holds the texts while their places change
            for (size_t i = 0; i < count; i++) {
                lua_rawgeti(L, 1, sorted[i].index);
                lua_rawseti(L, 3, (lua_Integer)i + 1);
            }
        }
        for (size_t i = 0; i < count; i++) {
            if (kind == LUA_TSTRING) lua_rawgeti(L, 3, (lua_Integer)i + 1);
            else if (integers) lua_pushinteger(L, sorted[i].integer);
            else lua_pushnumber(L, sorted[i].number);
            lua_rawseti(L, 1, (lua_Integer)i + 1);
        }
    }
    slot->scratch.count = mark;
    return same;
}

// MARK: Everything else: merged by way of Lua

// Stack while sorting: 1 table, 2 comparator or nil, 3 and 4 work tables.

/// b < a, where a and b are the two values on top. [-0, +0, e]
static bool is_before(lua_State *L, bool has_comparator) {
    if (!has_comparator) {
        if (lua_type(L, -1) == LUA_TSTRING) kl_charge(kl_slot_of(L), 1 + lua_rawlen(L, -1) / 64);
        return lua_compare(L, -1, -2, LUA_OPLT);
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_call(L, 2, 1);
    bool result = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return result;
}

/// Sorts from...to of the table at `t` by insertion. Few elements.
static void sort_run(lua_State *L, int t, lua_Integer from, lua_Integer to, bool has_comparator) {
    for (lua_Integer i = from + 1; i <= to; i++) {
        lua_rawgeti(L, t, i); // the element to place
        lua_Integer j = i;
        for (; j > from; j--) {
            lua_rawgeti(L, t, j - 1);
            lua_pushvalue(L, -2);
            bool move = is_before(L, has_comparator);
            lua_pop(L, 1);
            if (!move) {
                lua_pop(L, 1);
                break;
            }
            lua_rawseti(L, t, j);
        }
        lua_rawseti(L, t, j);
    }
}

/// Merges from..<middle and middle...to of table `source` into table `target`.
static void merge(
    lua_State *L, int source, int target, lua_Integer from, lua_Integer middle, lua_Integer to, bool has_comparator) {
    lua_Integer a = from, b = middle;
    for (lua_Integer out = from; out <= to; out++) {
        bool take_second = a >= middle;
        if (!take_second && b <= to) {
            lua_rawgeti(L, source, a);
            lua_rawgeti(L, source, b);
            take_second = is_before(L, has_comparator);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, source, take_second ? b++ : a++);
        lua_rawseti(L, target, out);
    }
}

int kl_sort(lua_State *L) {
    kl_slot *slot = kl_slot_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    if (kl_is_locked(L, 1)) return luaL_argerror(L, 1, "the table is read-only");
    bool has_comparator = !lua_isnoneornil(L, 2);
    if (has_comparator) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    if (count < 2) return 0;
    luaL_argcheck(L, count <= MAX_SORTED, 1, "too many elements to sort");
    kl_charge(slot, 1 + (uint64_t)count / 8);
    if (!has_comparator && sort_plain(L, (size_t)count)) return 0;
    kl_charge(slot, (uint64_t)count * (64 - (unsigned)__builtin_clzll((uint64_t)count)) / 2);
    for (int t = 3; t <= 4; t++) lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        lua_rawseti(L, 3, i);
    }
    for (lua_Integer i = 1; i <= count; i += RUN) {
        sort_run(L, 3, i, i + RUN - 1 < count ? i + RUN - 1 : count, has_comparator);
    }
    int source = 3, target = 4;
    for (lua_Integer width = RUN; width < count; width *= 2) {
        for (lua_Integer i = 1; i <= count; i += 2 * width) {
            lua_Integer middle = i + width, to = i + 2 * width - 1;
            if (to > count) to = count;
            if (middle > count) middle = count + 1;
            merge(L, source, target, i, middle, to, has_comparator);
        }
        int held = source;
        source = target;
        target = held;
    }
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, source, i);
        lua_rawseti(L, 1, i);
    }
    return 0;
}
