// The gate: what is ambiguous or malformed never reaches Swift.
//
// libmicrohttpd 0.9.75 parses leniently: two Host headers, two lengths, folded lines, bare line feeds and NUL bytes pass.
// It keeps the head in one piece of memory, in the order it was sent, and replaces separators by NUL; so each pointer it
// hands out has exactly one place where it can be, and a head that was bent in parsing shows by a pointer that is elsewhere.
#include "http_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

uint64_t kh_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool equals(kh_text text, const char *name) {
  size_t n = strlen(name);
  return text.count == n && memcmp(text.bytes, name, n) == 0;
}

static bool equals_ignoring_case(const char *bytes, size_t count, const char *lower_case) {
  for (size_t i = 0; i < count; i++)
    if (!lower_case[i] || kh_lower(bytes[i]) != lower_case[i]) return false;
  return lower_case[count] == 0;
}

// MARK: - Collecting

typedef struct {
  const char *name, *value;
  size_t name_count, value_count;
} raw_field;

typedef struct {
  raw_field fields[KH_FIELDS_MAX];
  int count;
  bool too_many;
  size_t bytes;
} raw_head;

static enum MHD_Result collect(
    void *context, enum MHD_ValueKind kind, const char *name, size_t name_count, const char *value, size_t value_count) {
  (void)kind;
  raw_head *head = context;
  if (head->count == KH_FIELDS_MAX) {
    head->too_many = true;
    return MHD_NO;
  }
  head->bytes += name_count + value_count;
  head->fields[head->count++] = (raw_field){name, value ? value : "", name_count, value ? value_count : 0};
  return MHD_YES;
}

static bool layout_is_known(void) {
  static _Atomic int known; // 0: not asked yet
  int k = atomic_load_explicit(&known, memory_order_relaxed);
  if (k == 0) {
    k = strcmp(MHD_get_version(), "0.9.75") == 0 ? 1 : -1;
    atomic_store_explicit(&known, k, memory_order_relaxed);
  }
  return k > 0;
}

/// Whether every part of the head lies where an exactly formed head puts it: one blank between the parts of the request
/// line, CRLF at the end of each line, no folding, no NUL, nothing skipped.
static bool layout_is_exact(
    const raw_head *head, const char *method, const char *target, size_t target_count, const char *version,
    size_t head_size) {
  uintptr_t at = (uintptr_t)method + strlen(method) + 1;
  if (at != (uintptr_t)target) return false;
  at += target_count + 1;
  if (at != (uintptr_t)version) return false;
  at += strlen(version) + 2;
  for (int i = 0; i < head->count; i++) {
    const raw_field *f = &head->fields[i];
    if (at != (uintptr_t)f->name) return false;
    at += f->name_count + 1;
    if ((uintptr_t)f->value < at || (uintptr_t)f->value - at > head_size) return false;
    for (const char *p = (const char *)at; p < f->value; p++)
      if (*p != ' ' && *p != '\t') return false;
    at = (uintptr_t)f->value + f->value_count + 2;
  }
  return at + 2 == (uintptr_t)method + head_size;
}

// MARK: - Rules

#define BAD(detail) (refusal = (kh_refusal){400, "http.bad_request", "Bad request", detail})

static const struct { const char *name; uint8_t count, method; } methods[] = {
    {"GET", 3, KH_GET}, {"POST", 4, KH_POST}, {"HEAD", 4, KH_HEAD}, {"PUT", 3, KH_PUT},
    {"PATCH", 5, KH_PATCH}, {"DELETE", 6, KH_DELETE}, {"OPTIONS", 7, KH_OPTIONS},
};

static uint8_t method_of(const char *name) {
  size_t n = strlen(name);
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (methods[i].count == n && memcmp(methods[i].name, name, n) == 0) return methods[i].method;
  return KH_OTHER;
}

/// Headers of which a second one would make it a matter of taste who is asking for what.
static const char *const singular[] = {
    "host", "content-length", "transfer-encoding", "authorization", "content-type", "cookie", "idempotency-key",
    "if-match", "if-none-match", "origin", "x-request-id", "x-user-id", "expect", "x-http-method-override",
};

