// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// An open file, pipe or socket, by which a receiver reads from its client and writes to it.
public typealias Descriptor = SystemCalls.Descriptor
