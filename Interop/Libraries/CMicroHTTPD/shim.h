/* SPDX-License-Identifier: Apache-2.0 */
/* Typed forms of libmicrohttpd's functions, which are variadic, so Swift cannot call them. */
#pragma once
#include <microhttpd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The settings of a daemon. Strings are copied; `context` and this structure must outlive the daemon. */
struct cmhd_settings {
    int socket;
    unsigned threads;
    unsigned connections;
    unsigned connections_per_address;
    /* Seconds after which an inactive connection is closed. */
    unsigned timeout;
    size_t memory_per_connection;
    /* PEM; null for HTTP. */
    const char *certificate;
    const char *key;
    const char *priorities;
    void *context;
    MHD_AccessHandlerCallback handle;
    /* Called with each request's target as received; returns the request's context. */
    void *(*begin)(void *context, const char *target, struct MHD_Connection *connection);
    MHD_RequestCompletedCallback complete;
    /* The library's first message if the daemon does not start. */
    char reason[256];
};

static inline void cmhd_log(void *context, const char *format, va_list arguments) {
    struct cmhd_settings *settings = context;
    /* Later messages are about clients, who could fill a log with them. */
    if (settings->reason[0] == 0) vsnprintf(settings->reason, sizeof settings->reason, format, arguments);
}

/* Leaves targets encoded: the server decodes them itself. */
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
    /* First, so that messages about the other options are captured. */
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

/* The number of open connections. */
static inline unsigned cmhd_connections(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info ? info->num_connections : 0;
}

/* The client's address; NULL if it is unknown. */
static inline const struct sockaddr *cmhd_client(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

/* The status of the response; 0 if there is none. */
static inline unsigned cmhd_status(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    return info ? info->http_status : 0;
}
