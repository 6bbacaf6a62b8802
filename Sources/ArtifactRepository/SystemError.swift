// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// What the system refused to do, for example to write to a disk that is full.
public typealias SystemError = SystemCalls.SystemError
