// SPDX-License-Identifier: Apache-2.0

// A static delta: a superblock where the input's first byte is even, a part where it is odd. No operation reads outside
// of what there is, and no part makes more than its data and its sources are good for.

import ArtifactProtocol
import FuzzSupport
import Glibc
import SystemCalls
import Variants

@testable import ArtifactRepository

/// Tries one input; what libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    withInput(start, count) { input in
        guard let first = input.first else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: input[1...])
        do {
            try first % 2 == 0 ? testSuperblock(bytes) : testPart(bytes, first)
        } catch is DeltaError {
            // Refused, as it may be.
        } catch {
            fatalError("\(error)")
        }
    }
}

/// Reads a superblock, under the name that it gives itself, and executes the parts within.
private func testSuperblock(_ bytes: UnsafeRawBufferPointer) throws {
    let type = "(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))"
    guard let variant = try? Variant(parsing: bytes, as: type),
        let target = variant[3].withBytes({ Checksum(bytes: $0) }) ?? nil
    else { return }
    let name = DeltaName(from: variant[2].withBytes { Checksum(bytes: $0) } ?? nil, to: target)
    let file = try Repository.fuzzed.temporaryFile()
    try file.writeAll(bytes)
    let delta = try StaticDelta(
        mapping: file, as: name, digest: nil, makeFile: Repository.fuzzed.temporaryFile)
    let application = DeltaApplication(delta, to: Repository.fuzzed)
    for index in 0..<min(delta.partCount, 16) {
        let part = try delta.part(index)
        require(part.objects.allSatisfy { $0.type != .commit }, "a commit is in a part")
        try application.apply(part, nil) { _ in CountedObject() }
    }
}

/// Executes a part, for as many objects as the first byte says.
private func testPart(_ bytes: UnsafeRawBufferPointer, _ first: UInt8) throws {
    let repository = Repository.fuzzed
    let payload = try DeltaPayload(unpacking: bytes, into: repository.temporaryFile(), limit: 1 << 24)
    let types: [ObjectType] = [.file, .dirtree, .file, .dirmeta]
    let objects = (0..<Int(first / 2)).map { ObjectName(Digest().finish(), types[$0 % types.count]) }
    var received: [CountedObject] = []
    let executor = DeltaExecutor(
        payload, making: objects, in: repository, DeltaDeflater(for: repository)
    ) { _ in
        received.append(CountedObject())
        return received.last
    }
    let result = Result { try executor.run() }
    let bound = 64 * (UInt64(payload.dataSize) + UInt64(objects.count * Repository.sourceContent.count))
    let made = received.reduce(0) { $0 + $1.size }
    // Headers come to it, with attributes.
    let headers = UInt64(received.count * (bytes.count + 1024))
    require(made <= bound + headers, "\(made) bytes are made of \(payload.dataSize)")
    try result.get()
    require(received.allSatisfy(\.isFinished), "an object is left incomplete without an error")
}

/// An object of which only the size matters.
private final class CountedObject: IncomingObject {
    private(set) var size: UInt64 = 0
    private(set) var isFinished = false

    func write(_ bytes: UnsafeRawBufferPointer) {
        require(!isFinished, "an object is written to after its end")
        size += UInt64(bytes.count)
    }

    func finish() { isFinished = true }
}

extension Repository {
    fileprivate static let sourceContent = [UInt8]((0..<64).flatMap { _ in Array("0123456789abcdef".utf8) })

    /// A repository in memory, with one file for parts to build on. The seeds know its checksum.
    fileprivate static let fuzzed: Repository = {
        let path = "/dev/shm/fuzz-delta-\(getpid())"
        do {
            mkdir(path, 0o700)
            let repository = try Repository.create(path, mode: .archive)
            // libFuzzer ends the program by itself.
            atexit {
                let shared = try? Directory("/dev/shm")
                try? shared?.removeTree("fuzz-delta-\(getpid())")
            }
            let header = FileHeader(uid: 0, gid: 0, mode: 0o100644)
            let digest = Digest()
            digest.update(header.hashedPrefix + sourceContent)
            let object = ObjectName(digest.finish(), .file)
            let prefix = header.archivePrefix(size: UInt64(sourceContent.count))
            let bytes = sourceContent.withUnsafeBytes { Deflater(.fast).compress($0, after: prefix) }
            let file = repository.objectPath(object)
            try repository.objects.makeDirectory(String(file.prefix(2)), mayExist: true)
            try repository.objects.createFile(file).writeAll(bytes)
            return repository
        } catch {
            fatalError("\(error)")
        }
    }()
}

/// The program.
@_cdecl("FuzzDelta_main")
public func main(_ count: Int32, _ arguments: ArgumentVector) -> Int32 { fuzz(count, arguments, test) }
