// The life of connections and requests on libmicrohttpd's threads, deadlines, and the graceful stop.
#include "http_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ull
#define TICK_NANOSECONDS (SECOND / 4)
#define SLOWEST_READER 4096  // bytes a second that a client must take of an answer

// MARK: - Connections

static void describe_peer(struct MHD_Connection *mhd, kh_connection *c) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  const struct sockaddr *a = info ? info->client_addr : NULL;
  if (!c->local && a && a->sa_family == AF_INET)
    inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, c->peer, sizeof c->peer);
  else if (!c->local && a && a->sa_family == AF_INET6)
    inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, c->peer, sizeof c->peer);
  else strcpy(c->peer, "local");
  c->peer_count = (uint8_t)strlen(c->peer);
}

static void connection_changed(
    void *context, struct MHD_Connection *mhd, void **socket_context, enum MHD_ConnectionNotificationCode code) {
  kh_daemon *daemon = context;
  kh_server *server = daemon->server;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    kh_connection *c = calloc(1, sizeof *c);
    if (!c) return; // requests on it are then refused by closing it
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    c->server = server;
    c->socket = info->connect_fd;
    c->local = daemon->local;
    c->tls = daemon->tls;
    describe_peer(mhd, c);
    pthread_mutex_init(&c->lock, NULL);
    c->waiting_since = kh_now();
    atomic_init(&c->deadline, c->waiting_since + (uint64_t)server->options.request_deadline_seconds * SECOND);
    pthread_mutex_lock(&server->registry);
    c->next = server->connections;
    if (c->next) c->next->previous = c;
    server->connections = c;
    pthread_mutex_unlock(&server->registry);
    atomic_fetch_add_explicit(&server->connection_count, 1, memory_order_relaxed);
    *socket_context = c;
    return;
  }
  kh_connection *c = *socket_context;
  if (!c) return;
  *socket_context = NULL;
  pthread_mutex_lock(&server->registry);
  if (c->next) c->next->previous = c->previous;
  if (c->previous) c->previous->next = c->next;
  else server->connections = c->next;
  pthread_mutex_unlock(&server->registry);
  atomic_fetch_sub_explicit(&server->connection_count, 1, memory_order_relaxed);
  pthread_mutex_destroy(&c->lock);
  free(c->target);
  free(c);
}

static kh_connection *connection_of(struct MHD_Connection *mhd) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

/// The library's first word of a request: its target, before anything is decoded.
static void *target_arrived(void *context, const char *target, struct MHD_Connection *mhd) {
  (void)context;
  kh_connection *c = connection_of(mhd);
  if (!c) return NULL;
  size_t n = target ? strlen(target) : 0;
  if (n > c->target_capacity) {
    char *larger = realloc(c->target, n + 256);
    if (!larger) n = 0; // refused by the gate as an empty target
    else {
      c->target = larger;
      c->target_capacity = n + 256;
    }
  }
  if (n) memcpy(c->target, target, n);
  c->target_count = n;
  c->target_address = target;
  return NULL;
}

static size_t do_not_decode(void *context, struct MHD_Connection *mhd, char *text) {
  (void)context;
  (void)mhd;
  return strlen(text);
}

// MARK: - Answering

/// Lets go of an answer that has been queued, or never will be.
static void drop_response(kh_request *r) {
  if (r->shared) kh_shared_release(r->shared);
  else if (r->response) MHD_destroy_response(r->response);
  r->response = NULL;
  r->shared = NULL;
}

static enum MHD_Result queue(kh_request *r) {
  kh_connection *c = r->connection;
  if (!r->response) return MHD_NO; // queued before, and not taken because the library is shutting down
  // What is being drained closes its connection; an answer shared with others cannot say so, and is cut off at the end.
  if (kh_server_draining(r->server) && !r->shared) MHD_add_response_header(r->response, "Connection", "close");
  uint64_t deadline = 0;
  if (!r->streamed)
    deadline = kh_now() + (uint64_t)r->server->options.request_deadline_seconds * SECOND +
               r->response_bytes / SLOWEST_READER * SECOND;
  atomic_store_explicit(&c->deadline, deadline, memory_order_relaxed);
  enum MHD_Result result = MHD_queue_response(r->mhd, (unsigned)r->status, r->response);
  drop_response(r);
  return result;
}

static enum MHD_Result refuse_now(kh_request *r) {
  uint64_t bytes = 0;
  struct MHD_Response *response = kh_refusal_response(r, &bytes);
  if (!response) return MHD_NO;
  atomic_fetch_add_explicit(&r->server->refused, 1, memory_order_relaxed);
  // Swift may have answered at the head, and then the body broke a rule: the rule wins.
  if (atomic_exchange(&r->answered, 1)) drop_response(r);
  r->response = response;
  r->status = r->refusal.status;
  r->response_bytes = bytes;
  atomic_store(&r->phase, KH_DONE);
  return queue(r);
}

