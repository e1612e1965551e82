// Targets, hosts and their characters.
#include "http_internal.h"

#include <stdlib.h>
#include <string.h>

bool kh_utf8(const char *bytes, size_t count) {
  const unsigned char *p = (const unsigned char *)bytes, *end = p + count;
  while (p < end) {
    unsigned char c = *p++;
    if (c < 0x80) continue;
    int more;
    unsigned char low = 0x80, high = 0xBF;
    if (c >= 0xC2 && c <= 0xDF) more = 1;
    else if (c >= 0xE0 && c <= 0xEF) {
      more = 2;
      if (c == 0xE0) low = 0xA0;
      if (c == 0xED) high = 0x9F;
    } else if (c >= 0xF0 && c <= 0xF4) {
      more = 3;
      if (c == 0xF0) low = 0x90;
      if (c == 0xF4) high = 0x8F;
    } else return false;
    if (end - p < more || *p < low || *p > high) return false;
    for (p++; --more; p++)
      if (*p < 0x80 || *p > 0xBF) return false;
  }
  return true;
}

bool kh_is_token(unsigned char c) {
  static const char others[] = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && memchr(others, c, sizeof others - 1));
}

static int hex(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *kh_check_target(const char *target, size_t count) {
  if (count == 0 || target[0] != '/') return "The request target must begin with a slash.";
  for (size_t i = 0; i < count; i++) {
    unsigned char c = (unsigned char)target[i];
    if (c <= 0x20 || c >= 0x7F || c == '#' || c == '\\' || c == '"' || c == '<' || c == '>')
      return "The request target has a character that must be percent-encoded.";
    if (c == '%') {
      if (count - i < 3 || hex((unsigned char)target[i + 1]) < 0 || hex((unsigned char)target[i + 2]) < 0)
        return "The request target has a percent sign that is not followed by two hexadecimal digits.";
      if (target[i + 1] == '0' && target[i + 2] == '0') return "The request target has an encoded NUL byte.";
    }
  }
  return NULL;
}

const char *kh_decode_path(const char *target, size_t count, char *out, size_t *out_count) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    char c = target[i];
    if (c == '%') {
      c = (char)(hex((unsigned char)target[i + 1]) << 4 | hex((unsigned char)target[i + 2]));
      i += 2;
      if (c == '/' || c == '\\') return "The path has an encoded slash or backslash.";
      if ((unsigned char)c < 0x20 || c == 0x7F) return "The path has an encoded control character.";
    }
    out[n++] = c;
  }
  if (!kh_utf8(out, n)) return "The path is not UTF-8.";
  for (size_t i = 0; i < n; i++) {
    if (out[i] != '/') continue;
    size_t rest = n - i - 1;
    const char *p = out + i + 1;
    if (rest >= 1 && p[0] == '.' && (rest == 1 || p[1] == '/' || (p[1] == '.' && (rest == 2 || p[2] == '/'))))
      return "The path has a dot segment.";
  }
  *out_count = n;
  return NULL;
}

bool kh_query_is_utf8(const char *bytes, size_t count) {
  if (!memchr(bytes, '%', count)) return true;
  char small[1024], *out = count <= sizeof small ? small : malloc(count);
  if (!out) return false;
  bool good = kh_utf8(out, kh_decode_query(bytes, count, out));
  if (out != small) free(out);
  return good;
}

size_t kh_decode_query(const char *bytes, size_t count, char *out) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    char c = bytes[i];
    if (c == '+') c = ' ';
    else if (c == '%' && count - i >= 3) {
      c = (char)(hex((unsigned char)bytes[i + 1]) << 4 | hex((unsigned char)bytes[i + 2]));
      i += 2;
    }
    out[n++] = c;
  }
  return n;
}

bool kh_parse_host(kh_text value, char *out, size_t *out_count) {
  size_t n = value.count, i = 0;
  const char *p = value.bytes;
  if (n == 0 || n > 260) return false;
  if (p[0] == '[') {
    for (i = 1; i < n && p[i] != ']'; i++)
      if (hex((unsigned char)p[i]) < 0 && p[i] != ':' && p[i] != '.') return false;
    if (i == n || i < 3) return false;
    i++;
  } else {
    for (; i < n && p[i] != ':'; i++)
      if (!((p[i] >= '0' && p[i] <= '9') || (kh_lower(p[i]) >= 'a' && kh_lower(p[i]) <= 'z') || p[i] == '-' || p[i] == '_' ||
            (p[i] == '.' && i > 0 && p[i - 1] != '.')))
        return false;
    if (i == 0 || i > 253) return false;
  }
  for (size_t k = 0; k < i; k++) out[k] = kh_lower(p[k]);
  *out_count = i;
  if (i == n) return true;
  if (p[i] != ':' || n - i < 2 || n - i > 6) return false;
  unsigned port = 0;
  for (size_t k = i + 1; k < n; k++) {
    if (p[k] < '0' || p[k] > '9') return false;
    port = port * 10 + (unsigned)(p[k] - '0');
  }
  return port <= 65535;
}
