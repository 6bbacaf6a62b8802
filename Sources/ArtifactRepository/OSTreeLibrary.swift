// SPDX-License-Identifier: Apache-2.0

import COSTree

/// libostree, which is loaded when something first needs it. With it come some fifty libraries, and most pushes and pulls need
/// none of them.
enum OSTreeLibrary {
    private static let loading = {
        var functions = costree_functions()
        let problem = costree_load(&functions).map { String(cString: $0) }
        return (functions: functions, problem: problem)
    }()

    /// Returns libostree's functions.
    ///
    /// - Throws: `RepositoryError` with `library` where it cannot be loaded.
    static func functions() throws(RepositoryError) -> costree_functions {
        if let problem = loading.problem {
            throw RepositoryError(
                .library,
                "cannot load libostree: \(problem), so install it, on Debian the package libostree-1-1")
        }
        return loading.functions
    }
}
