/* SPDX-License-Identifier: Apache-2.0 */
/* Accessors for libyaml's event, a tagged union, which Swift cannot use as such. */
#pragma once
#include <stddef.h>
#include <yaml.h>

#pragma clang assume_nonnull begin

/* The bytes of a scalar event, which are not terminated and may contain NUL. */
static inline const unsigned char *cyaml_scalar_bytes(const yaml_event_t *event, size_t *length) {
    *length = event->data.scalar.length;
    return event->data.scalar.value;
}

/* Returns 1 if a scalar was written in plain style: neither quoted nor as a block. */
static inline int cyaml_scalar_is_plain(const yaml_event_t *event) {
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* The anchor that an alias refers to or a node defines; NULL if there is none. */
static inline const char *_Nullable cyaml_anchor(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_ALIAS_EVENT: return (const char *)event->data.alias.anchor;
    case YAML_SCALAR_EVENT: return (const char *)event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT: return (const char *)event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT: return (const char *)event->data.mapping_start.anchor;
    default: return NULL;
    }
}

#pragma clang assume_nonnull end
