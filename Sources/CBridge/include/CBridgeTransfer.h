#pragma once
#include <stddef.h>
#include <stdint.h>

/// One HTTP request or one mail by SMTP, through libcurl. All strings are zero-terminated and stay the caller's.
typedef struct {
    /// http://, https://, smtp:// or smtps://; nothing else is spoken.
    const char *url;
    /// Of HTTP; NULL for mail.
    const char *method;
    /// "Name: value".
    const char *const *headers;
    size_t header_count;
    const uint8_t *body;
    size_t body_length;

    /// Of mail: addresses without brackets.
    const char *sender;
    const char *const *recipients;
    size_t recipient_count;
    const char *user;
    const char *password;
    /// Of mail by smtp://: whether STARTTLS is demanded.
    int starttls;

    long connect_milliseconds;
    long milliseconds;
    /// Of the response's body, in bytes; more ends the transfer.
    size_t response_limit;
    /// PEM file with the certificates to trust; NULL for the system's.
    const char *certificates;
    /// Asked for every address before it is connected to, as text without port. 0 refuses.
    int (*allow)(void *context, const char *address);
    void *context;
} kontor_transfer;

typedef struct {
    /// 0 when the other side answered.
    int code;
    /// libcurl's words, or empty.
    char error[256];
    /// HTTP's or SMTP's last status; 0 when there was none.
    long status;
    /// Bytes of the request that left, headers included; a failure before leaves nothing behind.
    size_t sent;
    /// `allow` refused an address.
    int is_blocked;
    /// The response was longer than its limit.
    int is_too_long;
    /// Freed by kontor_transfer_free.
    uint8_t *body;
    size_t body_length;
    /// Header lines of the last response, each with CR LF.
    uint8_t *headers;
    size_t headers_length;
} kontor_transfer_result;

/// Blocks until it is over. Follows no redirects, asks no proxy, reads no .netrc. Safe to call from many threads.
void kontor_transfer_perform(const kontor_transfer *transfer, kontor_transfer_result *result);
void kontor_transfer_free(kontor_transfer_result *result);
