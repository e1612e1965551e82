// A load client: N kept-alive connections on one thread, each sending its next request when its answer is whole.
//
// cc -O2 -Wall -Wextra load.c -o load
// ./load [-a ADDRESS] [-p PORT] [-u SOCKET] [-c CONNECTIONS] [-s SECONDS | -n REQUESTS] [-m METHOD] [-t TARGET]
//        [-h 'Name: value']... [-b BODY | -f FILE] [-k] [-w SECONDS]
//   -k  sends Idempotency-Key: <run>-<number>, a new one for each request
//   -w  runs that long before counting
//   {n} in target and body is the request's number, {c} its connection's
// Prints one line of JSON: requests, errors (connections lost, answers malformed), non_2xx, seconds, rps and latencies in
// microseconds. Exit code 1 when there were errors.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (256 << 10)

typedef struct {
  int fd, number, busy;
  uint64_t began;
  char *out;
  size_t out_count, out_sent;
  char *in;
  size_t in_count;
} connection;

static const char *address = "127.0.0.1", *socket_path, *method = "GET", *target = "/api/health";
static int port = 8080, count = 64, unique_key;
static double seconds = 5, warm_up;
static int64_t wanted = -1;
static char *body = "", *headers;
static int has_host;

static uint64_t sent, answered, failures, not_2xx;
static char run[24];
static int epoll;

// Latencies: 64 buckets for each doubling, so within 1.6 %.
static uint64_t histogram[64 * 64], slowest;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(2);
}

static void record(uint64_t nanoseconds) {
  uint64_t v = nanoseconds / 100;
  if (v > slowest) slowest = v;
  unsigned shift = v < 64 ? 0 : 58 - (unsigned)__builtin_clzll(v);
  size_t at = v < 64 ? v : 64u * shift + (v >> shift);
  histogram[at < 64 * 64 ? at : 64 * 64 - 1]++;
}

static double percentile(double p) {
  uint64_t all = 0, seen = 0;
  for (size_t i = 0; i < 64 * 64; i++) all += histogram[i];
  for (size_t i = 0; i < 64 * 64; i++) {
    seen += histogram[i];
    if (histogram[i] && (double)seen >= p * (double)all) {
      uint64_t shift = i < 128 ? 0 : i / 64 - 1, low = i < 128 ? i : (i - 64 * shift) << shift;
      double value = (double)(low + (1ull << shift) - 1);
      return (value > (double)slowest ? (double)slowest : value) / 10;
    }
  }
  return 0;
}

/// Copies `text`, replacing {n} and {c}.
static size_t fill(char *out, size_t room, const char *text, uint64_t n, int c) {
  size_t used = 0;
  for (const char *p = text; *p;) {
    if (room - used < 32) die("request too large");
    if (p[0] == '{' && (p[1] == 'n' || p[1] == 'c') && p[2] == '}') {
      used += (size_t)sprintf(out + used, "%llu", p[1] == 'n' ? (unsigned long long)n : (unsigned long long)c);
      p += 3;
    } else out[used++] = *p++;
  }
  out[used] = 0;
  return used;
}

static void build(connection *c, uint64_t n) {
  static char path[8192], content[BUFFER];
  fill(path, sizeof path, target, n, c->number);
  size_t length = fill(content, sizeof content, body, n, c->number);
  char key[96] = "";
  if (unique_key) snprintf(key, sizeof key, "Idempotency-Key: %s-%llu\r\n", run, (unsigned long long)n);
  int used = snprintf(c->out, BUFFER, "%s %s HTTP/1.1\r\n%s%s%s", method, path, has_host ? "" : "Host: 127.0.0.1\r\n", headers, key);
  if (length) used += snprintf(c->out + used, BUFFER - (size_t)used, "Content-Length: %zu\r\n", length);
  used += snprintf(c->out + used, BUFFER - (size_t)used, "\r\n");
  if ((size_t)used + length > BUFFER) die("request too large");
  memcpy(c->out + used, content, length);
  c->out_count = (size_t)used + length;
  c->out_sent = 0;
  c->in_count = 0;
}

static void watch(connection *c, int add, int writing) {
  struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};
  if (epoll_ctl(epoll, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &event) != 0) die("epoll_ctl");
}

static void open_connection(connection *c) {
  int yes = 1, result;
  if (socket_path) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", socket_path);
    c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    result = connect(c->fd, (struct sockaddr *)&to, sizeof to);
  } else {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1) die("address");
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    result = connect(c->fd, (struct sockaddr *)&to, sizeof to);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  if (result != 0) die("connect");
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  watch(c, 1, 0);
}

static void write_some(connection *c) {
  while (c->out_sent < c->out_count) {
    ssize_t n = send(c->fd, c->out + c->out_sent, c->out_count - c->out_sent, MSG_NOSIGNAL);
    if (n > 0) c->out_sent += (size_t)n;
    else if (n < 0 && errno == EAGAIN) {
      watch(c, 0, 1);
      return;
    } else return; // the reading side sees it
  }
}

/// False when no more requests are wanted.
static int next_request(connection *c) {
  if (wanted >= 0 && sent >= (uint64_t)wanted) {
    c->busy = 0;
    return 0;
  }
  build(c, sent++);
  c->began = now();
  c->busy = 1;
  write_some(c);
  return 1;
}

static char *find_header(char *head, const char *name) {
  size_t n = strlen(name);
  for (char *line = strstr(head, "\r\n"); line && line[2] && line[2] != '\r'; line = strstr(line + 2, "\r\n"))
    if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':') return line + 3 + n;
  return NULL;
}

