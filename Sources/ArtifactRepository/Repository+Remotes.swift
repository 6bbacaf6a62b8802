// SPDX-License-Identifier: Apache-2.0

import COSTree

extension Repository {
    /// The names of the remotes that `ostree remote add` has recorded.
    ///
    /// - Throws: `RepositoryError` where libostree, which knows where they are, cannot tell.
    public func remotes() throws -> [String] {
        let opened = try openedByLibrary()
        var count: guint = 0
        guard let names = opened.library.ostree_repo_remote_list(opened.handle, &count) else { return [] }
        defer { g_strfreev(names) }
        return (0..<Int(count)).compactMap { names[$0].map { String(cString: $0) } }
    }

    /// The URL of a remote that `ostree remote add` has recorded; nil where there is none of that name.
    ///
    /// - Throws: As `remotes()`.
    public func url(ofRemote name: String) throws -> String? {
        // libostree takes the URL of a repository on this machine for a remote's name; real names have no slash.
        guard !name.contains("/") else { return nil }
        let opened = try openedByLibrary()
        var url: UnsafeMutablePointer<CChar>?
        guard opened.library.ostree_repo_remote_get_url(opened.handle, name, &url, nil) != 0, let url else {
            return nil
        }
        defer { g_free(url) }
        return String(cString: url)
    }
}
