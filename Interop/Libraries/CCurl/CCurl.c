/* SPDX-License-Identifier: Apache-2.0 */
/* Its macros of these names take no pointers to functions. */
#define CURL_DISABLE_TYPECHECK
#include "CCurl.h"

#include <dlfcn.h>

#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

#define CCURL_FUNCTIONS(EACH) \
    EACH(curl_easy_cleanup) \
    EACH(curl_easy_getinfo) \
    EACH(curl_easy_header) \
    EACH(curl_easy_init) \
    EACH(curl_easy_perform) \
    EACH(curl_easy_reset) \
    EACH(curl_easy_setopt) \
    EACH(curl_easy_strerror) \
    EACH(curl_getdate) \
    EACH(curl_global_init) \
    EACH(curl_multi_add_handle) \
    EACH(curl_multi_cleanup) \
    EACH(curl_multi_info_read) \
    EACH(curl_multi_init) \
    EACH(curl_multi_perform) \
    EACH(curl_multi_poll) \
    EACH(curl_multi_remove_handle) \
    EACH(curl_multi_setopt) \
    EACH(curl_multi_strerror) \
    EACH(curl_multi_wakeup) \
    EACH(curl_slist_append) \
    EACH(curl_slist_free_all)

/* A pointer to each of them, under its name. */
static struct {
#define CCURL_FIELD(name) __typeof__(&name) name;
    CCURL_FUNCTIONS(CCURL_FIELD)
#undef CCURL_FIELD
} library;

const char *ccurl_load(void) {
    void *loaded = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (!loaded) return dlerror();
#define CCURL_FIND(name) \
    if (!(library.name = (__typeof__(&name))dlsym(loaded, #name))) return dlerror();
    CCURL_FUNCTIONS(CCURL_FIND)
#undef CCURL_FIND
    return library.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NULL : "it cannot be initialised";
}

CURL *ccurl_easy_init(void) { return library.curl_easy_init(); }
void ccurl_easy_cleanup(CURL *handle) { library.curl_easy_cleanup(handle); }
void ccurl_easy_reset(CURL *handle) { library.curl_easy_reset(handle); }
CURLcode ccurl_easy_perform(CURL *handle) { return library.curl_easy_perform(handle); }
const char *ccurl_easy_strerror(CURLcode code) { return library.curl_easy_strerror(code); }
CURLM *ccurl_multi_init(void) { return library.curl_multi_init(); }
CURLMcode ccurl_multi_cleanup(CURLM *handle) { return library.curl_multi_cleanup(handle); }
CURLMcode ccurl_multi_add_handle(CURLM *handle, CURL *transfer) { return library.curl_multi_add_handle(handle, transfer); }
CURLMcode ccurl_multi_remove_handle(CURLM *handle, CURL *transfer) {
    return library.curl_multi_remove_handle(handle, transfer);
}
CURLMcode ccurl_multi_perform(CURLM *handle, int *running) { return library.curl_multi_perform(handle, running); }
CURLMcode ccurl_multi_poll(CURLM *handle, struct curl_waitfd *extra, unsigned int count, int timeout, int *ready) {
    return library.curl_multi_poll(handle, extra, count, timeout, ready);
}
CURLMcode ccurl_multi_wakeup(CURLM *handle) { return library.curl_multi_wakeup(handle); }
CURLMsg *ccurl_multi_info_read(CURLM *handle, int *remaining) { return library.curl_multi_info_read(handle, remaining); }
const char *ccurl_multi_strerror(CURLMcode code) { return library.curl_multi_strerror(code); }
struct curl_slist *ccurl_slist_append(struct curl_slist *list, const char *text) {
    return library.curl_slist_append(list, text);
}
void ccurl_slist_free_all(struct curl_slist *list) { library.curl_slist_free_all(list); }
time_t ccurl_getdate(const char *text, const time_t *now) { return library.curl_getdate(text, now); }

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return library.curl_easy_setopt(handle, option, value);
}
CURLcode ccurl_set_resumption(CURL *handle, curl_off_t offset) {
    return library.curl_easy_setopt(handle, CURLOPT_RESUME_FROM_LARGE, offset);
}
CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return library.curl_easy_setopt(handle, option, value);
}
CURLcode ccurl_set_body(CURL *handle, const void *bytes, curl_off_t size) {
    if (!bytes) return library.curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
    library.curl_easy_setopt(handle, CURLOPT_POST, 1L);
    library.curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, size);
    return library.curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}
CURLcode ccurl_set_headers(CURL *handle, struct curl_slist *headers) {
    return library.curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}
CURLcode ccurl_set_writer(CURL *handle, ccurl_write_function function, void *context) {
    CURLcode code = library.curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
    return code != CURLE_OK ? code : library.curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}
CURLcode ccurl_set_upload(
    CURL *handle, curl_off_t size, ccurl_read_function read, curl_seek_callback seek, void *context) {
    library.curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    library.curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, size);
    library.curl_easy_setopt(handle, CURLOPT_READFUNCTION, read);
    library.curl_easy_setopt(handle, CURLOPT_READDATA, context);
    library.curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, seek);
    return library.curl_easy_setopt(handle, CURLOPT_SEEKDATA, context);
}
CURLcode ccurl_set_prerequest(CURL *handle, ccurl_prerequest_function function, void *context) {
    CURLcode code = library.curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, function);
    return code != CURLE_OK ? code : library.curl_easy_setopt(handle, CURLOPT_PREREQDATA, context);
}
CURLcode ccurl_set_header_function(CURL *handle, ccurl_header_function function, void *context) {
    CURLcode code = library.curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, function);
    return code != CURLE_OK ? code : library.curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
}
CURLcode ccurl_set_socket_functions(
    CURL *handle, ccurl_opened_function opened, ccurl_closing_function closing, void *context) {
    library.curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, opened);
    library.curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, context);
    library.curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, closing);
    return library.curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, context);
}
CURLcode ccurl_set_error_buffer(CURL *handle, char *buffer) {
    return library.curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}
long ccurl_response_code(CURL *handle) {
    long code = 0;
    library.curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    return code;
}
const char *ccurl_redirect_url(CURL *handle) {
    char *url = NULL;
    library.curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &url);
    return url;
}
curl_off_t ccurl_retry_after(CURL *handle) {
    curl_off_t seconds = 0;
    library.curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &seconds);
    return seconds;
}
curl_off_t ccurl_content_length(CURL *handle) {
    curl_off_t size = -1;
    library.curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    return size;
}
const char *ccurl_header(CURL *handle, const char *name) {
    struct curl_header *header = NULL;
    return library.curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}
CURLMcode ccurl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return library.curl_multi_setopt(handle, option, value);
}
CURLcode ccurl_result(const CURLMsg *message) { return message->data.result; }