static void fill_id(kh_request *r) {
  kh_text given = kh_request_header(r, "x-request-id", 12);
  if (given.count >= 8 && given.count <= 64) {
    bool good = true;
    for (size_t i = 0; i < given.count && good; i++)
      good = isalnum((unsigned char)given.bytes[i]) || given.bytes[i] == '-' || given.bytes[i] == '_' || given.bytes[i] == '.';
    if (good) {
      memcpy(r->id, given.bytes, given.count);
      r->id_count = (uint8_t)given.count;
      return;
    }
  }
  static _Thread_local unsigned char pool[2048];
  static _Thread_local size_t left;
  if (left < 16) {
    if (getrandom(pool, sizeof pool, 0) != (ssize_t)sizeof pool) abort(); // cannot happen below 256 bytes a piece
    left = sizeof pool;
  }
  left -= 16;
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < 16; i++) {
    r->id[2 * i] = digits[pool[left + (size_t)i] >> 4];
    r->id[2 * i + 1] = digits[pool[left + (size_t)i] & 15];
  }
  r->id_count = 32;
}

/// The rules on fields that have been copied. May run on a head that is already refused: the first refusal stays.
static kh_refusal check_fields(kh_request *r, const char *version) {
  kh_refusal refusal = {0, NULL, NULL, NULL};
  kh_text seen[sizeof singular / sizeof *singular] = {{0}};
  for (uint32_t i = 0; i < r->field_count; i++) {
    const kh_field *f = &r->fields[i];
    if (f->name.count == 0) return BAD("A header has no name.");
    for (size_t k = 0; k < f->name.count; k++)
      if (!kh_is_token((unsigned char)f->name.bytes[k])) return BAD("A header's name has a character that is not allowed there.");
    for (size_t k = 0; k < f->value.count; k++) {
      unsigned char c = (unsigned char)f->value.bytes[k];
      if ((c < 0x20 && c != '\t') || c == 0x7F) return BAD("A header's value has a control character.");
    }
    for (size_t k = 0; k < sizeof singular / sizeof *singular; k++) {
      if (!equals(f->name, singular[k])) continue;
      if (seen[k].bytes) return BAD("A header that may be sent only once was sent twice.");
      seen[k] = f->value;
      break;
    }
  }
  if (!seen[0].bytes) return BAD("The Host header is missing.");
  char *host = (char *)r->head.host.bytes;
  if (!kh_parse_host(seen[0], host, &r->head.host.count)) {
    r->head.host.count = 0;
    return BAD("The Host header is not a host name with an optional port.");
  }
  if (seen[2].bytes) {
    if (seen[1].bytes) return BAD("Content-Length and Transfer-Encoding cannot be used together.");
    if (strcmp(version, "HTTP/1.0") == 0) return BAD("HTTP/1.0 has no Transfer-Encoding.");
    if (!equals_ignoring_case(seen[2].bytes, seen[2].count, "chunked"))
      return BAD("The only Transfer-Encoding taken is chunked.");
    r->chunked = true;
    r->head.content_length = -1;
  } else if (seen[1].bytes) {
    if (seen[1].count < 1 || seen[1].count > 15) return BAD("Content-Length must be 1 to 15 digits.");
    int64_t length = 0;
    for (size_t k = 0; k < seen[1].count; k++) {
      if (seen[1].bytes[k] < '0' || seen[1].bytes[k] > '9') return BAD("Content-Length must be 1 to 15 digits.");
      length = length * 10 + (seen[1].bytes[k] - '0');
    }
    r->head.content_length = length;
  }
  if (r->head.content_length != 0 && (r->head.method == KH_GET || r->head.method == KH_HEAD))
    return BAD("A GET or HEAD request has no body.");
  if (seen[12].bytes) {
    if (!equals_ignoring_case(seen[12].bytes, seen[12].count, "100-continue"))
      return BAD("The only expectation met is 100-continue.");
    r->expects_continue = true;
  }
  return refusal;
}

