/* The floor under one call of a rule: twenty fields in, twenty out, a fresh state each time, every limit on, all in C.
 *
 * It uses the bridge's own door to Lua, so what a call from Swift takes beyond this is what Swift adds.
 *
 * Build: cc -O2 -std=gnu11 -Wall -Wextra -I../../Sources/CBridge/include rule_floor.c ../../Sources/CBridge/lua_*.c \
 *          -o rule_floor -llua5.4 -lpthread      (with the include folder of Lua)
 * Run:   ./rule_floor RULE CALLS      RULE is a Lua file whose value has a function `run`; prints "ns N", one per line, for
 *                                     ten batches of CALLS calls
 */
#include "CBridgeLua.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <string.h>
#include <time.h>

static void put(kl_buffer *buffer, const void *bytes, size_t size) {
  if (buffer->count + size > buffer->capacity && !kl_buffer_grow(buffer, size)) exit(1);
  memcpy(buffer->bytes + buffer->count, bytes, size);
  buffer->count += size;
}

static void put_byte(kl_buffer *buffer, uint8_t byte) { put(buffer, &byte, 1); }

static void put_text(kl_buffer *buffer, const char *text) {
  uint32_t size = (uint32_t)strlen(text);
  put(buffer, &size, sizeof size);
  put(buffer, text, size);
}

/* Twelve integers, six strings, two booleans. */
static void put_fields(kl_buffer *buffer, int64_t turn) {
  static const char *const names[] = {"f01", "f02", "f03", "f04", "f05", "f06", "f07", "f08", "f09", "f10",
                                      "f11", "f12", "f13", "f14", "f15", "f16", "f17", "f18", "f19", "f20"};
  uint32_t count = 20;
  put_byte(buffer, KL_TAG_MAP);
  put(buffer, &count, sizeof count);
  for (int i = 0; i < 20; i++) {
    put_text(buffer, names[i]);
    if (i < 12) {
      int64_t value = turn + i;
      put_byte(buffer, KL_TAG_INT);
      put(buffer, &value, sizeof value);
    } else if (i < 18) {
      put_byte(buffer, KL_TAG_STRING);
      put_text(buffer, "a text of some size");
    } else {
      put_byte(buffer, i == 18 ? KL_TAG_TRUE : KL_TAG_FALSE);
    }
  }
}

/* Reads the answer as a C program would: every field, integers added up. */
static int64_t sum_fields(const uint8_t *bytes, size_t length) {
  const uint8_t *end = bytes + length;
  int64_t sum = 0, value;
  uint32_t count, size;
  if (length < 5 || *bytes++ != KL_TAG_MAP) return -1;
  memcpy(&count, bytes, 4);
  bytes += 4;
  if (count != 20) return -1;
  while (count-- && bytes < end) {
    memcpy(&size, bytes, 4);
    bytes += 4 + size;
    switch (*bytes++) {
    case KL_TAG_INT: memcpy(&value, bytes, 8); bytes += 8; sum += value; break;
    case KL_TAG_STRING: memcpy(&size, bytes, 4); bytes += 4 + size; break;
    case KL_TAG_TRUE: case KL_TAG_FALSE: break;
    default: return -1;
    }
  }
  return sum;
}

static int no_host(void *context, uint32_t function, const uint8_t *arguments, size_t length, kl_buffer *results) {
  (void)context; (void)function; (void)arguments; (void)length; (void)results;
  return KL_HOST_LEAVE;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: rule_floor RULE CALLS\n");
    return 2;
  }
  static uint8_t source[1 << 18];
  FILE *file = fopen(argv[1], "r");
  if (!file) return 1;
  size_t size = fread(source, 1, sizeof source, file);
  fclose(file);

  kl_failure failure;
  kl_chunk *chunk = kl_compile(source, size, "rule.lua", false, &failure);
  if (!chunk) {
    fprintf(stderr, "rule_floor: %s:%d: %s\n", failure.file, failure.line, failure.message);
    return 1;
  }
  kl_base *base = kl_base_new(NULL, 0, NULL, 0);
  kl_module module = {"rule", chunk};
  kl_program *program = kl_program_new(base, &module, 1, "rule");
  kl_request request = {
      .program = program, .path = "run", .mode = KL_CALL, .seed = 1, .call = no_host,
      .limits = {.steps = 5000000, .cpu_nanoseconds = 100000000, .wall_nanoseconds = 1000000000, .memory = 16 << 20,
                 .host_calls = 200, .log_bytes = 64 << 10, .result_bytes = 1 << 20, .nodes = 10000},
  };
  long calls = atol(argv[2]);
  for (int batch = 0; batch < 10; batch++) {
    double start = now();
    for (long i = 0; i < calls; i++) {
      kl_slot *slot = kl_enter();
      kl_report report;
      put_fields(kl_arguments(slot), i);
      kl_run(slot, &request, &report);
      if (report.verdict != KL_OK || sum_fields(report.result, report.result_length) < 0) {
        fprintf(stderr, "rule_floor: verdict %d: %s\n", report.verdict, report.message);
        return 1;
      }
      kl_exit(slot);
    }
    printf("ns %.0f\n", (now() - start) / (double)calls);
  }
  kl_program_release(program);
  kl_base_release(base);
  kl_chunk_release(chunk);
  return 0;
}