void kh_suspend(kh_server *server, struct MHD_Connection *mhd) {
  atomic_fetch_add(&server->suspended, 1);
  MHD_suspend_connection(mhd);
}

void kh_resume(kh_server *server, struct MHD_Connection *mhd) {
  MHD_resume_connection(mhd);
  atomic_fetch_sub(&server->suspended, 1);
}

/// By whoever has set `answered`.
static void publish(kh_request *r, int status, struct MHD_Response *response, kh_shared *shared, uint64_t bytes) {
  r->response = response;
  r->shared = shared;
  r->status = status;
  r->response_bytes = bytes;
  struct MHD_Connection *mhd = r->mhd;
  kh_server *server = r->server;
  // Whoever turns SUSPENDED into DONE resumes; RUNNING is seen by the connection's own thread.
  if (atomic_exchange(&r->phase, KH_DONE) == KH_SUSPENDED) kh_resume(server, mhd);
}

void kh_stream_answer(kh_request *r, int status, kh_response *response) {
  publish(r, status, (struct MHD_Response *)response, NULL, 0);
}

static bool answer(kh_request *r, int status, struct MHD_Response *response, kh_shared *shared, uint64_t bytes) {
  if (atomic_exchange(&r->answered, 1)) return false;
  publish(r, status, response, shared, bytes);
  return true;
}

bool kh_answer(kh_request *r, int status, kh_response *response, uint64_t bytes) {
  if (answer(r, status, (struct MHD_Response *)response, NULL, bytes)) return true;
  MHD_destroy_response((struct MHD_Response *)response);
  return false;
}

bool kh_answer_shared(kh_request *r, kh_shared *shared) {
  atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
  if (answer(r, shared->status, shared->response, shared, shared->bytes)) return true;
  kh_shared_release(shared);
  return false;
}

static void answer_stopping(kh_request *r) {
  kh_refuse(r, 503, "http.stopping", "Service unavailable", "The server is stopping. Try again in a moment.");
  uint64_t bytes = 0;
  struct MHD_Response *response = kh_refusal_response(r, &bytes);
  if (response) kh_answer(r, 503, (kh_response *)response, bytes);
}

static enum MHD_Result suspend(kh_request *r) {
  kh_connection *c = r->connection;
  kh_request_retain(r);
  pthread_mutex_lock(&c->lock);
  c->suspended = r;
  pthread_mutex_unlock(&c->lock);
  kh_suspend(r->server, r->mhd);
  int running = KH_RUNNING;
  if (!atomic_compare_exchange_strong(&r->phase, &running, KH_SUSPENDED)) kh_resume(r->server, r->mhd);
  else if (atomic_load(&r->server->refusing)) answer_stopping(r); // the stop may have looked before we were listed
  return MHD_YES;
}

// MARK: - Requests

static enum MHD_Result first_call(
    kh_daemon *daemon, struct MHD_Connection *mhd, const char *method, const char *version, void **state) {
  kh_server *server = daemon->server;
  kh_connection *c = connection_of(mhd);
  if (!c) return MHD_NO;
  kh_request *r = kh_gate(c, mhd, method, version, &server->options);
  if (!r) return MHD_NO;
  *state = r;
  atomic_fetch_add(&server->in_flight, 1);
  if (r->refusal.status) return refuse_now(r);
  if (atomic_load(&server->refusing)) {
    kh_refuse(r, 503, "http.stopping", "Service unavailable", "The server is stopping. Try again in a moment.");
    return refuse_now(r);
  }
  bool has_body = r->head.content_length != 0;
  if (has_body) {
    // A kept-alive connection may have been idle for a while before the head began.
    uint64_t idle = c->kept_alive ? (uint64_t)server->options.idle_timeout_seconds * SECOND : 0;
    uint64_t began = c->waiting_since + idle;
    if (began > r->head.received_at) began = r->head.received_at;
    atomic_store_explicit(
        &c->deadline, began + (uint64_t)server->options.request_deadline_seconds * SECOND, memory_order_relaxed);
  } else atomic_store_explicit(&c->deadline, 0, memory_order_relaxed);

  int64_t limit = server->callbacks.head(server->callbacks.context, r);
  if (!has_body) return MHD_YES; // answered on the second call: on this one the library would close the connection
  if (limit < 0) {
    r->discard = true;
    if (r->expects_continue || r->head.content_length > KH_DISCARD_MAX) {
      if (limit == KH_ANSWERED) return queue(r);
      limit = KH_DISCARD_MAX;
    }
  }
  r->body_limit = r->discard ? KH_DISCARD_MAX : limit;
  if (r->head.content_length > r->body_limit) {
    kh_refuse(r, 413, "http.body_too_large", "Content too large", "The request body is larger than this route takes.");
    return refuse_now(r);
  }
  return MHD_YES;
}

