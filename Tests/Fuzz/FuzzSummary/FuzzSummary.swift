// SPDX-License-Identifier: Apache-2.0

// A summary, as a web server may send it.

import ArtifactProtocol
import ArtifactRepository
import FuzzSupport
import Glibc
import SystemCalls

/// Tries one input; what libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    withInput(start, count) { input in
        // A file that has no name, in memory where that is possible.
        guard let directory = try? Directory("/dev/shm"), let file = try? directory.unnamedFile(),
            (try? file.writeAll(input)) != nil
        else { fatalError("there is no /dev/shm to put files into") }
        guard let summary = try? Summary(mapping: file) else { return }
        summary.forEach { entry in
            require(RefName(entry.ref.text) == entry.ref, "\(entry.ref) is no ref")
            require(Checksum(hex: entry.commit.hex) == entry.commit, "\(entry.commit) is no commit")
        }
    }
}

/// The program.
@_cdecl("FuzzSummary_main")
public func main(_ count: Int32, _ arguments: ArgumentVector) -> Int32 { fuzz(count, arguments, test) }
