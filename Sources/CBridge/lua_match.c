// Lua's patterns with a meter: each state entered costs a step, so a pattern cannot run on unseen. Depth at most 200.
//
// The language is Lua 5.4's: classes %a %c %d %g %l %p %s %u %w %x, sets, * + - ?, captures, %b, %f, %1, anchors.
#include "lua_match.h"

#include <ctype.h>

enum { MAX_RECURSION = 200, WORK_BATCH = 64 };
enum { OPEN = -1, POSITION = -2 };

static inline void work(matcher *m, unsigned amount) {
    m->work += amount;
    if (KL_UNLIKELY(m->work >= WORK_BATCH)) {
        kl_charge(m->slot, m->work);
        m->work = 0;
    }
}

void kl_matcher_start(matcher *m, lua_State *L, const char *text, size_t length, const char *pattern_end) {
    m->L = L;
    m->slot = kl_slot_of(L);
    m->text = text;
    m->text_end = text + length;
    m->pattern_end = pattern_end;
    m->work = 0;
}

void kl_matcher_finish(matcher *m) {
    kl_charge(m->slot, 1 + m->work);
    m->work = 0;
}

// MARK: Single characters

static bool in_class(int c, int class) {
    bool inside;
    switch (tolower(class)) {
        case 'a': inside = isalpha(c); break;
        case 'c': inside = iscntrl(c); break;
        case 'd': inside = isdigit(c); break;
        case 'g': inside = isgraph(c); break;
        case 'l': inside = islower(c); break;
        case 'p': inside = ispunct(c); break;
        case 's': inside = isspace(c); break;
        case 'u': inside = isupper(c); break;
        case 'w': inside = isalnum(c); break;
        case 'x': inside = isxdigit(c); break;
        default: return class == c;
    }
    return isupper(class) ? !inside : inside;
}

/// `set` is at '[', `last` at its ']'.
static bool in_set(int c, const char *set, const char *last) {
    bool wanted = true;
    const char *at = set + 1;
    if (*at == '^') {
        wanted = false;
        at++;
    }
    for (; at < last; at++) {
        if (*at == '%') {
            at++;
            if (in_class(c, (unsigned char)*at)) return wanted;
        } else if (at[1] == '-' && at + 2 < last) {
            if ((unsigned char)at[0] <= c && c <= (unsigned char)at[2]) return wanted;
            at += 2;
        } else if ((unsigned char)*at == c) {
            return wanted;
        }
    }
    return !wanted;
}

