/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd is started and asked with variadic functions, which Swift cannot call: typed forms of what is used. */
#pragma once
#include <microhttpd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* How a daemon is to be; what it takes is copied, but for `context` and this structure, which must outlive it. */
struct cmhd_settings {
    int socket;
    unsigned threads;
    unsigned connections;
    unsigned connections_per_address;
    /* Seconds in which nothing happens. */
    unsigned timeout;
    size_t memory_per_connection;
    /* PEM; null for HTTP. */
    const char *certificate;
    const char *key;
    const char *priorities;
    void *context;
    MHD_AccessHandlerCallback handle;
    /* Called with each request's line as it came; what it returns is the request's context. */
    void *(*begin)(void *context, const char *target, struct MHD_Connection *connection);
    MHD_RequestCompletedCallback complete;
    /* Why a daemon did not start, as far as the library says. */
    char reason[256];
};

static inline void cmhd_log(void *context, const char *format, va_list arguments) {
    struct cmhd_settings *settings = context;
    /* Messages of a running daemon are about clients, who could fill a log with them. */
    if (settings->reason[0] == 0) vsnprintf(settings->reason, sizeof settings->reason, format, arguments);
}

/* Leaves targets as they came: they are decoded where they are understood. */
static inline size_t cmhd_keep(void *context, struct MHD_Connection *connection, char *text) {
    (void)context, (void)connection;
    return strlen(text);
}

static inline struct MHD_Daemon *cmhd_start(struct cmhd_settings *settings) {
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem options[20];
    int count = 0;
#define CMHD_OPTION(name, number, pointer) \
    options[count++] = (struct MHD_OptionItem){name, (intptr_t)(number), (void *)(pointer)}
    /* First, so that it hears of what is wrong with the others. */
    CMHD_OPTION(MHD_OPTION_EXTERNAL_LOGGER, cmhd_log, settings);
    CMHD_OPTION(MHD_OPTION_LISTEN_SOCKET, settings->socket, NULL);
    if (settings->threads > 1) CMHD_OPTION(MHD_OPTION_THREAD_POOL_SIZE, settings->threads, NULL);
    CMHD_OPTION(MHD_OPTION_CONNECTION_LIMIT, settings->connections, NULL);
    CMHD_OPTION(MHD_OPTION_PER_IP_CONNECTION_LIMIT, settings->connections_per_address, NULL);
    CMHD_OPTION(MHD_OPTION_CONNECTION_TIMEOUT, settings->timeout, NULL);
    CMHD_OPTION(MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings->memory_per_connection, NULL);
    CMHD_OPTION(MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL);
    CMHD_OPTION(MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL);
    CMHD_OPTION(MHD_OPTION_UNESCAPE_CALLBACK, cmhd_keep, NULL);
    CMHD_OPTION(MHD_OPTION_URI_LOG_CALLBACK, settings->begin, settings->context);
    CMHD_OPTION(MHD_OPTION_NOTIFY_COMPLETED, settings->complete, settings->context);
    if (settings->certificate) {
        flags |= MHD_USE_TLS;
        CMHD_OPTION(MHD_OPTION_HTTPS_MEM_CERT, 0, settings->certificate);
        CMHD_OPTION(MHD_OPTION_HTTPS_MEM_KEY, 0, settings->key);
        CMHD_OPTION(MHD_OPTION_HTTPS_PRIORITIES, 0, settings->priorities);
    }
    CMHD_OPTION(MHD_OPTION_END, 0, NULL);
#undef CMHD_OPTION
    settings->reason[0] = 0;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, settings->handle, settings->context, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

/* How many connections there are. */
static inline unsigned cmhd_connections(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info ? info->num_connections : 0;
}

/* The other end's address; null where it is not known. */
static inline const struct sockaddr *cmhd_client(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

/* The status of the answer; 0 where there is none. */
static inline unsigned cmhd_status(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    return info ? info->http_status : 0;
}
