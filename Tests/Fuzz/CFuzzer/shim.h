/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's driver, see "Using libFuzzer as a library" in LLVM's documentation of it. */
#pragma clang assume_nonnull begin
int LLVMFuzzerRunDriver(int *count, char *_Nullable *_Nonnull *_Nonnull arguments,
                        int (*test)(const uint8_t *_Nullable data, size_t size));
#pragma clang assume_nonnull end
