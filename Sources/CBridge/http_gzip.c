// Compression of static files at start; zlib's initialisers are macros, which Swift does not see.
#include "include/CBridgeHTTP.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

void *kh_gzip(const void *bytes, size_t count, size_t *out_count) {
  if (count > UINT_MAX) return NULL;
  z_stream z = {0};
  if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) return NULL;
  size_t room = deflateBound(&z, count);
  unsigned char *out = malloc(room);
  z.next_in = (unsigned char *)(uintptr_t)bytes;
  z.avail_in = (unsigned)count;
  z.next_out = out;
  z.avail_out = (unsigned)room;
  int result = out ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
  *out_count = z.total_out;
  deflateEnd(&z);
  if (result == Z_STREAM_END) return out;
  free(out);
  return NULL;
}
