/* The floor under "a page of a list over HTTP": libmicrohttpd, one prepared SELECT, its rows as JSON, and nothing else.
 *
 * Two threads with a read-only connection each answer every request with the rows of the statement as objects under the
 * names of its columns: no log-in, no permissions, no parsing.
 *
 * Build: cc -O2 -std=gnu11 -Wall -Wextra list_floor.c -o list_floor -lmicrohttpd -lsqlite3 -lpthread
 * Run:   ./list_floor DATABASE SELECT      prints "port N"; ends at SIGTERM
 */
#include <microhttpd.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *database, *query;

typedef struct { sqlite3 *db; sqlite3_stmt *select; } reader;
static _Thread_local reader mine;

static void die(const char *what) {
  fprintf(stderr, "list_floor: %s: %s\n", what, mine.db ? sqlite3_errmsg(mine.db) : "cannot be opened");
  exit(1);
}

typedef struct { char *bytes; size_t count, capacity; } text;

static void put(text *t, const char *bytes, size_t count) {
  if (t->count + count > t->capacity) {
    t->capacity = (t->count + count) * 2;
    t->bytes = realloc(t->bytes, t->capacity);
    if (!t->bytes) exit(1);
  }
  memcpy(t->bytes + t->count, bytes, count);
  t->count += count;
}

static void put_string(text *t, const char *string, size_t count) {
  put(t, "\"", 1);
  size_t from = 0;
  for (size_t i = 0; i < count; i++) {
    unsigned char c = (unsigned char)string[i];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    char escape[8];
    int length = c == '"' || c == '\\' ? snprintf(escape, sizeof escape, "\\%c", c) : snprintf(escape, sizeof escape, "\\u%04x", c);
    put(t, string + from, i - from);
    put(t, escape, (size_t)length);
    from = i + 1;
  }
  put(t, string + from, count - from);
  put(t, "\"", 1);
}

static void put_value(text *t, int column) {
  char number[32];
  switch (sqlite3_column_type(mine.select, column)) {
  case SQLITE_INTEGER:
    put(t, number, (size_t)snprintf(number, sizeof number, "%lld", (long long)sqlite3_column_int64(mine.select, column)));
    break;
  case SQLITE_TEXT: {
    const char *string = (const char *)sqlite3_column_text(mine.select, column);
    put_string(t, string, (size_t)sqlite3_column_bytes(mine.select, column));
    break;
  }
  default: put(t, "null", 4);
  }
}

static text page(void) {
  if (!mine.db) {
    if (sqlite3_open_v2(database, &mine.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) die(database);
    if (sqlite3_prepare_v3(mine.db, query, -1, SQLITE_PREPARE_PERSISTENT, &mine.select, NULL) != SQLITE_OK) die(query);
  }
  text t = {0};
  put(&t, "{\"items\":[", 10);
  int columns = sqlite3_column_count(mine.select), status, row = 0;
  for (; (status = sqlite3_step(mine.select)) == SQLITE_ROW; row++) {
    put(&t, row ? ",{" : "{", row ? 2 : 1);
    for (int column = 0; column < columns; column++) {
      const char *name = sqlite3_column_name(mine.select, column);
      if (column) put(&t, ",", 1);
      put_string(&t, name, strlen(name));
      put(&t, ":", 1);
      put_value(&t, column);
    }
    put(&t, "}", 1);
  }
  if (status != SQLITE_DONE) die(query);
  sqlite3_reset(mine.select);
  put(&t, "],\"next_cursor\":null}", 21);
  return t;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state) {
  (void)context; (void)url; (void)method; (void)version; (void)data;
  static char seen;
  if (!*state) { /* on the first call an answer would close the connection */
    *state = &seen;
    return MHD_YES;
  }
  if (*size) {
    *size = 0;
    return MHD_YES;
  }
  text t = page();
  struct MHD_Response *response = MHD_create_response_from_buffer(t.count, t.bytes, MHD_RESPMEM_MUST_FREE);
  MHD_add_response_header(response, "Content-Type", "application/json");
  enum MHD_Result ok = MHD_queue_response(connection, 200, response);
  MHD_destroy_response(response);
  return ok;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: list_floor DATABASE SELECT\n");
    return 2;
  }
  database = argv[1];
  query = argv[2];
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, NULL);
  struct MHD_Daemon *daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, answer, NULL,
      MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);
  if (!daemon) return 1;
  printf("port %u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  fflush(stdout);
  int got;
  sigwait(&ends, &got);
  MHD_stop_daemon(daemon);
  return 0;
}
