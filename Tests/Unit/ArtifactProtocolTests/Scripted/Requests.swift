// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Requests for whole objects.
func requests(_ names: [ObjectName]) -> [WantedObject] { names.map { WantedObject($0) } }
