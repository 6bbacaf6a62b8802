// SPDX-License-Identifier: Apache-2.0

// Frames, tar streams and objects made by hand, for every file of these tests.
@_exported import WireSamples
