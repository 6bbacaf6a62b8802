// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The objects of a push, to be damaged one way or another.
struct ObjectStream {
    var objects: [(name: String, content: [UInt8])]

    init(_ objects: [(name: String, content: [UInt8])]) {
        self.objects = objects
    }

    /// All objects of an archive repository, as its files have them.
    init(ofArchive repository: String) throws {
        objects = try OSTreeCommand.listObjects(repository).map { name in
            let path = "\(repository)/objects/\(name.prefix(2))/\(name.dropFirst(2))"
            guard let content = FileManager.default.contents(atPath: path) else {
                throw TestSupportError("cannot read \(path)")
            }
            return (name, Array(content))
        }
    }

    /// Without the first object of a type.
    func without(_ suffix: String) -> ObjectStream {
        var copy = self
        if let index = objects.firstIndex(where: { $0.name.hasSuffix(suffix) }) {
            copy.objects.remove(at: index)
        }
        return copy
    }

    /// With the last byte of the first object of a type inverted.
    func damaging(_ suffix: String) -> ObjectStream {
        var copy = self
        if let index = objects.firstIndex(where: { $0.name.hasSuffix(suffix) }) {
            let last = copy.objects[index].content.count - 1
            copy.objects[index].content[last] ^= 0xff
        }
        return copy
    }

    /// With one more object.
    func adding(_ name: String, _ content: [UInt8] = [1, 2, 3]) -> ObjectStream {
        ObjectStream(objects + [(name, content)])
    }

    /// Version 1: a tar stream of ustar headers, padded to whole records.
    var tar: [UInt8] {
        var bytes: [UInt8] = []
        for (name, content) in objects {
            bytes += ObjectStream.header(name, content.count) + content
            bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
        }
        bytes += [UInt8](repeating: 0, count: 1024)
        return bytes + [UInt8](repeating: 0, count: (10_240 - bytes.count % 10_240) % 10_240)
    }

    /// Version 0: a frame before each object.
    var frames: [UInt8] {
        objects.flatMap { Frame.object($0.name, $0.content) }
    }

    static func header(_ name: String, _ size: Int, flag: Character = "0") -> [UInt8] {
        func octal(_ value: Int, _ width: Int) -> [UInt8] {
            let digits = String(value, radix: 8)
            return Array((String(repeating: "0", count: width - 1 - digits.count) + digits).utf8) + [0]
        }
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: [UInt8], at offset: Int) {
            block.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        }
        put(Array(name.utf8), at: 0)
        put(octal(0o644, 8), at: 100)
        put(octal(0, 8), at: 108)
        put(octal(0, 8), at: 116)
        put(octal(size, 12), at: 124)
        put(octal(0, 12), at: 136)
        put(Array("        ".utf8), at: 148)
        put(Array(String(flag).utf8), at: 156)
        put(Array("ustar\u{0}00".utf8), at: 257)
        put(octal(block.reduce(0) { $0 + Int($1) }, 7) + [UInt8(ascii: " ")], at: 148)
        return block
    }
}

/// Our receiver, fed with bytes.
enum ReceiverRun {
    static func run(_ repository: String, _ input: [UInt8], _ options: [String] = []) throws -> ProcessResult
    {
        try TestSupport.run([Programs.receiver()] + options + [repository], input: .bytes(input))
    }

    /// A whole push of version 1.
    static func push(
        _ refs: [(String, String, String)], _ objects: ObjectStream
    ) -> [UInt8] {
        Frame.info(refs.map { ($0.0, $0.2) }) + Frame.update(refs) + Frame.putObjects + objects.tar
            + Frame.done()
    }

    /// A whole push of version 0.
    static func push0(_ refs: [(String, String, String)], _ objects: ObjectStream) -> [UInt8] {
        Frame.update(refs, version: 0) + objects.frames + Frame.done(version: 0)
    }
}
