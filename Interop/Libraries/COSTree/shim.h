/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <gio/gio.h>
#include <ostree.h>

/* A function, since g_object_unref is a macro in newer GLib versions, which Swift does not import. */
static inline void costree_unref(void *object) { g_object_unref(object); }