/// The length of the whole answer, 0 when more must come, -1 when it is malformed.
static ssize_t answer_length(connection *c, int *status, int *closes) {
  c->in[c->in_count] = 0;
  char *end = memmem(c->in, c->in_count, "\r\n\r\n", 4);
  if (!end) return 0;
  if (strncmp(c->in, "HTTP/1.", 7) != 0) return -1;
  *status = atoi(c->in + 9);
  if (*status < 100 || *status > 999) return -1;
  char saved = end[2];
  end[2] = 0;
  char *length = find_header(c->in, "content-length"), *coding = find_header(c->in, "transfer-encoding");
  char *fate = find_header(c->in, "connection");
  *closes = fate && strcasestr(fate, "close") && strcasestr(fate, "close") < strstr(fate, "\r\n");
  long long declared = length ? atoll(length) : 0;
  end[2] = saved;
  size_t head = (size_t)(end + 4 - c->in);
  if (!coding) return head + (size_t)declared <= c->in_count ? (ssize_t)(head + (size_t)declared) : 0;
  for (size_t at = head;;) {
    char *line = memmem(c->in + at, c->in_count - at, "\r\n", 2);
    if (!line) return 0;
    size_t size = strtoul(c->in + at, NULL, 16);
    at = (size_t)(line + 2 - c->in) + size + 2;
    if (at > c->in_count) return 0;
    if (size == 0) return (ssize_t)at;
  }
}

static void lost(connection *c) {
  failures++;
  close(c->fd);
  open_connection(c);
}

int main(int argc, char **argv) {
  headers = calloc(1, 65536);
  if (!headers) die("memory");
  for (int option; (option = getopt(argc, argv, "a:p:u:c:s:n:m:t:h:b:f:w:k")) != -1;) {
    switch (option) {
    case 'a': address = optarg; break;
    case 'p': port = atoi(optarg); break;
    case 'u': socket_path = optarg; break;
    case 'c': count = atoi(optarg); break;
    case 's': seconds = atof(optarg); break;
    case 'n': wanted = atoll(optarg); break;
    case 'm': method = optarg; break;
    case 't': target = optarg; break;
    case 'h':
      if (strncasecmp(optarg, "host:", 5) == 0) has_host = 1;
      if (strlen(headers) + strlen(optarg) > 65000) die("headers too large");
      strcat(strcat(headers, optarg), "\r\n");
      break;
    case 'b': body = optarg; break;
    case 'f': {
      FILE *file = fopen(optarg, "rb");
      if (!file || !(body = calloc(1, BUFFER)) || !fread(body, 1, BUFFER - 1, file)) die(optarg);
      fclose(file);
      break;
    }
    case 'w': warm_up = atof(optarg); break;
    case 'k': unique_key = 1; break;
    default: fprintf(stderr, "see the head of load.c\n"); return 2;
    }
  }
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  snprintf(run, sizeof run, "%llx", (unsigned long long)t.tv_sec * 1000000000ull + (unsigned long long)t.tv_nsec);
  epoll = epoll_create1(0);
  connection *all = calloc((size_t)count, sizeof *all);
  if (!all || epoll < 0) die("memory");
  for (int i = 0; i < count; i++) {
    all[i].number = i;
    all[i].out = malloc(BUFFER);
    all[i].in = malloc(BUFFER + 1);
    if (!all[i].out || !all[i].in) die("memory");
    open_connection(&all[i]);
  }

  int active = 0;
  for (int i = 0; i < count; i++) active += next_request(&all[i]);
  uint64_t began = now(), counting = began + (uint64_t)(warm_up * 1e9);
  uint64_t end = wanted >= 0 ? UINT64_MAX : counting + (uint64_t)(seconds * 1e9);
  struct epoll_event events[256];
  int is_counting = warm_up == 0;
  while (active > 0) {
    uint64_t t0 = now();
    if (t0 >= end) break;
    if (!is_counting && t0 >= counting) {
      is_counting = 1;
      answered = failures = not_2xx = slowest = 0;
      memset(histogram, 0, sizeof histogram);
      began = t0;
    }
    int n = epoll_wait(epoll, events, 256, 100);
    for (int i = 0; i < n; i++) {
      connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) {
        watch(c, 0, 0);
        write_some(c);
      }
      if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      ssize_t got = recv(c->fd, c->in + c->in_count, BUFFER - c->in_count, 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) {
        if (c->busy) {
          lost(c);
          active -= !next_request(c);
        } else epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
        continue;
      }
      c->in_count += (size_t)got;
      int status = 0, closes = 0;
      ssize_t length = answer_length(c, &status, &closes);
      if (length == 0 && c->in_count < BUFFER) continue;
      if (length <= 0 || !c->busy) lost(c);
      else {
        record(now() - c->began);
        answered++;
        if (status < 200 || status > 299) not_2xx++;
        if (closes) {
          close(c->fd);
          open_connection(c);
        }
      }
      active -= !next_request(c);
    }
  }
  double took = (double)(now() - began) / 1e9;
  printf(
      "{\"requests\":%llu,\"errors\":%llu,\"non_2xx\":%llu,\"seconds\":%.3f,\"rps\":%.1f,"
      "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n",
      (unsigned long long)answered, (unsigned long long)failures, (unsigned long long)not_2xx, took, (double)answered / took,
      percentile(0.5), percentile(0.9), percentile(0.99), (double)slowest / 10);
  return failures ? 1 : 0;
}