static enum MHD_Result body_call(kh_request *r, const char *bytes, size_t *count) {
  size_t n = *count;
  *count = 0;
  r->body_seen += n;
  if (r->body_seen > (uint64_t)r->body_limit) {
    r->over = true;
    return r->body_seen > (uint64_t)r->body_limit + KH_OVERRUN_MAX ? MHD_NO : MHD_YES;
  }
  if (r->discard) return MHD_YES;
  if (r->body_count + n > r->body_capacity) {
    size_t room = r->body_capacity ? r->body_capacity * 2 : 4096;
    if (!r->body_capacity && r->head.content_length > 0)
      room = r->head.content_length < 65536 ? (size_t)r->head.content_length : 65536;
    while (room < r->body_count + n) room *= 2;
    char *larger = realloc(r->body, room);
    if (!larger) return MHD_NO;
    r->body = larger;
    r->body_capacity = room;
  }
  memcpy(r->body + r->body_count, bytes, n);
  r->body_count += n;
  return MHD_YES;
}

static enum MHD_Result final_call(kh_request *r) {
  kh_server *server = r->server;
  if (r->over) {
    kh_refuse(r, 413, "http.body_too_large", "Content too large", "The request body is larger than this route takes.");
    return refuse_now(r);
  }
  if (atomic_load(&r->phase) == KH_DONE) return queue(r);
  if (r->handled) return MHD_YES;
  r->handled = true;
  atomic_store_explicit(&r->connection->deadline, 0, memory_order_relaxed);
  server->callbacks.handle(server->callbacks.context, r);
  if (atomic_load(&r->phase) == KH_DONE) return queue(r);
  return suspend(r);
}

static enum MHD_Result access_handler(
    void *context, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
    const char *bytes, size_t *count, void **state) {
  (void)url;
  kh_request *r = *state;
  if (!r) return first_call(context, mhd, method, version, state);
  if (*count) return body_call(r, bytes, count);
  return final_call(r);
}

static void request_completed(
    void *context, struct MHD_Connection *mhd, void **state, enum MHD_RequestTerminationCode why) {
  (void)mhd;
  kh_server *server = ((kh_daemon *)context)->server;
  kh_request *r = *state;
  if (!r) return;
  *state = NULL;
  kh_connection *c = r->connection;
  uint64_t now = kh_now();
  if (!atomic_exchange(&r->answered, 1)) r->status = 0; // broke off before an answer: a late one will be dropped
  else drop_response(r); // if it was never sent
  server->callbacks.finished(
      server->callbacks.context, r, r->status, r->response_bytes, now - r->head.received_at,
      why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
  c->kept_alive = true;
  c->waiting_since = now;
  uint64_t allowed = (uint64_t)(server->options.idle_timeout_seconds + server->options.request_deadline_seconds);
  atomic_store_explicit(&c->deadline, now + allowed * SECOND, memory_order_relaxed);
  if (c->suspended == r) { // only this thread sets it
    pthread_mutex_lock(&c->lock);
    c->suspended = NULL;
    pthread_mutex_unlock(&c->lock);
    kh_request_release(r);
  }
  kh_request_release(r);
  if (atomic_fetch_sub(&server->in_flight, 1) == 1 && atomic_load(&server->draining)) {
    pthread_mutex_lock(&server->stop_lock);
    pthread_cond_broadcast(&server->stop_signal);
    pthread_mutex_unlock(&server->stop_lock);
  }
}

static void library_message(void *context, const char *format, va_list arguments) {
  kh_server *server = context;
  char text[512];
  int n = vsnprintf(text, sizeof text, format, arguments);
  if (n <= 0) return;
  if ((size_t)n >= sizeof text) n = sizeof text - 1;
  while (n > 0 && text[n - 1] == '\n') text[--n] = 0;
  server->callbacks.message(server->callbacks.context, text);
}

// MARK: - Server

static void *housekeep(void *context) {
  kh_server *server = context;
  pthread_mutex_lock(&server->stop_lock);
  while (!server->stopping) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)TICK_NANOSECONDS;
    if (until.tv_nsec >= (long)SECOND) {
      until.tv_nsec -= (long)SECOND;
      until.tv_sec++;
    }
    pthread_cond_timedwait(&server->stop_signal, &server->stop_lock, &until);
    if (server->stopping) break;
    pthread_mutex_unlock(&server->stop_lock);
    uint64_t now = kh_now();
    pthread_mutex_lock(&server->registry);
    for (kh_connection *c = server->connections; c; c = c->next) {
      uint64_t deadline = atomic_load_explicit(&c->deadline, memory_order_relaxed);
      if (!deadline || now <= deadline) continue;
      atomic_store_explicit(&c->deadline, 0, memory_order_relaxed);
      atomic_fetch_add_explicit(&server->deadlines, 1, memory_order_relaxed);
      shutdown(c->socket, SHUT_RDWR); // the library sees the end of the connection and closes it
    }
    pthread_mutex_unlock(&server->registry);
    kh_streams_tick(server, now);
    pthread_mutex_lock(&server->stop_lock);
  }
  pthread_mutex_unlock(&server->stop_lock);
  return NULL;
}

