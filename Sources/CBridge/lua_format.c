// string.format without addresses: no %p, and %s uses our own tostring.
#include "lua_internal.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

enum { MAX_SPEC = 24, MAX_ITEM = 512 };

/// Shows the conversion from its '%' to its letter.
static void refuse_conversion(lua_State *L, const char *at) {
    size_t length = strspn(at, "-+ #0123456789.");
    if (length > 20) length = 20;
    luaL_error(L, "invalid conversion '%%%s' to 'format'", lua_pushlstring(L, at, strnlen(at, length + 1)));
}

/// Copies the flags, width and precision after '%' into `spec`; returns the conversion letter's place.
static const char *read_spec(lua_State *L, const char *at, const char *flags, bool precision, char *spec) {
    const char *start = at;
    *spec++ = '%';
    while (*at && strchr(flags, *at)) at++;
    for (int i = 0; i < 2 && isdigit((unsigned char)*at) && (i > 0 || *at != '0'); i++) at++;
    if (*at == '.' && precision) {
        at++;
        for (int i = 0; i < 2 && isdigit((unsigned char)*at); i++) at++;
    }
    if (!isalpha((unsigned char)*at) || at - start >= MAX_SPEC - 6) {
        refuse_conversion(L, start);
    }
    memcpy(spec, start, (size_t)(at - start));
    spec[at - start] = 0;
    return at;
}

/// The conversion letter: the first after flags, width and precision.
static char letter_of(const char *at) {
    return at[strspn(at, "-+ #0123456789.")];
}

static void add_item(lua_State *L, const char *item, int written) {
    if (written < 0 || written >= MAX_ITEM) luaL_error(L, "item too long to 'format'");
    kl_scratch_add(L, item, (size_t)written);
}

static void add_quoted_string(lua_State *L, const char *s, size_t length) {
    kl_scratch_add(L, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\' || c == '\n') {
            char pair[2] = {'\\', (char)c};
            kl_scratch_add(L, pair, 2);
        } else if (iscntrl(c)) {
            char code[8];
            bool digit_follows = i + 1 < length && isdigit((unsigned char)s[i + 1]);
            kl_scratch_add(L, code, (size_t)snprintf(code, sizeof code, digit_follows ? "\\%03d" : "\\%d", c));
        } else {
            kl_scratch_add(L, s + i, 1);
        }
    }
    kl_scratch_add(L, "\"", 1);
}

static void add_quoted(lua_State *L, int index) {
    char item[MAX_ITEM];
    switch (lua_type(L, index)) {
        case LUA_TSTRING: {
            size_t length;
            const char *s = lua_tolstring(L, index, &length);
            kl_charge(kl_slot_of(L), length / 8);
            add_quoted_string(L, s, length);
            return;
        }
        case LUA_TNUMBER:
            if (lua_isinteger(L, index)) {
                lua_Integer n = lua_tointeger(L, index);
                add_item(L, item, snprintf(item, sizeof item, n == INT64_MIN ? "0x%llx" : "%lld", (long long)n));
            } else {
                double n = lua_tonumber(L, index);
                if (isnan(n)) kl_scratch_add(L, "(0/0)", 5);
                else if (isinf(n)) kl_scratch_add(L, n > 0 ? "1e9999" : "-1e9999", n > 0 ? 6 : 7);
                else add_item(L, item, snprintf(item, sizeof item, "%a", n));
            }
            return;
        case LUA_TNIL:
        case LUA_TBOOLEAN: {
            size_t length;
            const char *s = kl_tostring(L, index, &length);
            kl_scratch_add(L, s, length);
            lua_pop(L, 1);
            return;
        }
        default:
            luaL_argerror(L, index, "value has no literal form");
    }
}

static void add_string(lua_State *L, int index, const char *spec) {
    size_t length;
    const char *s = kl_tostring(L, index, &length);
    kl_charge(kl_slot_of(L), length / 32);
    if (spec[1] == 0 || (!strchr(spec, '.') && length >= 100)) {
        kl_scratch_add(L, s, length); // nothing to cut or to pad
    } else {
        char item[MAX_ITEM], full[MAX_SPEC + 2];
        luaL_argcheck(L, length == strlen(s), index, "string contains zeros");
        snprintf(full, sizeof full, "%ss", spec);
        add_item(L, item, snprintf(item, sizeof item, full, s));
    }
    lua_pop(L, 1);
}

static const char *add_conversion(lua_State *L, const char *at, int index) {
    char spec[MAX_SPEC], full[MAX_SPEC + 4], item[MAX_ITEM];
    char letter = letter_of(at);
    switch (letter) {
        case 'c':
            at = read_spec(L, at, "-", false, spec);
            snprintf(full, sizeof full, "%sc", spec);
            add_item(L, item, snprintf(item, sizeof item, full, (int)luaL_checkinteger(L, index)));
            return at + 1;
        case 'd':
        case 'i':
        case 'u':
        case 'o':
        case 'x':
        case 'X':
            at = read_spec(L, at, letter == 'd' || letter == 'i' ? "-+0 " : letter == 'u' ? "-0" : "-#0", true, spec);
            snprintf(full, sizeof full, "%sll%c", spec, letter);
            add_item(L, item, snprintf(item, sizeof item, full, (long long)luaL_checkinteger(L, index)));
            return at + 1;
        case 'a':
        case 'A':
        case 'e':
        case 'E':
        case 'f':
        case 'g':
        case 'G':
            at = read_spec(L, at, "-+#0 ", true, spec);
            snprintf(full, sizeof full, "%s%c", spec, letter);
            add_item(L, item, snprintf(item, sizeof item, full, luaL_checknumber(L, index)));
            return at + 1;
        case 's':
            at = read_spec(L, at, "-", true, spec);
            luaL_checkany(L, index);
            add_string(L, index, spec);
            return at + 1;
        case 'q':
            if (*at != 'q') luaL_error(L, "specifier '%%q' cannot have modifiers");
            luaL_checkany(L, index);
            add_quoted(L, index);
            return at + 1;
        default:
            refuse_conversion(L, at);
            return at;
    }
}

int kl_format(lua_State *L) {
    size_t length, mark = kl_slot_of(L)->scratch.count;
    const char *at = luaL_checklstring(L, 1, &length), *end = at + length;
    int index = 1;
    kl_charge(kl_slot_of(L), 1 + length / 16);
    while (at < end) {
        const char *percent = memchr(at, '%', (size_t)(end - at));
        const char *stop = percent ? percent : end;
        kl_scratch_add(L, at, (size_t)(stop - at));
        if (!percent) break;
        at = percent + 1;
        if (*at == '%') {
            kl_scratch_add(L, "%", 1);
            at++;
        } else {
            at = add_conversion(L, at, ++index);
        }
    }
    kl_scratch_push(L, mark);
    return 1;
}
