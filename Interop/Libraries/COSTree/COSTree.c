/* SPDX-License-Identifier: Apache-2.0 */
#include "COSTree.h"

#include <dlfcn.h>

const char *costree_load(costree_functions *functions) {
    void *library = dlopen("libostree-1.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!library) return dlerror();
#define COSTREE_FIND(name) \
    if (!(functions->name = (__typeof__(&name))dlsym(library, #name))) return dlerror();
    COSTREE_FUNCTIONS(COSTREE_FIND)
#undef COSTREE_FIND
    return 0;
}
