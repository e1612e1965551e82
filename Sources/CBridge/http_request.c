// What Swift may ask of a request, and the document of a refusal.
#include "http_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Atomic int64_t kh_live;

int64_t kh_live_requests(void) { return atomic_load(&kh_live); }

// MARK: - Reading a request

void kh_request_retain(kh_request *r) { atomic_fetch_add_explicit(&r->references, 1, memory_order_relaxed); }

void kh_request_release(kh_request *r) {
  if (atomic_fetch_sub_explicit(&r->references, 1, memory_order_acq_rel) != 1) return;
  free(r->body);
  free(r);
  atomic_fetch_sub_explicit(&kh_live, 1, memory_order_relaxed);
}

void kh_request_set_app(kh_request *r, void *app) { r->app = app; }
bool kh_request_is_answered(const kh_request *r) { return atomic_load(&r->answered) != 0; }
void *kh_request_app(const kh_request *r) { return r->app; }
const kh_head *kh_request_head(const kh_request *r) { return &r->head; }
kh_text kh_request_body(const kh_request *r) { return (kh_text){r->body, r->body_count}; }
kh_text kh_request_id(const kh_request *r) { return (kh_text){r->id, r->id_count}; }

kh_text kh_request_header(const kh_request *r, const char *name, size_t count) {
  for (uint32_t i = 0; i < r->field_count; i++)
    if (r->fields[i].name.count == count && memcmp(r->fields[i].name.bytes, name, count) == 0) return r->fields[i].value;
  return (kh_text){NULL, 0};
}

kh_text kh_request_last_header(const kh_request *r, const char *name, size_t count) {
  for (uint32_t i = r->field_count; i-- > 0;)
    if (r->fields[i].name.count == count && memcmp(r->fields[i].name.bytes, name, count) == 0) return r->fields[i].value;
  return (kh_text){NULL, 0};
}

// MARK: - Refusing

void kh_refuse(kh_request *r, int status, const char *code, const char *title, const char *detail) {
  r->refusal = (kh_refusal){status, code, title, detail};
}

struct MHD_Response *kh_refusal_response(const kh_request *r, uint64_t *bytes) {
  char body[768];
  const kh_refusal *f = &r->refusal;
  int n = snprintf(
      body, sizeof body,
      "{\"type\":\"/problems/%s\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\",\"detail\":\"%s\",\"request_id\":\"%.*s\"}",
      f->code, f->title, f->status, f->code, f->detail, r->id_count, r->id);
  struct MHD_Response *response =
      (struct MHD_Response *)kh_response_new(body, (size_t)n, KH_API, r->head.tls);
  if (!response) return NULL;
  *bytes = (uint64_t)n;
  MHD_add_response_header(response, "Content-Type", "application/problem+json");
  MHD_add_response_header(response, "Connection", "close");
  if (f->status == 405) MHD_add_response_header(response, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (f->status == 503) MHD_add_response_header(response, "Retry-After", "1");
  kh_response_request_id((kh_response *)response, r);
  return response;
}
