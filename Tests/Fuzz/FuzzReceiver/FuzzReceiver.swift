// SPDX-License-Identifier: Apache-2.0

// A whole push, from a client that may say anything. Whatever it says, the cache then has only objects that are what
// their names say, and refs whose commits are complete.

import ArtifactProtocol
import ArtifactReceiver
import FuzzSupport
import Glibc
import SystemCalls

@testable import ArtifactRepository

/// Tries one input; what libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    withInput(start, count) { input in
        do {
            let cache = try Cache()
            let said = try cache.directory.unnamedFile()
            try said.writeAll(input)
            lseek(said.number, 0, SEEK_SET)
            var options = Receiver.Options()
            options.version = input.count > 1 && input[1] == 0 ? .zero : .one
            let receiver = Receiver(store: cache.repository, options: options)
            let isAccepted = (try? receiver.serve(input: said, output: Cache.nowhere)) != nil
            try cache.verify(isAccepted: isAccepted)
            try cache.clear()
        } catch {
            fatalError("\(error)")
        }
    }
}

/// A repository in memory, which is used again as long as nothing arrives in it.
private struct Cache {
    static let nowhere = Descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC))
    private nonisolated(unsafe) static var made: Repository?

    let directory: Directory
    let repository: Repository

    init() throws {
        let shared = try Directory("/dev/shm")
        let name = "fuzz-receiver-\(getpid())"
        try shared.makeDirectory(name, mayExist: true)
        directory = try shared.directory(name)
        if let made = Cache.made {
            repository = made
        } else {
            repository = try Repository.create("/dev/shm/\(name)/cache", mode: .archive)
            Cache.made = repository
            // libFuzzer ends the program by itself.
            atexit {
                let shared = try? Directory("/dev/shm")
                try? shared?.removeTree("fuzz-receiver-\(getpid())")
            }
        }
    }

    func verify(isAccepted: Bool) throws {
        // An interrupted push leaves what was right of it to the next one.
        let leftovers = try repository.root.directory("tmp").entries().filter {
            $0.hasPrefix("bst-artifact") && (isAccepted || !$0.hasPrefix("bst-artifact-push-"))
        }
        require(leftovers.isEmpty, "\(leftovers) are left behind")
        var count = 0
        for half in try repository.objects.entries() {
            for rest in try repository.objects.directory(half).entries() {
                try verifyObject(half + rest)
                count += 1
            }
        }
        require(isAccepted || count == 0, "a push that failed left objects")
        var walk = ObjectWalk(repository)
        for (_, commit) in try repository.refs() {
            try walk.visit(commit) { name in
                require(try repository.contains(name), "\(name), which \(commit) needs, is not there")
            }
        }
    }

    private func verifyObject(_ fileName: String) throws {
        guard let name = ObjectName(fileName: fileName) else {
            fatalError("\(fileName) is among the objects")
        }
        let bytes = try repository.objects.openFile(repository.objectPath(name)).readAll(limit: 1 << 26)
        try bytes.withUnsafeBytes { raw in
            if name.type == .file {
                var decoder = FilezDecoder(name)
                try decoder.write(raw) { _ in }
                _ = try decoder.finish()
            } else {
                try checkMetadata(raw, name)
            }
        }
    }

    func clear() throws {
        for entry in try repository.objects.entries() { try repository.objects.removeTree(entry) }
        let temporary = try repository.root.directory("tmp")
        for entry in try temporary.entries() { try temporary.removeTree(entry) }
        let heads = try repository.root.directory("refs/heads")
        for entry in try heads.entries() { try heads.removeTree(entry) }
    }
}

/// The program.
@_cdecl("FuzzReceiver_main")
public func main(_ count: Int32, _ arguments: ArgumentVector) -> Int32 { fuzz(count, arguments, test) }
