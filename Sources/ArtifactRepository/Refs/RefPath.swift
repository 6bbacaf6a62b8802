// SPDX-License-Identifier: Apache-2.0

/// A ref of any kind, by the path of its file below `refs`: `heads/REF`, `remotes/REMOTE/REF` or `mirrors/COLLECTION/REF`.
struct RefPath {
    private let kind: Substring
    private let rest: Substring

    init(_ path: some StringProtocol) {
        let text = String(path)
        (kind, rest) = RefPath.parts(text[...])
    }

    private static func parts(_ text: Substring) -> (first: Substring, rest: Substring) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return (text, "") }
        return (text[..<slash], text[text.utf8.index(after: slash)...])
    }

    /// The path, without `heads/`, as messages show it.
    var shown: String { kind == "heads" ? String(rest) : "\(kind)/\(rest)" }

    /// The name of the ref, as its commit has it.
    var name: String { String(kind == "heads" ? rest : RefPath.parts(rest).rest) }

    /// The remote or collection of a ref that is not of this repository.
    var owner: String { String(RefPath.parts(rest).first) }

    /// The collection that the ref belongs to, if any.
    func collection(in repository: Repository) -> String? {
        switch kind {
        case "heads": repository.collection
        case "mirrors": owner
        default: repository.collection(ofRemote: owner)
        }
    }
}
