// SPDX-License-Identifier: Apache-2.0
import Testing

/// What takes its time: one after the other, so that they do not take memory and disk of each other.
@Suite(.serialized) struct SlowTests {}
