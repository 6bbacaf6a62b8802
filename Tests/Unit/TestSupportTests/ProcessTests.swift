// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct ProcessTests {
    @Test func `A program's output, error output and status are kept apart`() throws {
        let result = try run(["sh", "-c", "echo out; echo err >&2; exit 3"])
        #expect(result.text == "out\n")
        #expect(result.errorText == "err\n")
        #expect(result.status == .exited(3))
        #expect(throws: TestSupportError.self) { try result.checked() }
    }

    @Test func `Large input and output pass without a deadlock`() throws {
        let bytes = SampleTree.noise(count: 3_000_000, seed: 7)
        let result = try run(["sh", "-c", "tee /dev/stderr"], input: .bytes(bytes))
        #expect(result.output == bytes)
        #expect(result.errorOutput == bytes)
    }

    @Test func `A program that does not read its input ends as it wants to`() throws {
        let result = try run(["false"], input: .bytes([UInt8](repeating: 0, count: 1_000_000)))
        #expect(result.status == .exited(1))
    }

    @Test func `A program that is too slow is killed with its children and what it printed is told`() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: TestSupportError.self) {
            try run(
                ["sh", "-c", "echo begun; sleep 60 & echo $! > pid; wait"], directory: directory.path,
                timeout: 0.3)
        }
        #expect(error?.description.contains("begun") == true)
        let child = try #require(pid_t(run(["cat", directory.path("pid")]).lines.first ?? ""))
        #expect(!ProcessTree.isAlive(child))
    }

    @Test func `Environment and directory are as asked for`() throws {
        let directory = try TemporaryDirectory()
        let result = try run(
            ["sh", "-c", "pwd; echo $COLOUR $LC_ALL ${HOME-none}"],
            environment: ["COLOUR": "red", "HOME": nil],
            directory: directory.path)
        #expect(result.lines == [directory.path, "red C.UTF-8 none"])
    }

    @Test func `A missing program is an error that says what to install`() throws {
        let error = #expect(throws: TestSupportError.self) { try run(["no-such-program"]) }
        #expect(error?.description.contains("not installed") == true)
    }

    @Test func `Programs started at once inherit nothing of each other`() throws {
        let errors = ErrorList()
        DispatchQueue.concurrentPerform(iterations: 40) { _ in
            errors.keep {
                let result = try run(["ls", "/proc/self/fd"], input: .text("x"))
                // The fourth is ls's own, of the directory it lists.
                #expect(result.lines == ["0", "1", "2", "3"])
            }
        }
        #expect(errors.all.isEmpty)
    }

    @Test func `A running program can be talked to`() throws {
        let process = try RunningProcess(["cat"])
        try process.write("one\ntwo\n")
        #expect(try process.readLine() == "one")
        #expect(try process.read(exactly: 2) == Array("tw".utf8))
        #expect(process.isRunning)
        let result = try process.finish()
        #expect(result.text == "o\n")
        #expect(result.succeeded)
    }

    @Test func `A running program can be killed midway`() throws {
        let process = try RunningProcess(["cat"])
        process.terminate(SIGKILL)
        #expect(try process.wait() == .signalled(SIGKILL))
        #expect(throws: TestSupportError.self) { try process.write("x") }
    }

    @Test func `A program nobody refers to any more is killed`() throws {
        let number = try RunningProcess(["sleep", "60"]).processID
        #expect(!ProcessTree.isAlive(number))
    }

    @Test func `The built programs are found`() throws {
        for program in [try Programs.artifact(), try Programs.receiver()] {
            let name = (program as NSString).lastPathComponent
            #expect(try Programs.lookUp(name, path: Programs.searchPath) == program)
        }
    }
}
