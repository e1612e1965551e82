// The life of connections and requests on libmicrohttpd's threads.
#include "http_internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

// Closing a socket with unread bytes resets the connection, and the client may never see why its upload was refused. So a
// second descriptor keeps it open, and the housekeeper reads on for a moment. The library has ended its own side by then.

static void keep_reading(kh_server *server, int socket) {
  int fd = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return;
  pthread_mutex_lock(&server->registry);
  bool room = server->lingering_count < KH_LINGER_MAX;
  if (room) server->lingering[server->lingering_count++] = (kh_lingerer){fd, kh_now() + 2 * SECOND};
  pthread_mutex_unlock(&server->registry);
  if (!room) close(fd);
}

void kh_connection_changed(
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
    atomic_init(&c->state, KH_IDLE);
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
  if (c->linger && !c->tls) keep_reading(server, c->socket);
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
void *kh_target_arrived(void *context, const char *target, struct MHD_Connection *mhd) {
  (void)context;
  kh_connection *c = connection_of(mhd);
  if (!c) return NULL;
  atomic_store_explicit(&c->state, KH_READING, memory_order_relaxed);
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
  atomic_store_explicit(&c->state, r->streamed ? KH_STREAMING : KH_SENDING, memory_order_relaxed);
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

void kh_answer_stopping(kh_request *r) {
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
  else if (atomic_load(&r->server->refusing)) kh_answer_stopping(r); // the stop may have looked before we were listed
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
      if (limit == KH_ANSWERED) {
        c->linger = true;
        return queue(r);
      }
      limit = KH_DISCARD_MAX;
    }
  }
  r->body_limit = r->discard ? KH_DISCARD_MAX : limit;
  if (r->head.content_length > r->body_limit) {
    c->linger = true;
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
  atomic_store_explicit(&r->connection->state, KH_WORKING, memory_order_relaxed);
  atomic_store_explicit(&r->connection->deadline, 0, memory_order_relaxed);
  server->callbacks.handle(server->callbacks.context, r);
  if (atomic_load(&r->phase) == KH_DONE) return queue(r);
  return suspend(r);
}

enum MHD_Result kh_access(
    void *context, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
    const char *bytes, size_t *count, void **state) {
  (void)url;
  kh_request *r = *state;
  if (!r) return first_call(context, mhd, method, version, state);
  if (*count) return body_call(r, bytes, count);
  return final_call(r);
}

void kh_request_completed(
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
  atomic_store_explicit(&c->state, KH_IDLE, memory_order_relaxed);
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
