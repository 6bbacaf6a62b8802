// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Sessions on a pseudo-terminal.
@Suite struct TerminalTests {
    private func onTerminal(
        _ line: String, in stage: Stage, columns: Int = 80, then newColumns: Int? = nil, keys: String = "",
        after shown: String = "",
        environment: [String: String?] = [:]
    ) throws -> String {
        var words = line.split(separator: " ").map(String.init)
        words[0] = try Programs.artifact()
        return try Terminal.run(
            words, columns: columns, then: newColumns, keys: keys, after: shown,
            environment: stage.environment.merging(environment) { $1 })
    }

    @Test func `A push shows two lines, and leaves the results alone`() throws {
        let stage = try Stage.withArtifacts()
        let text = try onTerminal(
            "bst-artifact push --repo \(stage.mine) --remote \(stage.cache) hello/base/4f2a", in: stage,
            columns: 50)
        let shown = text.components(separatedBy: "\r\u{1b}[J")
        #expect(shown.count >= 3, "\(text.debugDescription)")
        #expect(
            shown.dropFirst().dropLast().allSatisfy {
                $0.components(separatedBy: "\r\n").allSatisfy { line in
                    line.replacing("\u{1b}[1A", with: "").count < 50
                }
            })
        #expect(shown.last?.hasPrefix("hello/base/4f2a: new, at \(stage.first)\r\npushed ") == true)
        #expect(!text.contains("status"))
    }

    @Test func `Lines fit from the moment on in which the terminal becomes narrower`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasPrefix("/objects/") ? .delay(seconds: 0.15) : nil
        }
        try stage.well("bst-artifact init --mode bare-user other")
        let other = stage.directory.path("other")
        let text = try onTerminal(
            "bst-artifact pull --repo \(other) --remote \(server.url) hello/base/4f2a", in: stage,
            columns: 70, then: 30, after: "1 object,")
        let shown = text.components(separatedBy: "\r\u{1b}[J")
        #expect(shown.count >= 4, "\(text.debugDescription)")
        // What was shown before the change is one; all that follows was measured anew, and what had wrapped is cleared.
        for part in shown.dropFirst(2).dropLast() {
            let lines = part.replacing(/\u{1b}\[\dA/, with: "").components(separatedBy: "\r\n")
            #expect(lines.allSatisfy { $0.count < 30 }, "\(part.debugDescription)")
        }
        #expect(text.contains("\u{1b}[2A"), "\(text.debugDescription)")
        #expect(shown.last?.hasPrefix("hello/base/4f2a: new, at") == true)
    }

    @Test(arguments: [("TERM", "dumb"), ("TERM", "")])
    func `A terminal that cannot move its cursor gets plain lines`(_ name: String, _ value: String) throws {
        let stage = try Stage.withArtifacts()
        let text = try onTerminal(
            "bst-artifact push --repo \(stage.mine) --remote \(stage.cache) hello/base/4f2a", in: stage,
            environment: [name: value.isEmpty ? nil : value])
        #expect(!text.contains("\u{1b}") && text.hasPrefix("hello/base/4f2a: new"))
    }

    @Test func `Errors are coloured on a terminal, unless NO_COLOR is set`() throws {
        let stage = try Stage.withArtifacts()
        let line = "bst-artifact show --repo \(stage.mine) none"
        #expect(
            try onTerminal(line, in: stage).hasPrefix(
                "\u{1b}[1;31mError:\u{1b}[0m \(stage.mine) has no ref none"))
        #expect(
            try onTerminal(line, in: stage, environment: ["NO_COLOR": "1"]).hasPrefix("Error: \(stage.mine)"))
        #expect(try stage.run("bst-artifact show --repo mine none").errorText.hasPrefix("Error: mine"))
    }

    /// A receiver that notes its number, and then does nothing but wait.
    private func hangingReceiver(_ stage: Stage) throws -> String {
        try stage.program(
            "hanging", "echo $$ > \(stage.directory.path("pid"))\necho ready >&2\nexec sleep 1000")
    }

    /// The receiver, once it has noted its number.
    private func notedProcess(_ stage: Stage) -> pid_t? {
        let text = (try? String(contentsOfFile: stage.directory.path("pid"), encoding: .utf8)) ?? ""
        return text.hasSuffix("\n") ? pid_t(text.dropLast()) : nil
    }

    private func expectGone(_ stage: Stage) throws {
        let process = try #require(notedProcess(stage))
        #expect(kill(process, 0) != 0 && errno == ESRCH, "the receiver still runs")
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `A signal ends a push that waits, says what is kept, and leaves no process`(
        _ signal: Int32
    ) throws {
        let stage = try Stage.withArtifacts()
        let process = try stage.start(
            stage.pushing(["hello/base/4f2a"], ["--receiver", hangingReceiver(stage)]))
        #expect(eventually { notedProcess(stage) != nil })
        process.terminate(signal)
        let result = try process.finish()
        #expect(result.status == .exited(128 + signal), "\(result.errorText)")
        #expect(
            result.errorText.contains(
                "was interrupted, and moves no further ref there: what has arrived is kept"))
        try expectGone(stage)
    }

    @Test func `A signal ends a pull that waits, and nothing has changed`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) hello/base/4f2a")
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasSuffix(".filez") ? .delay(seconds: 5) : nil
        }
        let other = try stage.another()
        let process = try stage.start(other.pulling(from: server.url))
        #expect(eventually { server.requestedPaths.contains { $0.hasSuffix(".filez") } })
        process.terminate(SIGINT)
        let result = try process.finish()
        #expect(result.status == .exited(130), "\(result.errorText)")
        #expect(
            result.errorText.contains("was interrupted, and nothing has changed: what was fetched is kept"))
        #expect(try OSTreeCommand.refs(other.mine).isEmpty)
    }

    @Test func `Ctrl-C on a terminal ends a push, though what it has started gets it too`() throws {
        let stage = try Stage.withArtifacts()
        let program = try hangingReceiver(stage)
        let text = try onTerminal(
            "bst-artifact push --repo \(stage.mine) --remote \(stage.cache) --receiver \(program) hello/base/4f2a",
            in: stage, keys: "\u{3}")
        #expect(text.contains("was interrupted, and moves no further ref there"), "\(text)")
        #expect(text.hasSuffix("status 130\n"))
        try expectGone(stage)
    }
}
