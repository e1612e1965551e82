#define _GNU_SOURCE
#include "CBridgeTransfer.h"

#include <curl/curl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADERS_LIMIT = 64 << 10 };

typedef struct {
    const kontor_transfer *transfer;
    kontor_transfer_result *result;
    size_t read;
} state;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void prepare(void) { curl_global_init(CURL_GLOBAL_ALL); }

static int append(uint8_t **bytes, size_t *length, const char *more, size_t count) {
    if (count == 0) return 1;
    uint8_t *grown = realloc(*bytes, *length + count);
    if (!grown) return 0;
    memcpy(grown + *length, more, count);
    *bytes = grown;
    *length += count;
    return 1;
}

static size_t take_body(char *data, size_t size, size_t count, void *context) {
    state *s = context;
    size_t bytes = size * count;
    if (bytes > s->transfer->response_limit - s->result->body_length) {
        s->result->is_too_long = 1;
        return 0;
    }
    return append(&s->result->body, &s->result->body_length, data, bytes) ? bytes : 0;
}

static size_t take_header(char *data, size_t size, size_t count, void *context) {
    state *s = context;
    size_t bytes = size * count;
    // A new status line begins a new response: after an interim one.
    if (bytes >= 5 && memcmp(data, "HTTP/", 5) == 0) s->result->headers_length = 0;
    if (bytes > HEADERS_LIMIT - s->result->headers_length) {
        s->result->is_too_long = 1;
        return 0;
    }
    return append(&s->result->headers, &s->result->headers_length, data, bytes) ? bytes : 0;
}

static size_t give_body(char *data, size_t size, size_t count, void *context) {
    state *s = context;
    size_t room = size * count;
    size_t left = s->transfer->body_length - s->read;
    size_t bytes = left < room ? left : room;
    if (bytes) memcpy(data, s->transfer->body + s->read, bytes);
    s->read += bytes;
    return bytes;
}

// The address that is really connected to, whatever the name said when it was asked before.
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    state *s = context;
    char text[NI_MAXHOST];
    if (getnameinfo(&address->addr, address->addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0 ||
        !s->transfer->allow(s->transfer->context, text)) {
        s->result->is_blocked = 1;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static struct curl_slist *list(const char *const *items, size_t count, int *failed) {
    struct curl_slist *all = NULL;
    for (size_t i = 0; i < count; i++) {
        struct curl_slist *next = curl_slist_append(all, items[i]);
        if (!next) *failed = 1;
        else all = next;
    }
    return all;
}

void kontor_transfer_perform(const kontor_transfer *transfer, kontor_transfer_result *result) {
    memset(result, 0, sizeof *result);
    pthread_once(&once, prepare);
    CURL *curl = curl_easy_init();
    if (!curl) {
        result->code = CURLE_OUT_OF_MEMORY;
        return;
    }
    state s = {transfer, result, 0};
    int failed = 0;
    struct curl_slist *headers = list(transfer->headers, transfer->header_count, &failed);
    struct curl_slist *recipients = list(transfer->recipients, transfer->recipient_count, &failed);

    curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, result->error);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, transfer->connect_milliseconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, transfer->milliseconds);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &s);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &s);
    if (transfer->certificates) curl_easy_setopt(curl, CURLOPT_CAINFO, transfer->certificates);

    if (transfer->method) {
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, &s);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
        if (strcmp(transfer->method, "HEAD") == 0) {
            curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        } else {
            if (transfer->body_length > 0 || strcmp(transfer->method, "GET") != 0) {
                curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body_length);
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, transfer->body_length ? (const char *)transfer->body : "");
            }
            curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, transfer->method);
        }
    } else {
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(curl, CURLOPT_USE_SSL, transfer->starttls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
        if (transfer->user && *transfer->user) {
            curl_easy_setopt(curl, CURLOPT_USERNAME, transfer->user);
            curl_easy_setopt(curl, CURLOPT_PASSWORD, transfer->password ? transfer->password : "");
        }
        curl_easy_setopt(curl, CURLOPT_MAIL_FROM, transfer->sender);
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(curl, CURLOPT_READDATA, &s);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->body_length);
    }
    result->code = failed ? CURLE_OUT_OF_MEMORY : (int)curl_easy_perform(curl);
    if (result->code != CURLE_OK && !result->error[0]) {
        strncpy(result->error, curl_easy_strerror((CURLcode)result->code), sizeof result->error - 1);
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &result->status);
    long request = 0;
    curl_off_t upload = 0;
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &request);
    curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &upload);
    result->sent = transfer->method ? (size_t)request : (size_t)upload;
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    curl_slist_free_all(recipients);
}

void kontor_transfer_free(kontor_transfer_result *result) {
    free(result->body);
    free(result->headers);
    result->body = NULL;
    result->headers = NULL;
}
