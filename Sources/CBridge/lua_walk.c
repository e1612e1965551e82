// The white list: a walk over everything that a script can reach, compared with the list compiled in.
#include "lua_internal.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_LINES = 400, MAX_LINE = 96, MAX_STOCK = 300, MAX_WALK_DEPTH = 6 };

typedef struct walk {
    lua_State *L;
    lua_CFunction stock[MAX_STOCK]; // functions that Lua's own libraries bring
    int stock_count;
    char (*lines)[MAX_LINE];
    int count;
} walk;

/// [-0, +0] Remembers the C functions in the table on top.
static void collect_stock(walk *w, lua_State *L, int depth) {
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_CFunction function = lua_tocfunction(L, -1);
        if (function && w->stock_count < MAX_STOCK) w->stock[w->stock_count++] = function;
        if (lua_istable(L, -1) && depth < 1) collect_stock(w, L, depth + 1);
        lua_pop(L, 1);
    }
}

static const char *origin(const walk *w, lua_CFunction function) {
    for (int i = 0; i < w->stock_count; i++) {
        if (w->stock[i] == function) return "of Lua";
    }
    return "ours";
}

static void add_line(walk *w, const char *path, const char *kind, const char *more) {
    if (w->count == MAX_LINES) return;
    snprintf(w->lines[w->count++], MAX_LINE, "%s %s%s%s", path, kind, *more ? " " : "", more);
}

/// [-0, +0] The value on top and what is below it. `seen` lies at index 1.
static void visit(walk *w, const char *path, int depth) {
    lua_State *L = w->L;
    luaL_checkstack(L, 8, "walk");
    int type = lua_type(L, -1);
    if (type != LUA_TTABLE) {
        add_line(w, path, luaL_typename(L, -1), type == LUA_TFUNCTION ? origin(w, lua_tocfunction(L, -1)) : "");
        return;
    }
    bool locked = kl_is_locked(L, -1);
    kl_push_viewed(L, -1);
    lua_pushvalue(L, -1);
    bool again = lua_rawget(L, 1) != LUA_TNIL;
    lua_pop(L, 1);
    add_line(w, path, locked ? "view" : "table", again ? "seen" : "");
    if (!again && depth < MAX_WALK_DEPTH) {
        lua_pushvalue(L, -1);
        lua_pushboolean(L, 1);
        lua_rawset(L, 1);
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            char inner[MAX_LINE];
            const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : luaL_typename(L, -2);
            snprintf(inner, sizeof inner, "%.60s.%.30s", path, key);
            visit(w, inner, depth + 1);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

/// [-0, +0] What the metatable of the basic type on top lets a script reach.
static void visit_metatable(walk *w, const char *path) {
    lua_State *L = w->L;
    if (!lua_getmetatable(L, -1)) return;
    lua_pushliteral(L, "__metatable");
    bool hidden = lua_rawget(L, -2) == LUA_TBOOLEAN && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    add_line(w, path, hidden ? "hidden metatable" : "open metatable", "");
    lua_pop(L, 1);
}

static int by_text(const void *a, const void *b) {
    return strcmp(a, b);
}

static void walk_world(walk *w) {
    lua_State *L = w->L;
    lua_settop(L, 0);
    lua_createtable(L, 0, 0);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kl_key_env);
    visit(w, "_G", 0);
    lua_pushliteral(L, "");
    visit_metatable(w, "string");
    lua_pushinteger(L, 0);
    visit_metatable(w, "number");
    lua_pushboolean(L, 0);
    visit_metatable(w, "boolean");
    lua_pushnil(L);
    visit_metatable(w, "nil");
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    visit_metatable(w, "thread");
    lua_pushcfunction(L, kl_require);
    visit_metatable(w, "function");
    qsort(w->lines, (size_t)w->count, MAX_LINE, by_text);
}

bool kl_reachable(kl_buffer *out) {
    static const kl_limits limits = {
        .steps = 10000000, .cpu_nanoseconds = 1000000000, .wall_nanoseconds = 10000000000, .memory = 32 << 20};
    walk *w = calloc(1, sizeof *w);
    if (!w || !(w->lines = calloc(MAX_LINES, MAX_LINE))) {
        free(w);
        return false;
    }
    lua_State *stock = luaL_newstate();
    if (stock) {
        luaL_openlibs(stock);
        lua_pushglobaltable(stock);
        collect_stock(w, stock, 0);
        lua_close(stock);
    }
    bool good = false;
    kl_slot *slot = kl_enter();
    if (slot) {
        if (setjmp(slot->exit) == 0) {
            kl_limits_start(slot, &limits);
            slot->log_off = true;
            kl_build_base(slot, NULL);
            w->L = slot->L;
            walk_world(w);
            good = true;
        }
        slot->L = slot->current = NULL;
        kl_exit(slot);
    }
    for (int i = 0; good && i < w->count; i++) {
        size_t length = strlen(w->lines[i]);
        good = kl_buffer_grow(out, length + 1);
        if (good) memcpy(out->bytes + out->count, w->lines[i], length), out->bytes[out->count + length] = '\n';
        if (good) out->count += length + 1;
    }
    free(w->lines);
    free(w);
    return good;
}

static const char white_list[] =
#include "lua_whitelist.h"
    ;

bool kl_self_check(void) {
    kl_buffer out = {.limit = 1 << 20};
    const char *locale = setlocale(LC_ALL, NULL); // strings compare and change case by bytes only in this one
    bool good = locale && strcmp(locale, "C") == 0 && kl_reachable(&out) && out.count == sizeof white_list - 1
        && memcmp(out.bytes, white_list, out.count) == 0;
    kl_buffer_free(&out);
    return good;
}
