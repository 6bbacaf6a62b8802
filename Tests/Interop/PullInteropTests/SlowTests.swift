// SPDX-License-Identifier: Apache-2.0

import Testing

/// What takes its time. Not one after the other: while one waits for the disk, another has the processor.
@Suite struct SlowTests {}
