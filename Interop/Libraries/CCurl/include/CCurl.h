/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's functions, each under its name with a c before it. libcurl is loaded when it is needed: linked, it would have some
   thirty libraries loaded at each start, also for a push through ssh. Its setters and getters, which are variadic, so that
   Swift cannot call them, have typed forms. */
#pragma once
#include <curl/curl.h>
#include <stddef.h>

#pragma clang assume_nonnull begin

/* Loads and initialises libcurl, once and before all others are called. Returns NULL, or why it cannot be. */
const char *_Nullable ccurl_load(void);

CURL *_Nullable ccurl_easy_init(void);
void ccurl_easy_cleanup(CURL *handle);
void ccurl_easy_reset(CURL *handle);
CURLcode ccurl_easy_perform(CURL *handle);
const char *ccurl_easy_strerror(CURLcode code);
CURLM *_Nullable ccurl_multi_init(void);
CURLMcode ccurl_multi_cleanup(CURLM *handle);
CURLMcode ccurl_multi_add_handle(CURLM *handle, CURL *transfer);
CURLMcode ccurl_multi_remove_handle(CURLM *handle, CURL *transfer);
CURLMcode ccurl_multi_perform(CURLM *handle, int *running);
CURLMcode ccurl_multi_poll(
    CURLM *handle, struct curl_waitfd *_Nullable extra, unsigned int count, int timeout, int *_Nullable ready);
CURLMcode ccurl_multi_wakeup(CURLM *handle);
CURLMsg *_Nullable ccurl_multi_info_read(CURLM *handle, int *remaining);
const char *ccurl_multi_strerror(CURLMcode code);
struct curl_slist *_Nullable ccurl_slist_append(struct curl_slist *_Nullable list, const char *text);
void ccurl_slist_free_all(struct curl_slist *_Nullable list);
time_t ccurl_getdate(const char *text, const time_t *_Nullable now);

typedef size_t (*ccurl_write_function)(char *bytes, size_t size, size_t count, void *context);

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_resumption(CURL *handle, curl_off_t offset);
CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *_Nullable value);
/* A body, which is copied, makes the request a POST; none makes it a GET. */
CURLcode ccurl_set_body(CURL *handle, const void *_Nullable bytes, curl_off_t size);
CURLcode ccurl_set_headers(CURL *handle, struct curl_slist *_Nullable headers);
CURLcode ccurl_set_writer(CURL *handle, ccurl_write_function function, void *context);
typedef size_t (*ccurl_read_function)(char *buffer, size_t size, size_t count, void *context);

/* A PUT whose body comes from a function; `seek` goes back to its beginning where it must be sent again. */
CURLcode ccurl_set_upload(
    CURL *handle, curl_off_t size, ccurl_read_function read, curl_seek_callback _Nonnull seek, void *context);

typedef int (*ccurl_prerequest_function)(
    void *context, char *remote_address, char *local_address, int remote_port, int local_port);

/* A function that is called before each time that the request is written to a connection, also where libcurl repeats it by
   itself because a reused connection was found closed. */
CURLcode ccurl_set_prerequest(CURL *handle, ccurl_prerequest_function function, void *context);
typedef size_t (*ccurl_header_function)(char *line, size_t size, size_t count, void *context);

/* A function that gets each line of the answer's header, with its end. */
CURLcode ccurl_set_header_function(CURL *handle, ccurl_header_function function, void *context);

typedef int (*ccurl_opened_function)(void *context, curl_socket_t socket, curlsocktype purpose);
typedef int (*ccurl_closing_function)(void *context, curl_socket_t socket);

/* Functions for a new socket and for one that is to be closed, which the second one does. The context must live as long as
   the connections, that is, as the multi handle. */
CURLcode ccurl_set_socket_functions(
    CURL *handle, ccurl_opened_function opened, ccurl_closing_function closing, void *context);
CURLcode ccurl_set_error_buffer(CURL *handle, char *buffer);
long ccurl_response_code(CURL *handle);
const char *_Nullable ccurl_redirect_url(CURL *handle);
/* The seconds that the server's Retry-After asks to wait; 0 if there is none. */
curl_off_t ccurl_retry_after(CURL *handle);
/* The size of the body in bytes; -1 where the server does not say. */
curl_off_t ccurl_content_length(CURL *handle);
/* The value of a header of the last response; NULL if there is none. */
const char *_Nullable ccurl_header(CURL *handle, const char *name);
CURLMcode ccurl_multi_set_long(CURLM *handle, CURLMoption option, long value);
/* The result of a finished transfer, from the message's union, which Swift does not import. */
CURLcode ccurl_result(const CURLMsg *message);

#pragma clang assume_nonnull end
