// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// An error of a system call, for example of writing to a full disk.
public typealias SystemError = SystemCalls.SystemError
