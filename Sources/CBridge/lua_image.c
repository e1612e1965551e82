// Images: the used part of an arena, copied aside once a program is loaded.
//
// The arena's address never changes, so copying an image back makes all pointers inside valid again. A fresh state for a
// run thus costs one memcpy, and what the run before left behind is gone. Images are taken and restored between calls of
// the Lua API, never inside a protected call.
#include "lua_internal.h"

#include <stdlib.h>

static unsigned bucket_of(uint64_t id) {
    return (unsigned)(id % KL_IMAGE_BUCKETS);
}

static void unlink_image(kl_slot *slot, kl_image *image) {
    *(image->newer ? &image->newer->older : &slot->newest) = image->older;
    *(image->older ? &image->older->newer : &slot->oldest) = image->newer;
}

static void link_newest(kl_slot *slot, kl_image *image) {
    image->newer = NULL;
    image->older = slot->newest;
    *(slot->newest ? &slot->newest->newer : &slot->oldest) = image;
    slot->newest = image;
}

static void drop(kl_slot *slot, kl_image *image) {
    kl_image **link = &slot->buckets[bucket_of(image->id)];
    while (*link != image) link = &(*link)->next;
    *link = image->next;
    unlink_image(slot, image);
    slot->image_bytes -= image->size;
    slot->image_count -= 1;
    free(image->bytes);
    free(image);
}

kl_image *kl_image_find(kl_slot *slot, uint64_t id) {
    kl_image *image = slot->buckets[bucket_of(id)];
    while (image && image->id != id) image = image->next;
    if (image && image != slot->newest) {
        unlink_image(slot, image);
        link_newest(slot, image);
    }
    return image;
}

/// Copies the arena aside. Without memory for it, the program is simply loaded again next time.
void kl_image_take(kl_slot *slot, uint64_t id, lua_State *L) {
    size_t size = kl_heap_of(slot)->bump;
    kl_image *image = malloc(sizeof *image);
    uint8_t *bytes = malloc(size);
    if (!image || !bytes) {
        free(image);
        free(bytes);
        return;
    }
    memcpy(bytes, slot->base, size);
    *image = (kl_image){.id = id, .size = size, .L = L, .bytes = bytes, .next = slot->buckets[bucket_of(id)]};
    slot->buckets[bucket_of(id)] = image;
    link_newest(slot, image);
    slot->image_bytes += size;
    slot->image_count += 1;
    while (slot->image_bytes > KL_IMAGE_CACHE && slot->oldest != image) drop(slot, slot->oldest);
}

void kl_image_restore(kl_slot *slot, const kl_image *image) {
    memcpy(slot->base, image->bytes, image->size);
    kl_heap_of(slot)->high = image->size;
    slot->L = slot->current = image->L;
    if (slot->dirty < image->size) slot->dirty = image->size;
}

void kl_image_drop_all(kl_slot *slot) {
    while (slot->oldest) drop(slot, slot->oldest);
}
