// Growing byte buffers, and the scratch stack that library functions build strings on.
#include "lua_internal.h"

#include <stdlib.h>

bool kl_buffer_grow(kl_buffer *buffer, size_t more) {
    if (buffer->overflowed || more > buffer->limit || buffer->count > buffer->limit - more) {
        buffer->overflowed = true;
        return false;
    }
    size_t needed = buffer->count + more;
    if (needed <= buffer->capacity) return true;
    size_t capacity = buffer->capacity ? buffer->capacity : 1024;
    while (capacity < needed) capacity *= 2;
    uint8_t *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        buffer->overflowed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void kl_buffer_free(kl_buffer *buffer) {
    free(buffer->bytes);
    *buffer = (kl_buffer){0};
}

/// Room for `count` bytes on the scratch stack, already counted. Raises when a string grows beyond what is allowed.
char *kl_scratch_room(lua_State *L, size_t count) {
    kl_slot *slot = kl_slot_of(L);
    kl_buffer *scratch = &slot->scratch;
    if (KL_UNLIKELY(count > scratch->capacity || scratch->count > scratch->capacity - count)
        && !kl_buffer_grow(scratch, count)) {
        scratch->overflowed = false;
        luaL_error(L, "string longer than %d MiB", KL_MAX_STRING >> 20);
    }
    char *room = (char *)scratch->bytes + scratch->count;
    scratch->count += count;
    return room;
}

void kl_scratch_add(lua_State *L, const char *bytes, size_t count) {
    memcpy(kl_scratch_room(L, count), bytes, count);
}

void kl_scratch_push(lua_State *L, size_t mark) {
    kl_slot *slot = kl_slot_of(L);
    lua_pushlstring(L, (char *)slot->scratch.bytes + mark, slot->scratch.count - mark);
    slot->scratch.count = mark;
}
