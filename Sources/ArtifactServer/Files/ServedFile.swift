// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TextCoding

/// A file of an archive repository that a pull needs. Other files have no value of this type.
public enum ServedFile: Hashable, Sendable {
    /// `config`, which has the repository's mode.
    case config
    /// `summary`
    case summary
    /// `summary.sig`
    case summarySignature
    /// `summary.idx`, flatpak's index of its summaries.
    case flatpakIndex
    /// `summary.idx.sig`
    case flatpakIndexSignature
    /// One of the summaries that flatpak's index names, for one architecture: `summaries/SHA256.gz`.
    case flatpakSummary(Checksum)
    /// The difference of two such summaries: `summaries/SHA256-SHA256.delta`.
    case flatpakSummaryDelta(from: Checksum, to: Checksum)
    /// The signature of the index with a checksum: `summaries/SHA256.idx.sig`.
    case signatureOfFlatpakIndex(Checksum)
    /// A ref below `refs/heads`.
    case ref(RefName)
    /// A ref below `refs/mirrors`, with its collection as the first part.
    case mirroredRef(RefName)
    /// An object.
    case object(ObjectName)
    /// The tombstone of a removed commit.
    case tombstone(Checksum)
    /// A part of a static delta, or an index of deltas, by its path below the repository.
    case delta(String)

    /// Parses a path relative to the repository; nil if it is not served.
    public init?(_ path: Substring) {
        switch path {
        case "config": self = .config
        case "summary": self = .summary
        case "summary.sig": self = .summarySignature
        case "summary.idx": self = .flatpakIndex
        case "summary.idx.sig": self = .flatpakIndexSignature
        default:
            if let name = ServedFile.rest(of: path, behind: "refs/heads/") {
                guard let ref = RefName(name) else { return nil }
                self = .ref(ref)
            } else if let name = ServedFile.rest(of: path, behind: "refs/mirrors/") {
                guard name.utf8.contains(UInt8(ascii: "/")), let ref = RefName(name) else { return nil }
                self = .mirroredRef(ref)
            } else if let name = ServedFile.rest(of: path, behind: "objects/") {
                let slash = name.utf8.index(name.startIndex, offsetBy: 2, limitedBy: name.endIndex)
                guard let slash, name[slash...].utf8.first == UInt8(ascii: "/") else { return nil }
                let fileName = name[..<slash] + name[slash...].dropFirst()
                if let object = ObjectName(fileName: fileName) {
                    self = .object(object)
                } else if fileName.hasSuffix(ServedFile.tombstoneSuffix),
                    let commit = Checksum(hex: fileName.dropLast(ServedFile.tombstoneSuffix.count))
                {
                    self = .tombstone(commit)
                } else {
                    return nil
                }
            } else if let name = ServedFile.rest(of: path, behind: "summaries/") {
                guard let file = ServedFile(inSummaries: name) else { return nil }
                self = file
            } else {
                guard ServedFile.isDelta(path) else { return nil }
                self = .delta(String(path))
            }
        }
    }

    /// Parses the name of a file in `summaries`.
    private init?(inSummaries name: Substring) {
        guard let dot = name.firstIndex(of: ".") else { return nil }
        let checksums = name[..<dot].split(separator: "-", omittingEmptySubsequences: false).map {
            Checksum(hex: $0)
        }
        switch (name[dot...], checksums.count, checksums.first ?? nil, checksums.last ?? nil) {
        case (".gz", 1, let checksum?, _): self = .flatpakSummary(checksum)
        case (".idx.sig", 1, let checksum?, _): self = .signatureOfFlatpakIndex(checksum)
        case (".delta", 2, let old?, let new?): self = .flatpakSummaryDelta(from: old, to: new)
        default: return nil
        }
    }

    private static let tombstoneSuffix = ".tombstone-commit"

    private static func rest(of path: Substring, behind prefix: String) -> Substring? {
        guard path.utf8.starts(with: prefix.utf8) else { return nil }
        return path[path.utf8.index(path.startIndex, offsetBy: prefix.utf8.count)...]
    }

    /// Returns true for `deltas/AB/REST/PART` and `delta-indexes/AB/REST.index`, which name commits in OSTree's variant of
    /// base64.
    private static func isDelta(_ path: Substring) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        func isDigits64(_ text: Substring, _ counts: [Int]) -> Bool {
            let pieces = text.split(separator: "-", omittingEmptySubsequences: false)
            return pieces.count <= counts.count
                && zip(pieces, counts).allSatisfy { piece, count in
                    piece.utf8.count == count && piece.utf8.allSatisfy(isDigit64)
                }
        }
        switch (parts.first, parts.count) {
        case ("deltas", 4):
            guard isDigits64(parts[1], [2]), isDigits64(parts[2], [41, 43]) else { return false }
            return ["superblock", "meta"].contains(parts[3])
                || (1...6).contains(parts[3].utf8.count)
                    && parts[3].utf8.allSatisfy(\.isASCIIDigit)
        case ("delta-indexes", 3):
            return isDigits64(parts[1], [2]) && parts[2].hasSuffix(".index")
                && isDigits64(parts[2].dropLast(6), [41, 43])
        default: return false
        }
    }

    private static func isDigit64(_ byte: UInt8) -> Bool {
        byte.isASCIIAlphanumeric || "+_".utf8.contains(byte)
    }

    /// The path below the repository.
    var path: String {
        switch self {
        case .config: "config"
        case .summary: "summary"
        case .summarySignature: "summary.sig"
        case .flatpakIndex: "summary.idx"
        case .flatpakIndexSignature: "summary.idx.sig"
        case .flatpakSummary(let checksum): "summaries/\(checksum).gz"
        case .flatpakSummaryDelta(let old, let new): "summaries/\(old)-\(new).delta"
        case .signatureOfFlatpakIndex(let checksum): "summaries/\(checksum).idx.sig"
        case .ref(let ref): "refs/heads/\(ref)"
        case .mirroredRef(let ref): "refs/mirrors/\(ref)"
        case .object(let name): "objects/\(name.fileName.prefix(2))/\(name.fileName.dropFirst(2))"
        case .tombstone(let commit):
            "objects/\(commit.hex.prefix(2))/\(commit.hex.dropFirst(2))\(ServedFile.tombstoneSuffix)"
        case .delta(let path): path
        }
    }

    /// Indicates that the file's content never changes, so that clients may cache it forever.
    var isImmutable: Bool {
        switch self {
        case .object(let name): name.type != .commitmeta
        case .flatpakSummary, .flatpakSummaryDelta: true
        default: false
        }
    }

    /// The entity tag of a file whose name determines its bytes. Content objects have none: they can be compressed in
    /// many ways.
    var nameTag: String? {
        guard case .object(let name) = self, [.commit, .dirtree, .dirmeta].contains(name.type) else {
            return nil
        }
        return "\"\(name.checksum)\""
    }
}
