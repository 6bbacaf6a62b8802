// SPDX-License-Identifier: Apache-2.0

// An object, whose type is the input's first byte. A file's content is never longer than its header says, and what
// comes of an object does not depend on how it is cut.

import ArtifactProtocol
import FuzzSupport

@testable import ArtifactRepository

/// Tries one input; what libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    withInput(start, count) { input in
        guard let first = input.first else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: input[1...])
        let type = ObjectType.allCases[Int(first) % ObjectType.allCases.count]
        if type == .file { return testFile(bytes) }
        let digest = Digest()
        digest.update(bytes)
        // Under its own name, so that its form is looked at.
        let name = ObjectName(digest.finish(), type)
        guard (try? checkMetadata(bytes, name)) != nil else { return }
        switch type {
        case .commit:
            require((try? Commit(bytes, name)) != nil, "a commit that was found right cannot be read")
        case .dirtree:
            guard let tree = try? DirTree(bytes, name) else {
                fatalError("a dirtree that was found right cannot be read")
            }
            // They end the program where an entry cannot be read.
            _ = tree.files.map(\.name) + tree.directories.map(\.name)
        default: break
        }
    }
}

private func testFile(_ input: UnsafeRawBufferPointer) {
    let first = decode(input, .whole)
    for cut in [Cut.bytes, .uneven] {
        let again = decode(input, cut)
        require(again == first, "\(again) where the object is cut \(cut), not \(first)")
    }
}

private func decode(_ input: UnsafeRawBufferPointer, _ cut: Cut) -> String {
    let name = ObjectName(Digest().finish(), .file)
    var decoder = FilezDecoder(name)
    var (produced, stated) = (UInt64(0), UInt64.max)
    var failure: String?
    let buffer = StreamBuffer()
    cut.feed(input, into: buffer) {
        let bytes = buffer.readable
        defer { buffer.consume(bytes.count) }
        do {
            try decoder.write(bytes) { content in
                produced += UInt64(content.count)
                // The header is eight bytes into the object, and begins with the content's size.
                stated = UInt64(bigEndian: input.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                require(produced <= stated, "\(produced) bytes where the header says \(stated)")
            }
            return true
        } catch {
            // Which of several things is noticed first depends on the cut; that something is, does not.
            failure = "refused"
            return false
        }
    }
    if let failure { return failure }
    do {
        _ = try decoder.finish()
        require(
            stated == .max || produced == stated, "\(produced) bytes where the header says \(stated)")
        return "right, \(produced) bytes"
    } catch {
        return "refused"
    }
}

/// The program.
@_cdecl("FuzzObjects_main")
public func main(_ count: Int32, _ arguments: ArgumentVector) -> Int32 { fuzz(count, arguments, test) }
