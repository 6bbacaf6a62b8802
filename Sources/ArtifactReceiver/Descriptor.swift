// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// An open file, pipe or socket: where a receiver hears its client, and where it answers.
public typealias Descriptor = SystemCalls.Descriptor
