// SPDX-License-Identifier: Apache-2.0

@testable import ArtifactProtocol

/// A tar stream, read to its end or as far as it goes.
struct TarRun: Equatable {
    struct Member: Equatable {
        var name: String
        var size: UInt64
        var content: [UInt8] = []
        var isComplete = false
    }

    private(set) var members: [Member] = []
    private(set) var isEnded = false
    /// The number of bytes that were consumed.
    private(set) var position = 0

    init(_ bytes: [UInt8], chunk: Int = .max) throws {
        var reader = TarReader()
        let buffer = StreamBuffer()
        var offset = 0
        while offset < bytes.count, !isEnded {
            offset += buffer.append(bytes[offset...].prefix(chunk))
            while !isEnded, let event = try reader.next(from: buffer) {
                switch event {
                case .member(let name, let size): members.append(Member(name: name, size: size))
                case .content(let part): members[members.count - 1].content += part
                case .memberEnd: members[members.count - 1].isComplete = true
                case .end: isEnded = true
                }
            }
        }
        position = Int(reader.position)
    }
}
