/* The floor under "one sale over HTTP, answered when it is on disk": what is left when everything but the SQL is taken away.
 *
 * libmicrohttpd (epoll, two threads) suspends each request; one writer thread runs the recorded statements of one real sale
 * for each that waits, all inside one transaction, commits once, then resumes them all. No parsing, no rules, no log-in.
 *
 * Build: cc -O2 -std=gnu11 -Wall -Wextra sale_floor.c -o sale_floor -lmicrohttpd -lsqlite3 -lpthread
 * Run:   ./sale_floor DATABASE RECORDING ANSWER      prints "port N"; ends at SIGTERM
 *
 * DATABASE   a copy of a business's file, as it was when the recording ended; it is written to.
 * RECORDING  the statements of one sale, lines of text, as `kontor bench` writes them:
 *              statement BYTES      then the SQL, then a newline
 *              integer START STEP   a parameter: START, START + STEP, ... sale by sale
 *              text PARTS, blob BYTES   parameters too; PARTS lines follow, each one of
 *                literal BYTES      then the text, then a newline
 *                counter START STEP WIDTH
 *                noise BYTES        letters and digits by chance
 * ANSWER     the body that each request gets.
 */
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_STATEMENTS = 256, CHECKPOINT_FRAMES = 4000, MAX_TEXT = 1 << 16 };

struct part { enum { LITERAL, COUNTER, NOISE } kind; char *text; int64_t start, step; int size; };
struct parameter { enum { INTEGER, TEXT, BLOB } kind; int64_t start, step; int count; struct part *parts; };
struct statement { sqlite3_stmt *handle; int count; struct parameter *parameters; };

static struct statement statements[MAX_STATEMENTS];
static int statement_count;
static sqlite3 *db;
static int64_t sales, commits;
static char *answer_body;
static size_t answer_size;

struct request { struct MHD_Connection *connection; struct request *next; int done; };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t waiting = PTHREAD_COND_INITIALIZER;
static struct request *first, **last = &first;
static int stopping;

static void die(const char *what) {
  fprintf(stderr, "sale_floor: %s: %s\n", what, db ? sqlite3_errmsg(db) : "cannot be read");
  exit(1);
}

static char *read_bytes(FILE *file, int size) {
  char *text = malloc((size_t)size + 1);
  if (!text || fread(text, 1, (size_t)size, file) != (size_t)size || fgetc(file) != '\n') die("recording");
  text[size] = 0;
  return text;
}

static void read_parts(FILE *file, struct parameter *p) {
  p->parts = calloc((size_t)p->count, sizeof *p->parts);
  for (int i = 0; i < p->count; i++) {
    struct part *part = &p->parts[i];
    char word[16];
    long long start, step;
    if (fscanf(file, "%15s", word) != 1) die("recording");
    if (!strcmp(word, "literal") && fscanf(file, "%d", &part->size) == 1 && fgetc(file) == '\n') {
      part->kind = LITERAL;
      part->text = read_bytes(file, part->size);
    } else if (!strcmp(word, "counter") && fscanf(file, "%lld %lld %d", &start, &step, &part->size) == 3) {
      part->kind = COUNTER;
      part->start = start;
      part->step = step;
    } else if (!strcmp(word, "noise") && fscanf(file, "%d", &part->size) == 1) {
      part->kind = NOISE;
    } else {
      die("recording");
    }
  }
}

static void read_recording(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) die(path);
  char word[16];
  int size;
  long long start, step;
  struct statement *s = NULL;
  while (fscanf(file, "%15s", word) == 1) {
    if (!strcmp(word, "statement")) {
      if (fscanf(file, "%d", &size) != 1 || fgetc(file) != '\n' || statement_count == MAX_STATEMENTS) die("recording");
      char *sql = read_bytes(file, size);
      s = &statements[statement_count++];
      if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, NULL) != SQLITE_OK) die(sql);
      s->parameters = calloc((size_t)sqlite3_bind_parameter_count(s->handle) + 1, sizeof *s->parameters);
      free(sql);
      continue;
    }
    if (!s || s->count == sqlite3_bind_parameter_count(s->handle)) die("recording");
    struct parameter *p = &s->parameters[s->count++];
    if (!strcmp(word, "integer") && fscanf(file, "%lld %lld", &start, &step) == 2) {
      p->kind = INTEGER;
      p->start = start;
      p->step = step;
    } else if (!strcmp(word, "text") && fscanf(file, "%d", &p->count) == 1) {
      p->kind = TEXT;
      read_parts(file, p);
    } else if (!strcmp(word, "blob") && fscanf(file, "%d", &p->count) == 1) {
      p->kind = BLOB;
    } else {
      die("recording");
    }
  }
  fclose(file);
}

