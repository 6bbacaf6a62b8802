// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A repository as a reader sees it.
public enum Reader {
    /// The refs and where they point.
    public static func refs(_ repository: String) throws -> [String: String] {
        let refs = try OSTreeCommand.refs(repository)
        return Dictionary(
            uniqueKeysWithValues: try refs.map { ($0, try OSTreeCommand.revParse(repository, $0)) })
    }

    /// The names of all objects, the same in every mode: `.file` for files.
    public static func objects(_ repository: String) throws -> Set<String> {
        Set(
            try OSTreeCommand.listObjects(repository).map {
                $0.hasSuffix(".filez") ? String($0.dropLast()) : $0
            })
    }

    /// Everything, down to the last byte, except what locking leaves and what readers do not look at.
    public static func snapshot(_ repository: String) throws -> TreeSnapshot {
        try TreeSnapshot(repository, excluding: ["tmp", ".lock"])
    }

    /// The quarantines of transfers that never ended.
    public static func leftovers(_ repository: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(repository)/tmp").filter {
            $0.hasPrefix("bst-artifact")
        }
    }

    /// The leftovers that no transfer can resume.
    public static func garbage(_ repository: String) throws -> [String] {
        try leftovers(repository).filter {
            !$0.hasPrefix("bst-artifact-push-") && !$0.hasPrefix("bst-artifact-pull-")
        }
    }
}

/// The paths of objects below a repository.
public enum ObjectPath {
    /// The path of an object such as `abcd….dirtree`: `/objects/ab/cd….dirtree`, as a web server has it.
    public static func path(_ object: String) -> String {
        "/objects/\(object.prefix(2))/\(object.dropFirst(2))"
    }

    /// The checksum of the object that a path is of.
    public static func checksum(_ path: String) -> String {
        path.split(separator: ".")[0].replacingOccurrences(of: "/objects/", with: "")
            .replacingOccurrences(of: "/", with: "")
    }
}
