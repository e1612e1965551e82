// The pattern matcher's state, shared by the functions built on it.
#pragma once

#include "lua_internal.h"

enum { MAX_CAPTURES = 32 };

typedef struct matcher {
    lua_State *L;
    kl_slot *slot;
    const char *text, *text_end, *pattern_end;
    int depth;     // recursions left
    int level;     // captures so far
    unsigned work; // steps not charged yet
    struct {
        const char *start;
        ptrdiff_t length;
    } captures[MAX_CAPTURES];
} matcher;

void kl_matcher_start(matcher *m, lua_State *L, const char *text, size_t length, const char *pattern_end);
void kl_matcher_finish(matcher *m);
const char *kl_match_here(matcher *m, const char *s, const char *p);
const char *kl_match_at(matcher *m, const char *s, const char *p);
void kl_push_capture(matcher *m, int i, const char *s, const char *end);
int kl_push_captures(matcher *m, const char *s, const char *end);
