// Answers of unknown length: event streams and exports, written from any thread through a bounded ring.
//
// With nothing to send the connection is suspended by its own thread, in the reader callback; whoever clears `suspended`
// under the stream's lock resumes it, so it is resumed exactly once.
#define _GNU_SOURCE
#include "http_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t live_streams;
int64_t kh_live_streams(void) { return atomic_load(&live_streams); }

static void release(kh_stream *t) {
  if (atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) != 1) return;
  pthread_cond_destroy(&t->room);
  pthread_mutex_destroy(&t->lock);
  free(t->ring);
  kh_server_release(t->server);
  free(t);
  atomic_fetch_sub_explicit(&live_streams, 1, memory_order_relaxed);
}

void kh_stream_release(kh_stream *t) { release(t); }

/// Under the lock: whether the caller must resume after unlocking.
static bool take_suspension(kh_stream *t) {
  bool was = t->suspended;
  t->suspended = false;
  return was;
}

static ssize_t read_some(void *context, uint64_t position, char *out, size_t room) {
  (void)position;
  kh_stream *t = context;
  pthread_mutex_lock(&t->lock);
  ssize_t n = 0;
  if (t->aborted) n = MHD_CONTENT_READER_END_WITH_ERROR;
  else if (t->count) {
    size_t take = t->count < room ? t->count : room, first = t->capacity - t->start;
    if (first > take) first = take;
    memcpy(out, t->ring + t->start, first);
    memcpy(out + first, t->ring, take - first);
    t->start = (t->start + take) % t->capacity;
    t->count -= take;
    n = (ssize_t)take;
    pthread_cond_broadcast(&t->room);
  } else if (t->closed) n = MHD_CONTENT_READER_END_OF_STREAM;
  else {
    t->suspended = true;
    kh_suspend(t->server, t->mhd);
  }
  pthread_mutex_unlock(&t->lock);
  return n;
}

/// The library is done with the stream: sent, broken off, or never begun.
static void reader_gone(void *context) {
  kh_stream *t = context;
  kh_server *server = t->server;
  pthread_mutex_lock(&server->registry);
  if (t->listed) {
    t->listed = false;
    if (t->next) t->next->previous = t->previous;
    if (t->previous) t->previous->next = t->next;
    else server->streams = t->next;
    atomic_fetch_sub_explicit(&server->stream_count, 1, memory_order_relaxed);
  }
  pthread_mutex_unlock(&server->registry);
  pthread_mutex_lock(&t->lock);
  t->gone = t->closed = true;
  pthread_cond_broadcast(&t->room);
  pthread_mutex_unlock(&t->lock);
  if (t->on_closed) t->on_closed(t->context);
  release(t);
}

kh_stream *kh_stream_new(
    kh_request *request, size_t capacity, int keep_alive_seconds, kh_stream_closed closed, void *context,
    kh_response **response) {
  // The claim keeps the connection where it is until kh_stream_answer.
  if (atomic_exchange(&request->answered, 1)) return NULL;
  kh_stream *t = calloc(1, sizeof *t);
  char *ring = malloc(capacity);
  if (!t || !ring) {
    free(t);
    free(ring);
    atomic_store(&request->answered, 0);
    return NULL;
  }
  kh_server *server = request->server;
  *t = (kh_stream){
      .server = server, .mhd = request->mhd, .socket = request->connection->socket, .ring = ring, .capacity = capacity,
      .keep_alive = (uint64_t)keep_alive_seconds * SECOND, .last_write = kh_now(), .on_closed = closed,
      .context = context, .listed = true};
  atomic_init(&t->references, 2); // the caller's and the library's
  pthread_mutex_init(&t->lock, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&t->room, &monotonic);
  pthread_condattr_destroy(&monotonic);
  struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_some, t, reader_gone);
  if (!r) {
    pthread_cond_destroy(&t->room);
    pthread_mutex_destroy(&t->lock);
    free(ring);
    free(t);
    atomic_store(&request->answered, 0);
    return NULL;
  }
  atomic_fetch_add_explicit(&server->references, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&live_streams, 1, memory_order_relaxed);
  request->streamed = true;
  // To a HEAD request 0.9.75 sends the last chunk of the body that it does not send: nothing may come after that.
  if (request->head.method == KH_HEAD) MHD_add_response_header(r, "Connection", "close");
  pthread_mutex_lock(&server->registry);
  t->next = server->streams;
  if (t->next) t->next->previous = t;
  server->streams = t;
  pthread_mutex_unlock(&server->registry);
  atomic_fetch_add_explicit(&server->stream_count, 1, memory_order_relaxed);
  // A stop that began before this looked for streams may not have seen it.
  pthread_mutex_lock(&t->lock);
  if (atomic_load(&server->refusing)) t->aborted = t->closed = true;
  if (atomic_load(&server->draining) && t->keep_alive) t->closed = true;
  pthread_mutex_unlock(&t->lock);
  *response = (kh_response *)r;
  return t;
}

