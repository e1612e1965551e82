// Listeners, deadlines, and the graceful stop.
#include "http_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define TICK_NANOSECONDS (SECOND / 4)

// MARK: - Housekeeping

/// Holding the registry's lock. Reads at most what the socket's buffer holds, so that a fast sender gains nothing.
static void read_lingering(kh_server *server, uint64_t now) {
  char scrap[32768];
  for (int i = 0; i < server->lingering_count;) {
    kh_lingerer *l = &server->lingering[i];
    ssize_t n = 0;
    for (int k = 0; k < 64 && (n = recv(l->socket, scrap, sizeof scrap, MSG_DONTWAIT)) > 0; k++) {}
    if (now < l->until && (n > 0 || (n < 0 && errno == EAGAIN))) {
      i++;
      continue;
    }
    close(l->socket);
    *l = server->lingering[--server->lingering_count];
  }
}

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
    read_lingering(server, now);
    pthread_mutex_unlock(&server->registry);
    kh_streams_tick(server, now);
    pthread_mutex_lock(&server->stop_lock);
  }
  pthread_mutex_unlock(&server->stop_lock);
  return NULL;
}

// MARK: - Coming

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

static size_t do_not_decode(void *context, struct MHD_Connection *mhd, char *text) {
  (void)context;
  (void)mhd;
  return strlen(text);
}

static void library_message(void *context, const char *format, va_list arguments) {
  kh_server *server = context;
  char text[512];
  int n = vsnprintf(text, sizeof text, format, arguments);
  if (n <= 0) return;
  if ((size_t)n >= sizeof text) n = sizeof text - 1;
  while (n > 0 && text[n - 1] == '\n') text[--n] = 0;
  if (kh_server_draining(server) && strncmp(text, "Error accepting", 15) == 0) {
    usleep(1000); // on the library's thread, between two looks at what it serves
    return;
  }
  server->callbacks.message(server->callbacks.context, text);
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
      flags, 0, NULL, NULL, kh_access, d,
      MHD_OPTION_EXTERNAL_LOGGER, library_message, s,
      MHD_OPTION_LISTEN_SOCKET, listening,
      MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->options.connection_limit,
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)s->options.connection_limit_per_address,
      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)s->options.idle_timeout_seconds,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)s->options.memory_per_connection,
      MHD_OPTION_THREAD_STACK_SIZE, (size_t)(1 << 20),
      MHD_OPTION_URI_LOG_CALLBACK, kh_target_arrived, d,
      MHD_OPTION_UNESCAPE_CALLBACK, do_not_decode, NULL,
      MHD_OPTION_NOTIFY_COMPLETED, kh_request_completed, d,
      MHD_OPTION_NOTIFY_CONNECTION, kh_connection_changed, d,
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

// MARK: - Going

bool kh_server_draining(const kh_server *s) { return atomic_load_explicit(&s->draining, memory_order_relaxed); }

void kh_server_states(kh_server *s, int64_t counts[KH_STATES]) {
  for (int i = 0; i < KH_STATES; i++) counts[i] = 0;
  pthread_mutex_lock(&s->registry);
  for (kh_connection *c = s->connections; c; c = c->next) counts[atomic_load_explicit(&c->state, memory_order_relaxed)]++;
  pthread_mutex_unlock(&s->registry);
}

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

/// Nobody can connect any more. MHD_quiesce_daemon would do it, too, but in 0.9.75 it may end the process: it takes the
/// listener out of a thread's epoll set, and the thread, about to do so itself, takes that for a broken system. As it is, the
/// threads find the dead listener ready for ever; see `library_message` for why they do not turn in circles.
static void stop_listening(const kh_daemon *d) {
  shutdown(d->socket, SHUT_RDWR);
  if (d->path[0]) unlink(d->path);
}

int kh_server_stop(kh_server *s, int drain_milliseconds) {
  atomic_store(&s->draining, true);
  for (int i = 0; i < s->daemon_count; i++) stop_listening(&s->daemons[i]);
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
      kh_answer_stopping(c->suspended);
    }
    pthread_mutex_unlock(&c->lock);
  }
  pthread_mutex_unlock(&s->registry);
  if (cut) wait_until_idle(s, SECOND / 2);
  // Whoever is just now resuming a connection has a few instructions left to do so.
  for (int i = 0; i < 5000 && atomic_load(&s->suspended) > 0; i++) usleep(1000);

  for (int i = 0; i < s->daemon_count; i++) MHD_stop_daemon(s->daemons[i].mhd); // closes the descriptor, too
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
  while (s->lingering_count) close(s->lingering[--s->lingering_count].socket);
  pthread_cond_destroy(&s->stop_signal);
  pthread_mutex_destroy(&s->stop_lock);
  pthread_mutex_destroy(&s->registry);
  free(s->certificate);
  if (s->key) explicit_bzero(s->key, strlen(s->key));
  free(s->key);
  free(s);
}
