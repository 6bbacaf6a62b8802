// SPDX-License-Identifier: Apache-2.0

/// The version of the programs and libraries, as `--version` prints it.
public let releaseVersion = "1.1.0"
