/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml, with its event's union taken apart by functions: a tagged union does not import as one. */
#pragma once
#include <stddef.h>
#include <yaml.h>

#pragma clang assume_nonnull begin

/* The bytes of a scalar event; not terminated, and they may hold NUL. */
static inline const unsigned char *cyaml_scalar_bytes(const yaml_event_t *event, size_t *length) {
    *length = event->data.scalar.length;
    return event->data.scalar.value;
}

/* Whether a scalar stood without quotation marks and not as a block. */
static inline int cyaml_scalar_is_plain(const yaml_event_t *event) {
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* The name that an alias refers to, or that a node is given; NULL for a node without one. */
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
