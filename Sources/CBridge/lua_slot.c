// Slots: the places of a thread to run in, one per depth, made on demand and kept until the thread ends.
#define _GNU_SOURCE
#include "lua_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LEAST_STACK = 768 << 10 };

typedef struct thread_slots {
    kl_slot *slots[KL_MAX_DEPTH];
    int depth;
    uintptr_t stack_low; // 0: not known yet
} thread_slots;

static _Thread_local thread_slots mine;
static pthread_key_t at_exit;

static void free_slot(kl_slot *slot) {
    kl_image_drop_all(slot);
    kl_buffer *buffers[] = {&slot->arguments, &slot->result, &slot->call_arguments, &slot->call_results,
                            &slot->value, &slot->log, &slot->scratch};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) free(buffers[i]->bytes);
    munmap(slot->base, slot->reserve);
    free(slot);
}

static void free_thread(void *value) {
    thread_slots *slots = value;
    for (int i = 0; i < KL_MAX_DEPTH; i++) {
        if (slots->slots[i]) free_slot(slots->slots[i]);
        slots->slots[i] = NULL;
    }
}

static void make_key(void) {
    pthread_key_create(&at_exit, free_thread);
    kl_find_hook_count();
}

static kl_slot *make_slot(int depth) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    kl_slot *slot = calloc(1, sizeof *slot);
    if (!slot) return NULL;
    slot->depth = depth;
    slot->value.limit = 64 << 10;
    slot->scratch.limit = KL_MAX_STRING;
    if (!kl_buffer_grow(&slot->scratch, 4096) || !kl_slot_reserve(slot)) {
        kl_buffer_free(&slot->scratch);
        free(slot);
        return NULL;
    }
    pthread_setspecific(at_exit, &mine);
    return slot;
}

/// Lua's deepest recursions need half a megabyte; a run begins only where there is more.
static bool enough_stack(void) {
    if (!mine.stack_low) {
        pthread_attr_t attributes;
        void *low;
        size_t size;
        if (pthread_getattr_np(pthread_self(), &attributes) != 0) return false;
        bool known = pthread_attr_getstack(&attributes, &low, &size) == 0;
        pthread_attr_destroy(&attributes);
        if (!known) return false;
        mine.stack_low = (uintptr_t)low;
    }
    return (uintptr_t)__builtin_frame_address(0) > mine.stack_low + LEAST_STACK;
}

kl_slot *kl_enter(void) {
    if (mine.depth == KL_MAX_DEPTH || !enough_stack()) return NULL;
    kl_slot **place = &mine.slots[mine.depth];
    if (!*place && !(*place = make_slot(mine.depth))) return NULL;
    kl_slot *slot = *place;
    slot->parent = mine.depth > 0 ? mine.slots[mine.depth - 1] : NULL;
    slot->arguments.count = 0;
    slot->arguments.overflowed = false;
    slot->arguments.limit = 16 << 20;
    mine.depth++;
    return slot;
}

kl_buffer *kl_arguments(kl_slot *slot) {
    return &slot->arguments;
}

void kl_exit(kl_slot *slot) {
    if (mine.depth > 0 && mine.slots[mine.depth - 1] == slot) mine.depth--;
    slot->request = NULL;
    kl_slot_wipe(slot, slot->newest ? slot->newest->size : 0);
}

/// The innermost run of this thread whose script is waiting for the host.
static kl_slot *running(void) {
    for (int i = mine.depth - 1; i >= 0; i--) {
        if (mine.slots[i]->running) return mine.slots[i];
    }
    return NULL;
}

kl_limits kl_remaining(void) {
    kl_slot *slot = running();
    return slot ? kl_limits_left(slot) : (kl_limits){0};
}

void kl_charge_host(uint64_t steps) {
    kl_slot *slot = running();
    if (slot) slot->steps_left -= (int64_t)(steps < (uint64_t)INT64_MAX / 4 ? steps : (uint64_t)INT64_MAX / 4);
}

int kl_location(char *file, size_t size) {
    kl_slot *slot = running();
    file[0] = 0;
    return slot && slot->current ? kl_where(slot->current, 0, file, size) : 0;
}

void kl_image_statistics(size_t *bytes, size_t *count, size_t *largest) {
    *bytes = *count = *largest = 0;
    for (int i = 0; i < KL_MAX_DEPTH; i++) {
        if (!mine.slots[i]) continue;
        *bytes += mine.slots[i]->image_bytes;
        *count += mine.slots[i]->image_count;
        for (kl_image *image = mine.slots[i]->newest; image; image = image->older) {
            if (image->size > *largest) *largest = image->size;
        }
    }
}

void kl_drop_images(void) {
    for (int i = 0; i < KL_MAX_DEPTH; i++) {
        if (mine.slots[i]) kl_image_drop_all(mine.slots[i]);
    }
}

/// Whether a script of this thread runs, and an error now would end it and all runs around it: no protected call and no
/// coroutine is there to catch it.
bool kl_is_unguarded(void) {
    bool runs = false;
    for (int i = 0; i < mine.depth; i++) {
        const kl_slot *slot = mine.slots[i];
        if (!slot->running) continue;
        if (slot->guards || slot->current != slot->L) return false;
        runs = true;
    }
    return runs;
}
