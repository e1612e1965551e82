// Where a script is and what it raised. Reads Lua's call records only: allocates nothing, calls no metamethod.
#include "lua_internal.h"

#include <stdio.h>

enum { MAX_LEVELS = 64, STACK_LINES = 24 };

/// A frame that a script's author knows: Lua code outside the prelude.
static bool is_script(const lua_Debug *ar) {
    return ar->currentline > 0 && ar->source[0] == '=' && ar->source[1] != '[';
}

/// The innermost line of a script at or above `level`; 0 when there is none.
int kl_where(lua_State *L, int level, char *file, size_t size) {
    lua_Debug ar;
    file[0] = 0;
    for (int i = 0; i < MAX_LEVELS && lua_getstack(L, level + i, &ar); i++) {
        if (lua_getinfo(L, "Sl", &ar) && is_script(&ar)) {
            snprintf(file, size, "%s", ar.source + 1);
            return ar.currentline;
        }
    }
    return 0;
}

/// Makes the text fit for a log line: valid UTF-8 without control bytes but for the line feed.
static void clean(char *text) {
    for (size_t i = 0; text[i];) {
        unsigned char c = (unsigned char)text[i];
        size_t length = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
        if (strnlen(text + i, length) < length || !kl_is_utf8(text + i, length)) {
            text[i] = '?';
            length = 1;
        } else if ((c < 0x20 && c != '\n') || c == 0x7f) {
            text[i] = ' ';
        }
        i += length;
    }
}

void kl_stack_text(lua_State *L, char *out, size_t size) {
    lua_Debug ar;
    size_t at = 0;
    int lines = 0;
    out[0] = 0;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        if (lines == STACK_LINES || level == 4 * MAX_LEVELS) {
            snprintf(out + at, size - at, "...\n");
            break;
        }
        if (!lua_getinfo(L, "Sln", &ar) || !is_script(&ar)) continue;
        const char *name = ar.name ? ar.name : ar.what[0] == 'm' ? "main chunk" : "function";
        int written = snprintf(out + at, size - at, "%.120s:%d: in %.60s\n", ar.source + 1, ar.currentline, name);
        if (written < 0 || (size_t)written >= size - at) break;
        at += (size_t)written;
        lines++;
    }
    clean(out);
}

// MARK: Error values

static void copy_text(kl_slot *slot, const char *text, size_t length) {
    if (length >= sizeof slot->message) length = sizeof slot->message - 1;
    memcpy(slot->message, text, length);
    slot->message[length] = 0;
    clean(slot->message);
}

/// True if the table at `index` has text under `key`, which becomes the message.
static bool copy_field(kl_slot *slot, lua_State *L, int index, const char *key) {
    lua_pushstring(L, key);
    bool found = lua_rawget(L, index) == LUA_TSTRING;
    if (found) {
        size_t length;
        const char *text = lua_tolstring(L, -1, &length);
        copy_text(slot, text, length);
    }
    lua_pop(L, 1);
    return found;
}

/// Keeps what was raised: text as the message, a table as a flat value, anything else by the name of its type.
void kl_record_error(kl_slot *slot, lua_State *L, int index) {
    index = lua_absindex(L, index);
    slot->value.count = 0;
    slot->from_host = false;
    if (!lua_checkstack(L, 4)) return;
    switch (lua_type(L, index)) {
        case LUA_TSTRING: {
            size_t length;
            const char *text = lua_tolstring(L, index, &length);
            copy_text(slot, text, length);
            break;
        }
        case LUA_TTABLE:
            slot->from_host = slot->host_error && lua_topointer(L, index) == slot->host_error;
            slot->nodes_left = 1000;
            if (!kl_take(slot, L, index, &slot->value, false)) slot->value.count = 0;
            if (!copy_field(slot, L, index, "message") && !copy_field(slot, L, index, "code")) {
                copy_text(slot, "the script raised a table", 25);
            }
            break;
        case LUA_TNUMBER:
            if (lua_isinteger(L, index)) {
                snprintf(slot->message, sizeof slot->message, "%lld", (long long)lua_tointeger(L, index));
            } else {
                snprintf(slot->message, sizeof slot->message, "%.14g", lua_tonumber(L, index));
            }
            break;
        default:
            snprintf(slot->message, sizeof slot->message, "the script raised a %s value", luaL_typename(L, index));
    }
}

/// [-1, +1] Runs where the error is raised, while the frames are still there.
int kl_message_handler(lua_State *L) {
    kl_slot *slot = kl_slot_of(L);
    slot->line = kl_where(L, 0, slot->file, sizeof slot->file);
    kl_stack_text(L, slot->stack, sizeof slot->stack);
    kl_record_error(slot, L, 1);
    lua_settop(L, 1);
    return 1;
}
