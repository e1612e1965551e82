// gzip in memory: zlib's initialisers are macros, which Swift does not see.
#pragma once

#include <stddef.h>

typedef enum kz_status {
  KZ_OK = 0,
  /// Not one whole gzip member, or its checksum is wrong.
  KZ_BROKEN,
  /// The contents are larger than the limit.
  KZ_TOO_LARGE,
  KZ_NO_MEMORY,
} kz_status;

/// Compresses; the same bytes always give the same result (no time, no name). `*out` is the caller's to free.
kz_status kz_compress(const void *bytes, size_t count, unsigned char **out, size_t *out_count);

/// Decompresses one whole member and nothing after it, into at most `limit` bytes. `*out` is the caller's to free.
kz_status kz_expand(const void *bytes, size_t count, size_t limit, unsigned char **out, size_t *out_count);
