// The HTTP side of the bridge without Swift, so that sanitizers can watch: damaged requests from several clients, answers now,
// later and in pieces from other threads, clients that leave, and stops in the middle of it all. See README.md.
//   http [--seed N] [--rounds N] [--requests N]      N requests from each of four clients in each round
#include "CBridgeHTTP.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 4, WORKERS = 3, QUEUE = 4096 };

static _Atomic long handled, finished, answered, closed_streams, bad_answers, bad_paths;
static uint16_t port;
static uint64_t seed;

static uint64_t next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t n) { return (size_t)(next(state) % n); }

// MARK: The server's side

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static kh_request *queue[QUEUE];
static int queued;
static bool over;

static bool begins(kh_text text, const char *with) {
    return text.count >= strlen(with) && memcmp(text.bytes, with, strlen(with)) == 0;
}

static void reply(kh_request *r) {
    char body[256];
    kh_text id = kh_request_id(r), sent = kh_request_body(r);
    int n = snprintf(body, sizeof body, "%.*s %zu", (int)id.count, id.bytes, sent.count);
    kh_response *response = kh_response_new(body, (size_t)n, KH_API, false);
    kh_response_request_id(response, r);
    kh_answer(r, 200, response, (uint64_t)n);
}

static void stream_closed(void *context) { atomic_fetch_add((_Atomic long *)context, 1); }

static void stream(kh_request *r, bool aborts) {
    kh_response *response;
    kh_stream *t = kh_stream_new(r, 8192, aborts ? 0 : 1, stream_closed, &closed_streams, &response);
    if (!t) return;
    kh_response_common_headers(response, KH_API, false);
    kh_stream_answer(r, 200, response);
    static const char piece[1500] = "piece";
    for (int i = 0; i < 40 && kh_stream_write(t, piece, sizeof piece, i % 3 ? 200 : 0); i++) {}
    if (aborts) kh_stream_abort(t);
    else kh_stream_close(t);
    kh_stream_is_open(t);
    kh_stream_release(t);
}

static void *work(void *unused) {
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!queued && !over) pthread_cond_wait(&filled, &lock);
        if (!queued) {
            pthread_mutex_unlock(&lock);
            return NULL;
        }
        kh_request *r = queue[--queued];
        pthread_mutex_unlock(&lock);
        kh_text path = kh_request_head(r)->path;
        if (begins(path, "/stream")) stream(r, false);
        else if (begins(path, "/abort")) stream(r, true);
        else reply(r);
        reply(r); // a second answer is dropped
        kh_request_release(r);
    }
}

static int64_t head(void *context, kh_request *r) {
    (void)context;
    kh_text path = kh_request_head(r)->path;
    if (path.count == 0 || path.bytes[0] != '/') atomic_fetch_add(&bad_paths, 1);
    if (begins(path, "/early")) {
        reply(r);
        return KH_ANSWERED;
    }
    return kh_request_head(r)->content_length == 0 ? KH_HANDLE_NOW : 20000;
}

static void handle(void *context, kh_request *r) {
    (void)context;
    atomic_fetch_add(&handled, 1);
    if (begins(kh_request_head(r)->path, "/now")) return reply(r);
    kh_request_retain(r);
    pthread_mutex_lock(&lock);
    bool room = queued < QUEUE;
    if (room) queue[queued++] = r;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&lock);
    if (room) return;
    reply(r);
    kh_request_release(r);
}

static void is_finished(void *context, kh_request *r, int status, uint64_t bytes, uint64_t nanoseconds, bool completed) {
    (void)context, (void)r, (void)status, (void)bytes, (void)nanoseconds, (void)completed;
    atomic_fetch_add(&finished, 1);
}

static void message(void *context, const char *text) { (void)context, (void)text; }

// MARK: The clients' side

static const char *const requests[] = {
    "GET /now/a%20b?x=%C3%A9 HTTP/1.1\r\nHost: a:80\r\nX-Request-Id: abcdefgh\r\n\r\n",
    "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\n{\"hello\": 12}",
    "PUT /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: x\r\n\r\n",
    "POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    "GET /stream HTTP/1.1\r\nHost: [::1]\r\n\r\n",
    "HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /abort HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n\r\n",
    "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\nshort",
};
static const char *const pieces[] = {
    "\r\n", "\n", "\r", " ", "\t", ":", "%", "%00", "%2f", "..", "/", "?", "Host: b\r\n", "Content-Length: 5\r\n", "Content-Length: -1\r\n",
    "Transfer-Encoding: chunked\r\n", "HTTP/1.1", "ffffffffffffffff\r\n", "X-Request-Id: \x80\x81\r\n", "Expect: x\r\n", "\\", "[", "]", "@",
};

static size_t damaged(uint64_t *state, char *out, size_t room) {
    const char *from = requests[below(state, sizeof requests / sizeof *requests)];
    size_t n = strlen(from);
    memcpy(out, from, n);
    if (below(state, 3) == 0) return n; // whole
    for (size_t k = 1 + below(state, 3); k-- > 0;) {
        size_t at = below(state, n + 1), more;
        const char *piece = pieces[below(state, sizeof pieces / sizeof *pieces)];
        switch (below(state, 4)) {
            case 0: if (at < n) out[at] = (char)next(state); break;
            case 1: if (at < n) memmove(out + at, out + at + 1, --n - at); break;
            case 2: n = at ? at : n; break;
            default:
                more = strlen(piece);
                if (n + more > room) break;
                memmove(out + at + more, out + at, n - at);
                memcpy(out + at, piece, more);
                n += more;
        }
    }
    return n;
}