/// Under the lock.
static void cut(kh_stream *t) {
  t->aborted = t->closed = true;
  t->count = 0;
  pthread_cond_broadcast(&t->room);
}

/// Holding the registry's lock. A connection whose peer does not read is not looked at again until its timeout, unless
/// its socket says that it is over.
static void break_off(kh_stream *t) {
  if (t->listed) shutdown(t->socket, SHUT_RDWR);
}

static void append(kh_stream *t, const char *bytes, size_t count) {
  size_t end = (t->start + t->count) % t->capacity, first = t->capacity - end;
  if (first > count) first = count;
  memcpy(t->ring + end, bytes, first);
  memcpy(t->ring, bytes + first, count - first);
  t->count += count;
}

bool kh_stream_write(kh_stream *t, const void *bytes, size_t count, int wait_milliseconds) {
  const char *from = bytes;
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  uint64_t end = (uint64_t)until.tv_sec * SECOND + (uint64_t)until.tv_nsec + (uint64_t)wait_milliseconds * 1000000u;
  until = (struct timespec){.tv_sec = (time_t)(end / SECOND), .tv_nsec = (long)(end % SECOND)};
  pthread_mutex_lock(&t->lock);
  t->last_write = kh_now();
  while (count && !t->closed) {
    size_t room = t->capacity - t->count;
    // Without waiting it is all or nothing, so that an event is never cut in half.
    if (wait_milliseconds == 0 && room < count) cut(t);
    else if (room == 0) {
      // Somebody must be reading before we may wait: nobody is while the connection is suspended.
      bool resume = take_suspension(t);
      if (resume) {
        pthread_mutex_unlock(&t->lock);
        kh_resume(t->server, t->mhd);
        pthread_mutex_lock(&t->lock);
        continue;
      }
      if (pthread_cond_timedwait(&t->room, &t->lock, &until) == ETIMEDOUT && t->count == t->capacity) cut(t);
    } else {
      size_t n = count < room ? count : room;
      append(t, from, n);
      from += n;
      count -= n;
    }
  }
  bool resume = take_suspension(t), aborted = t->aborted && !t->gone;
  pthread_mutex_unlock(&t->lock);
  if (aborted) {
    pthread_mutex_lock(&t->server->registry);
    break_off(t);
    pthread_mutex_unlock(&t->server->registry);
  }
  if (resume) kh_resume(t->server, t->mhd);
  return count == 0;
}

/// Holding the registry's lock.
static void finish(kh_stream *t, bool abort) {
  pthread_mutex_lock(&t->lock);
  if (abort) cut(t);
  else t->closed = true;
  bool resume = take_suspension(t);
  pthread_mutex_unlock(&t->lock);
  if (abort) break_off(t);
  if (resume) kh_resume(t->server, t->mhd);
}

static void finish_locking(kh_stream *t, bool abort) {
  pthread_mutex_lock(&t->server->registry);
  finish(t, abort);
  pthread_mutex_unlock(&t->server->registry);
}

void kh_stream_close(kh_stream *t) { finish_locking(t, false); }
void kh_stream_abort(kh_stream *t) { finish_locking(t, true); }

bool kh_stream_is_open(kh_stream *t) {
  pthread_mutex_lock(&t->lock);
  bool open = !t->closed;
  pthread_mutex_unlock(&t->lock);
  return open;
}

/// Sends comments into silent event streams, and notices clients that have left while nothing was being sent.
void kh_streams_tick(kh_server *server, uint64_t now) {
  pthread_mutex_lock(&server->registry);
  for (kh_stream *t = server->streams; t; t = t->next) {
    // Listed: the library has not let go of it, so neither connection nor socket is closed.
    struct pollfd p = {.fd = t->socket, .events = POLLRDHUP};
    bool left = poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
    pthread_mutex_lock(&t->lock);
    if (left) {
      cut(t);
      break_off(t);
    } else if (t->keep_alive && !t->closed && now > t->last_write + t->keep_alive && t->capacity - t->count >= 3) {
      append(t, ":\n\n", 3);
      t->last_write = now;
    } else {
      pthread_mutex_unlock(&t->lock);
      continue;
    }
    bool resume = take_suspension(t);
    pthread_mutex_unlock(&t->lock);
    if (resume) kh_resume(t->server, t->mhd);
  }
  pthread_mutex_unlock(&server->registry);
}

/// Ends the event streams, or all streams, for the stop.
void kh_streams_end(kh_server *server, bool all) {
  pthread_mutex_lock(&server->registry);
  for (kh_stream *t = server->streams; t; t = t->next)
    if (all || t->keep_alive) finish(t, all);
  pthread_mutex_unlock(&server->registry);
}
