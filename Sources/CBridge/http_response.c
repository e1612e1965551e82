// Answers, and what goes with each of them.
#include "http_internal.h"

#include <stdlib.h>
#include <string.h>

static void add_common_headers(struct MHD_Response *r, int headers, bool tls) {
  if (headers & KH_NO_STORE) MHD_add_response_header(r, "Cache-Control", "no-store");
  if (headers & KH_CLOSED)
    MHD_add_response_header(r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (headers & KH_SECURE) {
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
    if (tls) MHD_add_response_header(r, "Strict-Transport-Security", "max-age=31536000");
  }
}

void kh_response_common_headers(kh_response *response, int headers, bool tls) {
  add_common_headers((struct MHD_Response *)response, headers, tls);
}

kh_response *kh_response_new(const void *body, size_t count, int headers, bool tls) {
  struct MHD_Response *r = MHD_create_response_from_buffer(
      count, count ? (void *)(uintptr_t)body : (void *)"", count ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
  if (r) add_common_headers(r, headers, tls);
  return (kh_response *)r;
}

bool kh_response_header(kh_response *response, const char *name, const char *value) {
  return MHD_add_response_header((struct MHD_Response *)response, name, value) == MHD_YES;
}

void kh_response_request_id(kh_response *response, const kh_request *request) {
  char id[sizeof request->id + 1];
  memcpy(id, request->id, request->id_count);
  id[request->id_count] = 0;
  MHD_add_response_header((struct MHD_Response *)response, "X-Request-Id", id);
}

void kh_response_free(kh_response *response) { MHD_destroy_response((struct MHD_Response *)response); }

kh_shared *kh_shared_new(kh_response *response, int status, uint64_t bytes) {
  kh_shared *shared = malloc(sizeof *shared);
  if (!shared) {
    kh_response_free(response);
    return NULL;
  }
  *shared = (kh_shared){.response = (struct MHD_Response *)response, .status = status, .bytes = bytes};
  atomic_init(&shared->references, 1);
  return shared;
}

void kh_shared_release(kh_shared *shared) {
  if (atomic_fetch_sub_explicit(&shared->references, 1, memory_order_acq_rel) != 1) return;
  MHD_destroy_response(shared->response);
  free(shared);
}
