// SPDX-License-Identifier: Apache-2.0

import COSTree

extension Repository {
    /// The names of the remotes that `ostree remote add` has recorded.
    public var remotes: [String] {
        var count: guint = 0
        guard let names = ostree_repo_remote_list(handle, &count) else { return [] }
        defer { g_strfreev(names) }
        return (0..<Int(count)).compactMap { names[$0].map { String(cString: $0) } }
    }

    /// The URL of a remote that `ostree remote add` has recorded; nil where there is none of that name.
    public func url(ofRemote name: String) -> String? {
        // libostree takes the URL of a repository on this machine for a remote's name; real names have no slash.
        guard !name.contains("/") else { return nil }
        var url: UnsafeMutablePointer<CChar>?
        guard ostree_repo_remote_get_url(handle, name, &url, nil) != 0, let url else { return nil }
        defer { g_free(url) }
        return String(cString: url)
    }
}