kh_server *kh_server_new(const kh_options *options, const kh_callbacks *callbacks) {
  kh_server *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  atomic_init(&s->references, 1);
  s->options = *options;
  s->callbacks = *callbacks;
  if (options->certificate_pem) s->certificate = strdup(options->certificate_pem);
  if (options->key_pem) s->key = strdup(options->key_pem);
  pthread_mutex_init(&s->registry, NULL);
  pthread_mutex_init(&s->stop_lock, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&s->stop_signal, &monotonic);
  pthread_condattr_destroy(&monotonic);
  s->housekeeper_started = pthread_create(&s->housekeeper, NULL, housekeep, s) == 0;
  if (s->housekeeper_started) return s;
  kh_server_free(s);
  return NULL;
}

static int start_daemon(kh_server *s, int listening, bool tls, bool local, const char *path, char *message, size_t size) {
  if (s->daemon_count == (int)(sizeof s->daemons / sizeof *s->daemons)) {
    snprintf(message, size, "too many listeners");
    close(listening);
    return ENOSPC;
  }
  kh_daemon *d = &s->daemons[s->daemon_count];
  *d = (kh_daemon){.server = s, .socket = listening, .tls = tls, .local = local};
  if (path) snprintf(d->path, sizeof d->path, "%s", path);
  int threads = local ? 1 : s->options.threads;
  struct MHD_OptionItem more[4] = {{MHD_OPTION_END, 0, NULL}};
  int n = 0;
  if (threads > 1) more[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, threads, NULL};
  if (tls) {
    more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, s->certificate};
    more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, s->key};
  }
  more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG;
  if (tls) flags |= MHD_USE_TLS;
  // Not "strict": 0.9.75 would then answer a missing Host itself; the gate does all of it and more.
  d->mhd = MHD_start_daemon(
      flags, 0, NULL, NULL, access_handler, d,
      MHD_OPTION_EXTERNAL_LOGGER, library_message, s,
      MHD_OPTION_LISTEN_SOCKET, listening,
      MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->options.connection_limit,
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)s->options.connection_limit_per_address,
      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)s->options.idle_timeout_seconds,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)s->options.memory_per_connection,
      MHD_OPTION_THREAD_STACK_SIZE, (size_t)(1 << 20),
      MHD_OPTION_URI_LOG_CALLBACK, target_arrived, d,
      MHD_OPTION_UNESCAPE_CALLBACK, do_not_decode, NULL,
      MHD_OPTION_NOTIFY_COMPLETED, request_completed, d,
      MHD_OPTION_NOTIFY_CONNECTION, connection_changed, d,
      tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_ARRAY,
      tls ? (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" : (void *)more,
      tls ? MHD_OPTION_ARRAY : MHD_OPTION_END, more, MHD_OPTION_END);
  if (!d->mhd) {
    snprintf(message, size, tls ? "cannot serve: is the certificate or its key damaged?" : "cannot start the HTTP threads");
    close(listening);
    return EINVAL;
  }
  s->daemon_count++;
  return 0;
}