/// Where the single-character item that begins at `at` ends.
static const char *item_end(matcher *m, const char *at) {
    char first = *at++;
    if (first == '%') {
        if (at == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
        return at + 1;
    }
    if (first != '[') return at;
    if (*at == '^') at++;
    do { // a ']' in first place is a member
        if (at >= m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
        if (*at++ == '%') at++;
    } while (at >= m->pattern_end || *at != ']');
    return at + 1;
}

static bool matches_item(const matcher *m, const char *s, const char *item, const char *after) {
    if (s >= m->text_end) return false;
    int c = (unsigned char)*s;
    switch (*item) {
        case '.': return true;
        case '%': return in_class(c, (unsigned char)item[1]);
        case '[': return in_set(c, item, after - 1);
        default: return (unsigned char)*item == c;
    }
}

// MARK: Repetition

static const char *most(matcher *m, const char *s, const char *item, const char *after) {
    ptrdiff_t count = 0;
    while (matches_item(m, s + count, item, after)) {
        count++;
        if ((count & 7) == 0) work(m, 1);
    }
    for (; count >= 0; count--) {
        const char *end = kl_match_here(m, s + count, after + 1);
        if (end) return end;
    }
    return NULL;
}

static const char *least(matcher *m, const char *s, const char *item, const char *after) {
    for (;;) {
        const char *end = kl_match_here(m, s, after + 1);
        if (end) return end;
        if (!matches_item(m, s, item, after)) return NULL;
        s++;
    }
}

// MARK: Captures

static int capture_to_close(matcher *m) {
    for (int i = m->level - 1; i >= 0; i--) {
        if (m->captures[i].length == OPEN) return i;
    }
    return luaL_error(m->L, "invalid pattern capture");
}

static const char *open_capture(matcher *m, const char *s, const char *p, ptrdiff_t kind) {
    if (m->level >= MAX_CAPTURES) luaL_error(m->L, "too many captures");
    m->captures[m->level].start = s;
    m->captures[m->level].length = kind;
    m->level++;
    const char *end = kl_match_here(m, s, p);
    if (!end) m->level--;
    return end;
}

static const char *close_capture(matcher *m, const char *s, const char *p) {
    int i = capture_to_close(m);
    m->captures[i].length = s - m->captures[i].start;
    const char *end = kl_match_here(m, s, p);
    if (!end) m->captures[i].length = OPEN;
    return end;
}

static const char *same_as_capture(matcher *m, const char *s, int digit) {
    int i = digit - '1';
    if (i < 0 || i >= m->level || m->captures[i].length == OPEN) {
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
    }
    size_t length = (size_t)m->captures[i].length;
    if (m->captures[i].length == POSITION || (size_t)(m->text_end - s) < length) return NULL;
    work(m, (unsigned)(length / 32 < 60 ? length / 32 : 60));
    if (length >= 2048) kl_charge(m->slot, length / 32);
    return memcmp(m->captures[i].start, s, length) == 0 ? s + length : NULL;
}

// MARK: Balanced pairs and frontiers

static const char *balanced(matcher *m, const char *s, const char *p) {
    if (p + 1 >= m->pattern_end) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->text_end || *s != p[0]) return NULL;
    char opening = p[0], closing = p[1];
    int open = 1;
    for (s++; s < m->text_end; s++) {
        if (((uintptr_t)s & 7) == 0) work(m, 1);
        if (*s == closing) {
            if (--open == 0) return s + 1;
        } else if (*s == opening) {
            open++;
        }
    }
    return NULL;
}

static bool at_frontier(matcher *m, const char *s, const char *set, const char *after) {
    int before = s == m->text ? 0 : (unsigned char)s[-1];
    int here = s == m->text_end ? 0 : (unsigned char)*s;
    return !in_set(before, set, after - 1) && in_set(here, set, after - 1);
}

// MARK: The machine

/// Matches the pattern from `p` at `s`; where the match ends, or NULL.
const char *kl_match_here(matcher *m, const char *s, const char *p) {
    if (m->depth-- == 0) luaL_error(m->L, "pattern too complex");
    for (;;) {
        work(m, 1);
        if (p == m->pattern_end) break;
        if (*p == '(') {
            bool position = p + 1 < m->pattern_end && p[1] == ')';
            s = position ? open_capture(m, s, p + 2, POSITION) : open_capture(m, s, p + 1, OPEN);
            break;
        }
        if (*p == ')') {
            s = close_capture(m, s, p + 1);
            break;
        }
        if (*p == '$' && p + 1 == m->pattern_end) {
            if (s != m->text_end) s = NULL;
            break;
        }
        if (*p == '%' && p + 1 < m->pattern_end) {
            if (p[1] == 'b') {
                s = balanced(m, s, p + 2);
                if (!s) break;
                p += 4;
                continue;
            }
            if (p[1] == 'f') {
                p += 2;
                if (p >= m->pattern_end || *p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
                const char *after = item_end(m, p);
                if (!at_frontier(m, s, p, after)) {
                    s = NULL;
                    break;
                }
                p = after;
                continue;
            }
            if (isdigit((unsigned char)p[1])) {
                s = same_as_capture(m, s, (unsigned char)p[1]);
                if (!s) break;
                p += 2;
                continue;
            }
        }
        const char *after = item_end(m, p);
        char suffix = after < m->pattern_end ? *after : 0;
        if (suffix == '*') {
            s = most(m, s, p, after);
            break;
        }
        if (suffix == '-') {
            s = least(m, s, p, after);
            break;
        }
        bool one = matches_item(m, s, p, after);
        if (suffix == '+') {
            s = one ? most(m, s + 1, p, after) : NULL;
            break;
        }
        if (suffix == '?') {
            const char *end = one ? kl_match_here(m, s + 1, after + 1) : NULL;
            if (end) {
                s = end;
                break;
            }
            p = after + 1;
            continue;
        }
        if (!one) {
            s = NULL;
            break;
        }
        s++;
        p = after;
    }
    m->depth++;
    return s;
}

/// From a clean slate.
const char *kl_match_at(matcher *m, const char *s, const char *p) {
    m->level = 0;
    m->depth = MAX_RECURSION;
    return kl_match_here(m, s, p);
}

// MARK: Results

void kl_push_capture(matcher *m, int i, const char *s, const char *end) {
    if (i >= m->level) {
        if (i != 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, s, (size_t)(end - s)); // the whole match
        return;
    }
    ptrdiff_t length = m->captures[i].length;
    if (length == OPEN) luaL_error(m->L, "unfinished capture");
    if (length == POSITION) lua_pushinteger(m->L, m->captures[i].start - m->text + 1);
    else lua_pushlstring(m->L, m->captures[i].start, (size_t)length);
}

int kl_push_captures(matcher *m, const char *s, const char *end) {
    int count = m->level == 0 && s ? 1 : m->level;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++) kl_push_capture(m, i, s, end);
    return count;
}
