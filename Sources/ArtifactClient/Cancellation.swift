// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// Ends a push or a pull from another thread.
///
/// ``ArtifactCache`` needs none: it ends when its task is cancelled.
public typealias Cancellation = SystemCalls.Cancellation
