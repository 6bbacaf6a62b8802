/* SPDX-License-Identifier: Apache-2.0 */
/* libostree's functions, to be loaded when the first of them is needed. Linked, it would have some fifty libraries loaded at
   each start, which takes longer than everything else that a program does before its work begins. */
#pragma once
#include <gio/gio.h>
#include <ostree-1/ostree-core.h>
#include <ostree-1/ostree-mutable-tree.h>
#include <ostree-1/ostree-repo.h>

/* The functions that are called, the last one by tests. Those of GObject and GIO come with it. */
#define COSTREE_FUNCTIONS(EACH) \
    EACH(g_cancellable_cancel) \
    EACH(g_cancellable_new) \
    EACH(g_file_info_set_attribute_uint32) \
    EACH(g_object_unref) \
    EACH(ostree_mutable_tree_new) \
    EACH(ostree_repo_abort_transaction) \
    EACH(ostree_repo_checkout_at) \
    EACH(ostree_repo_commit_modifier_new) \
    EACH(ostree_repo_commit_modifier_unref) \
    EACH(ostree_repo_commit_transaction) \
    EACH(ostree_repo_copy_config) \
    EACH(ostree_repo_create_at) \
    EACH(ostree_repo_get_remote_boolean_option) \
    EACH(ostree_repo_get_remote_option) \
    EACH(ostree_repo_mark_commit_partial_reason) \
    EACH(ostree_repo_open_at) \
    EACH(ostree_repo_prepare_transaction) \
    EACH(ostree_repo_regenerate_summary) \
    EACH(ostree_repo_remote_get_url) \
    EACH(ostree_repo_remote_list) \
    EACH(ostree_repo_static_delta_generate) \
    EACH(ostree_repo_static_delta_reindex) \
    EACH(ostree_repo_transaction_set_ref) \
    EACH(ostree_repo_write_commit) \
    EACH(ostree_repo_write_config) \
    EACH(ostree_repo_write_dfd_to_mtree) \
    EACH(ostree_repo_write_mtree) \
    EACH(ostree_validate_collection_id) \
    EACH(ostree_validate_rev)

/* A pointer to each of them, under its name. */
typedef struct {
#define COSTREE_FIELD(name) __typeof__(&name) name;
    COSTREE_FUNCTIONS(COSTREE_FIELD)
#undef COSTREE_FIELD
} costree_functions;

/* Loads libostree and finds its functions. Returns NULL, or the dynamic linker's words. */
const char *costree_load(costree_functions *functions);