static void *ask(void *argument) {
    uint64_t *state = argument;
    long count = (long)*state;
    *state = seed + (uint64_t)count * 7919;
    for (long i = 0; i < (count & 0xffff); i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr("127.0.0.1")};
        struct timeval limit = {.tv_usec = 300000};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
            char bytes[1024], line[4096];
            size_t n = damaged(state, bytes, sizeof bytes), cut = below(state, n + 1);
            send(fd, bytes, cut, MSG_NOSIGNAL);
            send(fd, bytes + cut, n - cut, MSG_NOSIGNAL);
            if (below(state, 4)) shutdown(fd, SHUT_WR);
            ssize_t got = below(state, 8) ? recv(fd, line, sizeof line, 0) : 0; // some leave at once
            if (got > 12) {
                atomic_fetch_add(&answered, 1);
                if (memcmp(line, "HTTP/1.", 7) || memcmp(line + 9, "500", 3) == 0) atomic_fetch_add(&bad_answers, 1);
            }
        }
        close(fd);
    }
    return NULL;
}

int main(int count, char **arguments) {
    long rounds = 20, each = 200, seconds = 0;
    seed = (uint64_t)time(NULL);
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(arguments[i], "--seed") == 0) seed = strtoull(arguments[i + 1], NULL, 10);
        if (strcmp(arguments[i], "--rounds") == 0) rounds = atol(arguments[i + 1]);
        if (strcmp(arguments[i], "--seconds") == 0) seconds = atol(arguments[i + 1]);
        if (strcmp(arguments[i], "--requests") == 0) each = atol(arguments[i + 1]);
    }
    printf("seed %llu, %ld requests from each of %d clients in a round\n", (unsigned long long)seed, each, CLIENTS);
    int failures = 0;
    // With --seconds as many rounds as they last.
    time_t end = time(NULL) + seconds;
    long round = 0;
    for (; seconds ? time(NULL) < end && !failures : round < rounds; round++) {
        over = false;
        pthread_t workers[WORKERS], clients[CLIENTS];
        uint64_t states[CLIENTS];
        for (int i = 0; i < WORKERS; i++) pthread_create(&workers[i], NULL, work, NULL);
        kh_options options = {
            .threads = 2, .connection_limit = round % 2 ? 6 : 100, .connection_limit_per_address = 100, .idle_timeout_seconds = 2,
            .request_deadline_seconds = 1, .target_limit = 200, .header_limit = 600, .memory_per_connection = 32768};
        kh_callbacks callbacks = {.head = head, .handle = handle, .finished = is_finished, .message = message};
        kh_server *server = kh_server_new(&options, &callbacks);
        char text[256], path[64];
        port = 0;
        snprintf(path, sizeof path, "/tmp/kontor-http-%d.sock", getpid());
        if (!server || kh_server_listen(server, "127.0.0.1", &port, false, text, sizeof text) ||
            kh_server_listen_local(server, path, text, sizeof text)) {
            printf("FAIL %s\n", text);
            return 1;
        }
        for (int i = 0; i < CLIENTS; i++) {
            states[i] = (uint64_t)each | (uint64_t)(round * CLIENTS + i) << 16;
            pthread_create(&clients[i], NULL, ask, &states[i]);
        }
        // Every other round is stopped in the middle of it.
        if (round % 2 == 0) for (int i = 0; i < CLIENTS; i++) pthread_join(clients[i], NULL);
        else usleep(20000 + (useconds_t)(round * 997 % 50000));
        kh_server_stop(server, 200);
        if (round % 2) for (int i = 0; i < CLIENTS; i++) pthread_join(clients[i], NULL);
        pthread_mutex_lock(&lock);
        over = true;
        pthread_cond_broadcast(&filled);
        pthread_mutex_unlock(&lock);
        for (int i = 0; i < WORKERS; i++) pthread_join(workers[i], NULL);
        kh_counts counts = kh_server_counts(server);
        if (counts.requests || counts.connections || counts.streams) {
            printf("FAIL round %ld: %lld requests, %lld connections, %lld streams are left\n", round, (long long)counts.requests,
                (long long)counts.connections, (long long)counts.streams);
            failures++;
        }
        kh_server_free(server);
        if (kh_live_requests() || kh_live_streams()) {
            printf("FAIL round %ld: %lld requests and %lld streams in memory\n", round, (long long)kh_live_requests(), (long long)kh_live_streams());
            failures++;
        }
    }
    if (bad_answers || bad_paths) printf("FAIL %ld bad answers, %ld bad paths\n", (long)bad_answers, (long)bad_paths), failures++;
    printf("%ld rounds: %ld answers, %ld handled, %ld finished, %ld streams closed, %d failures\n", round, (long)answered, (long)handled, (long)finished,
        (long)closed_streams, failures);
    return failures ? 1 : 0;
}
