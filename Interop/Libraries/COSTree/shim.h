/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <gio/gio.h>
#include <ostree.h>

/* G_OBJECT and friends are macros, which Swift does not see. */
static inline void costree_unref(void *object) { g_object_unref(object); }

