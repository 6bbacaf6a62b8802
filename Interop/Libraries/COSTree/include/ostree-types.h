/* SPDX-License-Identifier: Apache-2.0 */
/* libostree's header of this name, which its others look for without a directory. Named with its directory, it needs no flags
   of pkg-config, of which those for the linker would have libostree loaded at each start. */
#pragma once
#include <ostree-1/ostree-types.h>