kh_request *kh_gate(
    kh_connection *connection, struct MHD_Connection *mhd, const char *method, const char *version,
    const kh_options *options) {
  raw_head raw;
  raw.count = 0;
  raw.too_many = false;
  raw.bytes = 0;
  MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, collect, &raw);
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  size_t head_size = info ? info->header_size : 0;

  const char *target = connection->target;
  size_t target_count = connection->target_count;
  const char *mark = target_count ? memchr(target, '?', target_count) : NULL;
  size_t path_count = mark ? (size_t)(mark - target) : target_count;
  size_t table = (size_t)raw.count * sizeof(kh_field);
  // Room for the table, the target, the decoded path and the host (never longer than what they come from), all fields.
  kh_request *r = malloc(sizeof(kh_request) + table + target_count + path_count + 260 + raw.bytes);
  if (!r) return NULL;
  memset(r, 0, offsetof(kh_request, id));
  atomic_fetch_add_explicit(&kh_live, 1, memory_order_relaxed);
  atomic_init(&r->references, 1);
  r->mhd = mhd;
  r->connection = connection;
  r->server = connection->server;
  r->fields = (kh_field *)r->text;
  r->field_count = (uint32_t)raw.count;
  char *at = r->text + table;
  for (int i = 0; i < raw.count; i++) {
    const raw_field *f = &raw.fields[i];
    size_t from = 0, to = f->value_count;
    while (to > from && (f->value[to - 1] == ' ' || f->value[to - 1] == '\t')) to--;
    while (from < to && (f->value[from] == ' ' || f->value[from] == '\t')) from++;
    for (size_t k = 0; k < f->name_count; k++) at[k] = kh_lower(f->name[k]);
    memcpy(at + f->name_count, f->value + from, to - from);
    r->fields[i].name = (kh_text){at, f->name_count};
    r->fields[i].value = (kh_text){at + f->name_count, to - from};
    at += f->name_count + (to - from);
  }
  if (target_count) memcpy(at, target, target_count);
  kh_head *h = &r->head;
  h->target = (kh_text){at, target_count};
  h->query = mark ? (kh_text){at + path_count + 1, target_count - path_count - 1} : (kh_text){at, 0};
  at += target_count;
  h->path = (kh_text){at, 0};
  char *path = at;
  at += path_count;
  h->host = (kh_text){at, 0};
  memcpy(r->peer, connection->peer, sizeof r->peer);
  h->peer = (kh_text){r->peer, connection->peer_count};
  h->received_at = kh_now();
  h->method = method_of(method);
  h->local = connection->local;
  h->tls = connection->tls || (options->behind_tls && !connection->local);
  fill_id(r);

  kh_refusal refusal = {0, NULL, NULL, NULL};
  const char *wrong;
  if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
    refusal = (kh_refusal){505, "http.version_not_supported", "HTTP version not supported", "Use HTTP/1.1."};
  else if (target_count > (size_t)options->target_limit)
    refusal = (kh_refusal){414, "http.target_too_long", "Request target too long", "The request target is too long."};
  else if (raw.too_many || head_size > (size_t)options->header_limit)
    refusal = (kh_refusal){431, "http.head_too_large", "Request header fields too large",
                           "The request has too many or too long headers."};
  else if (layout_is_known() &&
           !layout_is_exact(&raw, method, connection->target_address, target_count, version, head_size))
    BAD("The request's head has a folded line, a NUL byte, a stray blank or a line that does not end in CR LF.");
  else if (h->method == KH_OTHER)
    refusal = (kh_refusal){405, "http.method_not_allowed", "Method not allowed",
                           "The method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS."};
  else if ((wrong = kh_check_target(target, target_count)) || (wrong = kh_decode_path(target, path_count, path, &h->path.count)))
    BAD(wrong);
  else if (!kh_query_is_utf8(h->query.bytes, h->query.count)) BAD("The query is not UTF-8.");
  else refusal = check_fields(r, version);
  r->refusal = refusal;
  h->refused = refusal.status != 0;
  return r;
}