static uint64_t next_random(void) {
  static uint64_t state = 0x9e3779b97f4a7c15ULL;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static int make_text(const struct parameter *p, int64_t turn, char *out) {
  static const char digits[] = "0123456789abcdef";
  int size = 0;
  for (int i = 0; i < p->count; i++) {
    const struct part *part = &p->parts[i];
    if (size + part->size + 24 > MAX_TEXT) die("text too long");
    switch (part->kind) {
    case LITERAL:
      memcpy(out + size, part->text, (size_t)part->size);
      size += part->size;
      break;
    case COUNTER:
      size += sprintf(out + size, "%0*lld", part->size, (long long)(part->start + part->step * turn));
      break;
    case NOISE:
      for (int n = 0; n < part->size; n++) out[size++] = digits[next_random() >> 60];
      break;
    }
  }
  return size;
}

static void post_one_sale(int64_t turn) {
  static char text[MAX_TEXT];
  for (int i = 0; i < statement_count; i++) {
    struct statement *s = &statements[i];
    for (int n = 0; n < s->count; n++) {
      struct parameter *p = &s->parameters[n];
      int status = SQLITE_OK;
      switch (p->kind) {
      case INTEGER: status = sqlite3_bind_int64(s->handle, n + 1, p->start + p->step * turn); break;
      case TEXT: status = sqlite3_bind_text(s->handle, n + 1, text, make_text(p, turn, text), SQLITE_TRANSIENT); break;
      case BLOB:
        for (int b = 0; b < p->count; b++) text[b] = (char)next_random();
        status = sqlite3_bind_blob(s->handle, n + 1, text, p->count, SQLITE_TRANSIENT);
        break;
      }
      if (status != SQLITE_OK) die("bind");
    }
    int status;
    while ((status = sqlite3_step(s->handle)) == SQLITE_ROW) {}
    if (status != SQLITE_DONE) die(sqlite3_sql(s->handle));
    sqlite3_reset(s->handle);
  }
}

static void exec(const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(sql);
}

static int frames_written;
static int on_commit(void *cls, sqlite3 *handle, const char *name, int frames) {
  (void)cls; (void)handle; (void)name;
  frames_written = frames;
  return SQLITE_OK;
}

static void *writer(void *unused) {
  (void)unused;
  for (;;) {
    pthread_mutex_lock(&lock);
    while (!first && !stopping) pthread_cond_wait(&waiting, &lock);
    struct request *batch = first;
    first = NULL;
    last = &first;
    pthread_mutex_unlock(&lock);
    if (!batch) return NULL;
    exec("BEGIN IMMEDIATE");
    for (struct request *r = batch; r; r = r->next) post_one_sale(sales++);
    exec("COMMIT");
    commits++;
    for (struct request *r = batch, *next; r; r = next) {
      next = r->next;
      r->done = 1;
      MHD_resume_connection(r->connection);
    }
    if (frames_written > CHECKPOINT_FRAMES) sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
  }
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state) {
  (void)cls; (void)url; (void)method; (void)version; (void)data;
  struct request *r = *state;
  if (!r) {
    r = calloc(1, sizeof *r);
    if (!r) return MHD_NO;
    r->connection = connection;
    *state = r;
    return MHD_YES;
  }
  if (*size) {
    *size = 0;
    return MHD_YES;
  }
  if (!r->done) {
    MHD_suspend_connection(connection);
    pthread_mutex_lock(&lock);
    *last = r;
    last = &r->next;
    pthread_cond_signal(&waiting);
    pthread_mutex_unlock(&lock);
    return MHD_YES;
  }
  struct MHD_Response *response = MHD_create_response_from_buffer(answer_size, answer_body, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "Content-Type", "application/json");
  enum MHD_Result ok = MHD_queue_response(connection, 201, response);
  MHD_destroy_response(response);
  return ok;
}

static void finished(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
  (void)cls; (void)connection; (void)why;
  free(*state);
  *state = NULL;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: sale_floor DATABASE RECORDING ANSWER\n");
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, NULL);

  if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) die(argv[1]);
  exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
       "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=0;");
  sqlite3_wal_hook(db, on_commit, NULL);
  read_recording(argv[2]);

  FILE *file = fopen(argv[3], "r");
  answer_body = calloc(1, MAX_TEXT);
  if (!file || !answer_body) die(argv[3]);
  answer_size = fread(answer_body, 1, MAX_TEXT, file);
  fclose(file);

  struct MHD_Daemon *daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, answer, NULL,
      MHD_OPTION_THREAD_POOL_SIZE, (unsigned)2, MHD_OPTION_NOTIFY_COMPLETED, finished, NULL, MHD_OPTION_END);
  if (!daemon) return 1;
  pthread_t thread;
  pthread_create(&thread, NULL, writer, NULL);
  printf("port %u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  fflush(stdout);

  int got;
  sigwait(&ends, &got);
  pthread_mutex_lock(&lock);
  stopping = 1;
  pthread_cond_signal(&waiting);
  pthread_mutex_unlock(&lock);
  pthread_join(thread, NULL);
  MHD_stop_daemon(daemon);
  printf("sales %lld commits %lld\n", (long long)sales, (long long)commits);
  return 0;
}
