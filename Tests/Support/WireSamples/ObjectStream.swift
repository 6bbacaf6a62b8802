// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The objects of a push, to be damaged one way or another.
package struct ObjectStream: Sendable {
    package var objects: [(name: String, content: [UInt8])]

    package init(_ objects: [(name: String, content: [UInt8])]) {
        self.objects = objects
    }

    /// All objects of an archive repository, as its files have them.
    package init(ofArchive repository: String) throws {
        objects = try OSTreeCommand.listObjects(repository).map { name in
            let path = "\(repository)/objects/\(name.prefix(2))/\(name.dropFirst(2))"
            guard let content = FileManager.default.contents(atPath: path) else {
                throw TestSupportError("cannot read \(path)")
            }
            return (name, Array(content))
        }
    }

    /// Without the first object of a type.
    package func without(_ suffix: String) -> ObjectStream {
        var copy = self
        if let index = objects.firstIndex(where: { $0.name.hasSuffix(suffix) }) {
            copy.objects.remove(at: index)
        }
        return copy
    }

    /// With the last byte of the first object of a type inverted.
    package func damaging(_ suffix: String) -> ObjectStream {
        var copy = self
        if let index = objects.firstIndex(where: { $0.name.hasSuffix(suffix) }) {
            let last = copy.objects[index].content.count - 1
            copy.objects[index].content[last] ^= 0xff
        }
        return copy
    }

    /// With one more object.
    package func adding(_ name: String, _ content: [UInt8] = [1, 2, 3]) -> ObjectStream {
        ObjectStream(objects + [(name, content)])
    }

    /// Version 1: a tar stream of ustar headers, padded to whole records.
    package var tar: [UInt8] { tar(after: []) }

    /// The same, behind blocks that may change what the first member is.
    package func tar(after start: [UInt8]) -> [UInt8] {
        var bytes = start
        for (name, content) in objects {
            bytes += TarBlock(name, size: content.count).with(content)
        }
        bytes += [UInt8](repeating: 0, count: 1024)
        return bytes + [UInt8](repeating: 0, count: (10_240 - bytes.count % 10_240) % 10_240)
    }

    /// Version 0: a frame before each object.
    package var frames: [UInt8] {
        objects.flatMap { Frame.object($0.name, $0.content) }
    }

    package static func header(_ name: String, _ size: Int, flag: Character = "0") -> [UInt8] {
        TarBlock(name, size: size, flag: flag.asciiValue ?? 0).bytes
    }
}

/// Our receiver, fed with bytes.
package enum ReceiverRun {
    package static func run(
        _ repository: String, _ input: [UInt8], _ options: [String] = [], environment: [String: String?] = [:]
    ) throws -> ProcessResult {
        try TestSupport.run(
            [Programs.receiver()] + options + [repository], input: .bytes(input), environment: environment)
    }

    /// A whole push of version 1.
    package static func push(
        _ refs: [(String, String, String)], _ objects: ObjectStream
    ) -> [UInt8] {
        Frame.info(refs.map { ($0.0, $0.2) }) + Frame.update(refs) + Frame.putObjects + objects.tar
            + Frame.done()
    }

    /// A whole push of version 0.
    package static func push0(_ refs: [(String, String, String)], _ objects: ObjectStream) -> [UInt8] {
        Frame.update(refs, version: 0) + objects.frames + Frame.done(version: 0)
    }
}
