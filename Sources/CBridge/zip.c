#include "include/CBridgeZip.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP = 15 + 16 };

kz_status kz_compress(const void *bytes, size_t count, unsigned char **out, size_t *out_count) {
  if (count > UINT_MAX) return KZ_TOO_LARGE;
  z_stream z = {0};
  if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP, 9, Z_DEFAULT_STRATEGY) != Z_OK) return KZ_NO_MEMORY;
  size_t room = deflateBound(&z, count);
  unsigned char *result = malloc(room);
  z.next_in = (unsigned char *)(uintptr_t)bytes;
  z.avail_in = (unsigned)count;
  z.next_out = result;
  z.avail_out = (unsigned)room;
  int code = result ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
  *out_count = z.total_out;
  deflateEnd(&z);
  if (code != Z_STREAM_END) {
    free(result);
    return KZ_NO_MEMORY;
  }
  *out = result;
  return KZ_OK;
}

kz_status kz_expand(const void *bytes, size_t count, size_t limit, unsigned char **out, size_t *out_count) {
  if (count > UINT_MAX || limit >= UINT_MAX) return KZ_TOO_LARGE;
  z_stream z = {0};
  if (inflateInit2(&z, GZIP) != Z_OK) return KZ_NO_MEMORY;
  z.next_in = (unsigned char *)(uintptr_t)bytes;
  z.avail_in = (unsigned)count;
  // The room grows with what comes out, so that a small input cannot take much memory by promising more.
  size_t room = limit < 64 * 1024 ? limit + 1 : 64 * 1024;
  unsigned char *result = malloc(room);
  kz_status status = result ? KZ_OK : KZ_NO_MEMORY;
  int code = Z_OK;
  while (status == KZ_OK && code != Z_STREAM_END) {
    if (z.total_out > limit) {
      status = KZ_TOO_LARGE;
      break;
    }
    if (z.total_out == room) {
      size_t next = room * 2 > limit + 1 ? limit + 1 : room * 2;
      unsigned char *larger = realloc(result, next);
      if (!larger) {
        status = KZ_NO_MEMORY;
        break;
      }
      result = larger;
      room = next;
    }
    z.next_out = result + z.total_out;
    z.avail_out = (unsigned)(room - z.total_out);
    code = inflate(&z, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) status = KZ_NO_MEMORY;
    // Z_BUF_ERROR with room left: the input ended too early.
    else if (code != Z_OK && code != Z_STREAM_END && !(code == Z_BUF_ERROR && z.avail_out == 0)) status = KZ_BROKEN;
  }
  if (status == KZ_OK && z.total_out > limit) status = KZ_TOO_LARGE;
  if (status == KZ_OK && z.avail_in > 0) status = KZ_BROKEN;
  *out_count = z.total_out;
  inflateEnd(&z);
  if (status != KZ_OK) {
    free(result);
    return status;
  }
  *out = result;
  return KZ_OK;
}