int kh_server_listen(kh_server *s, const char *address, uint16_t *port, bool tls, char *message, size_t size) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } a;
  memset(&a, 0, sizeof a);
  socklen_t count;
  if (inet_pton(AF_INET, address, &a.v4.sin_addr) == 1) {
    a.v4.sin_family = AF_INET;
    a.v4.sin_port = htons(*port);
    count = sizeof a.v4;
  } else if (inet_pton(AF_INET6, address, &a.v6.sin6_addr) == 1) {
    a.v6.sin6_family = AF_INET6;
    a.v6.sin6_port = htons(*port);
    count = sizeof a.v6;
  } else {
    snprintf(message, size, "%s is not a numeric address", address);
    return EINVAL;
  }
  int yes = 1, fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (fd >= 0 && a.any.sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (fd < 0 || bind(fd, &a.any, count) != 0 || listen(fd, 1024) != 0 || getsockname(fd, &a.any, &count) != 0) {
    int error = errno;
    snprintf(message, size, "cannot listen on %s port %d: %s", address, *port, strerror(error));
    if (fd >= 0) close(fd);
    return error;
  }
  *port = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
  return start_daemon(s, fd, tls, false, NULL, message, size);
}

int kh_server_listen_local(kh_server *s, const char *path, char *message, size_t size) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof a.sun_path) {
    snprintf(message, size, "the socket's path is longer than %zu bytes: %s", sizeof a.sun_path - 1, path);
    return ENAMETOOLONG;
  }
  strcpy(a.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0) unlink(path);
  // Nobody can connect between bind and listen, so the mode is right before it matters.
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || chmod(path, 0600) != 0 || listen(fd, 128) != 0) {
    int error = errno;
    snprintf(message, size, "cannot listen on %s: %s", path, strerror(error));
    if (fd >= 0) close(fd);
    return error;
  }
  return start_daemon(s, fd, false, true, path, message, size);
}

bool kh_server_draining(const kh_server *s) { return atomic_load_explicit(&s->draining, memory_order_relaxed); }

kh_counts kh_server_counts(const kh_server *s) {
  return (kh_counts){
      .connections = atomic_load(&s->connection_count), .requests = atomic_load(&s->in_flight),
      .streams = atomic_load(&s->stream_count), .refused = atomic_load(&s->refused),
      .deadlines = atomic_load(&s->deadlines)};
}

static void wait_until_idle(kh_server *s, uint64_t nanoseconds) {
  uint64_t end = kh_now() + nanoseconds;
  struct timespec until = {.tv_sec = (time_t)(end / SECOND), .tv_nsec = (long)(end % SECOND)};
  pthread_mutex_lock(&s->stop_lock);
  while (atomic_load(&s->in_flight) > 0 && pthread_cond_timedwait(&s->stop_signal, &s->stop_lock, &until) == 0) {}
  pthread_mutex_unlock(&s->stop_lock);
}

int kh_server_stop(kh_server *s, int drain_milliseconds) {
  atomic_store(&s->draining, true);
  for (int i = 0; i < s->daemon_count; i++) {
    MHD_quiesce_daemon(s->daemons[i].mhd);
    shutdown(s->daemons[i].socket, SHUT_RDWR); // refuses; closing must wait until the library's threads have ended
    if (s->daemons[i].path[0]) unlink(s->daemons[i].path);
  }
  kh_streams_end(s, false);
  wait_until_idle(s, (uint64_t)drain_milliseconds * 1000000u);

  // What still waits is answered for; from here on nothing new is handed on.
  atomic_store(&s->refusing, true);
  int cut = 0;
  kh_streams_end(s, true);
  pthread_mutex_lock(&s->registry);
  for (kh_connection *c = s->connections; c; c = c->next) {
    pthread_mutex_lock(&c->lock);
    if (c->suspended && !atomic_load(&c->suspended->answered)) {
      cut++;
      answer_stopping(c->suspended);
    }
    pthread_mutex_unlock(&c->lock);
  }
  pthread_mutex_unlock(&s->registry);
  if (cut) wait_until_idle(s, SECOND / 2);
  // Whoever is just now resuming a connection has a few instructions left to do so.
  for (int i = 0; i < 5000 && atomic_load(&s->suspended) > 0; i++) usleep(1000);

  for (int i = 0; i < s->daemon_count; i++) {
    MHD_stop_daemon(s->daemons[i].mhd);
    close(s->daemons[i].socket);
  }
  s->daemon_count = 0;
  return cut;
}

void kh_server_free(kh_server *s) {
  if (s->housekeeper_started) {
    pthread_mutex_lock(&s->stop_lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->stop_signal);
    pthread_mutex_unlock(&s->stop_lock);
    pthread_join(s->housekeeper, NULL);
  }
  kh_server_release(s);
}

void kh_server_release(kh_server *s) {
  if (atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1) return;
  pthread_cond_destroy(&s->stop_signal);
  pthread_mutex_destroy(&s->stop_lock);
  pthread_mutex_destroy(&s->registry);
  free(s->certificate);
  if (s->key) explicit_bzero(s->key, strlen(s->key));
  free(s->key);
  free(s);
}

// MARK: - Responses

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
