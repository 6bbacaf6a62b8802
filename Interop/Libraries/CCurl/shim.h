/* SPDX-License-Identifier: Apache-2.0 */
/* Typed forms of libcurl's setters and getters, which are variadic, so Swift cannot call them. */
#pragma once
#include <curl/curl.h>
#include <stddef.h>

#pragma clang assume_nonnull begin

typedef size_t (*ccurl_write_function)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_resumption(CURL *handle, curl_off_t offset) {
    return curl_easy_setopt(handle, CURLOPT_RESUME_FROM_LARGE, offset);
}
static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *_Nullable value) {
    return curl_easy_setopt(handle, option, value);
}
/* A body, which is copied, makes the request a POST; none makes it a GET. */
static inline CURLcode ccurl_set_body(CURL *handle, const void *_Nullable bytes, curl_off_t size) {
    if (!bytes) return curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, size);
    return curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}
static inline CURLcode ccurl_set_headers(CURL *handle, struct curl_slist *_Nullable headers) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}
static inline CURLcode ccurl_set_writer(CURL *handle, ccurl_write_function function, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}
typedef size_t (*ccurl_read_function)(char *buffer, size_t size, size_t count, void *context);

/* A PUT whose body comes from a function; `seek` goes back to its beginning where it must be sent again. */
static inline CURLcode ccurl_set_upload(
    CURL *handle, curl_off_t size, ccurl_read_function read, curl_seek_callback _Nonnull seek, void *context) {
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, size);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, read);
    curl_easy_setopt(handle, CURLOPT_READDATA, context);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, seek);
    return curl_easy_setopt(handle, CURLOPT_SEEKDATA, context);
}

typedef int (*ccurl_prerequest_function)(
    void *context, char *remote_address, char *local_address, int remote_port, int local_port);

/* A function that is called before each time that the request is written to a connection, also where libcurl repeats it by
   itself because a reused connection was found closed. */
static inline CURLcode ccurl_set_prerequest(CURL *handle, ccurl_prerequest_function function, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, function);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_PREREQDATA, context);
}
typedef size_t (*ccurl_header_function)(char *line, size_t size, size_t count, void *context);

/* A function that gets each line of the answer's header, with its end. */
static inline CURLcode ccurl_set_header_function(CURL *handle, ccurl_header_function function, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, function);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
}

typedef int (*ccurl_opened_function)(void *context, curl_socket_t socket, curlsocktype purpose);
typedef int (*ccurl_closing_function)(void *context, curl_socket_t socket);

/* Functions for a new socket and for one that is to be closed, which the second one does. The context must live as long as
   the connections, that is, as the multi handle. */
static inline CURLcode ccurl_set_socket_functions(
    CURL *handle, ccurl_opened_function opened, ccurl_closing_function closing, void *context) {
    curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, opened);
    curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, context);
    curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, closing);
    return curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, context);
}
static inline CURLcode ccurl_set_error_buffer(CURL *handle, char *buffer) {
    return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}
static inline long ccurl_response_code(CURL *handle) {
    long code = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    return code;
}
static inline const char *_Nullable ccurl_redirect_url(CURL *handle) {
    char *url = NULL;
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &url);
    return url;
}
/* The seconds that the server's Retry-After asks to wait; 0 if there is none. */
static inline curl_off_t ccurl_retry_after(CURL *handle) {
    curl_off_t seconds = 0;
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &seconds);
    return seconds;
}
/* The size of the body in bytes; -1 where the server does not say. */
static inline curl_off_t ccurl_content_length(CURL *handle) {
    curl_off_t size = -1;
    curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    return size;
}
/* The value of a header of the last response; NULL if there is none. */
static inline const char *_Nullable ccurl_header(CURL *handle, const char *name) {
    struct curl_header *header = NULL;
    return curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}
static inline CURLMcode ccurl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}
/* The result of a finished transfer, from the message's union, which Swift does not import. */
static inline CURLcode ccurl_result(const CURLMsg *message) { return message->data.result; }

#pragma clang assume_nonnull end
