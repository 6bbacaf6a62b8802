// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Copies of this process for work that takes long, several at a time.
public enum ForkedProcesses {
    /// Runs `body` for each number below `count`, in a process of its own with low priority; where this process has
    /// several threads and cannot be forked, in this one.
    ///
    /// No other children of this process may end meanwhile.
    ///
    /// - Parameters:
    ///   - limit: the number of processes at a time.
    ///   - makeFile: makes an empty file without a name, for the words of an error.
    /// - Returns: for each number the words of the error that `body` threw; nil where it succeeded.
    public static func run(
        _ count: Int, atMost limit: Int, makeFile: () throws -> Descriptor, _ body: (Int) throws -> Void
    ) throws -> [String?] {
        guard DetachedProcess.isPossible else {
            return (0..<count).map { number in
                do { try body(number) } catch { return "\(error)" }
                return nil
            }
        }
        var words = [String?](repeating: nil, count: count)
        var running: [pid_t: (number: Int, words: Descriptor)] = [:]
        func awaitOne() throws {
            var status: Int32 = 0
            let identifier = retryingInterrupts { waitpid(-1, &status, 0) }
            guard identifier > 0 else { throw SystemError("wait for a process") }
            guard let ended = running.removeValue(forKey: identifier), status != 0 else { return }
            var text = [UInt8](repeating: 0, count: 4096)
            let size = try text.withUnsafeMutableBytes { try ended.words.fill($0, at: 0) }
            words[ended.number] =
                size > 0
                ? String(decoding: text[..<size], as: UTF8.self)
                : "its process ended with signal \(status & 0x7f)"
        }
        for number in 0..<count {
            while running.count >= max(1, limit) { try awaitOne() }
            let file = try makeFile()
            let identifier = clinux_fork()
            guard identifier >= 0 else { throw SystemError("start a process") }
            if identifier == 0 {
                _ = nice(10)
                do { try body(number) } catch {
                    try? file.writeAll(Array("\(error)".utf8))
                    _exit(1)
                }
                _exit(0)
            }
            running[identifier] = (number, file)
        }
        while !running.isEmpty { try awaitOne() }
        return words
    }
}
