// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// Tells a push or a pull, from another thread, that it is not wanted any more.
///
/// Those who call from a task need none: ``ArtifactCache`` ends with the task.
public typealias Cancellation = SystemCalls.Cancellation
