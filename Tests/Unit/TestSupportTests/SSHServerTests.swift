// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct SSHServerTests {
    @Test func `ForceCommand runs in place of what the client asked for, which it can see`() throws {
        let server = try SSHServer(forceCommand: "echo forced: \"$SSH_ORIGINAL_COMMAND\"; cat")
        let result = try server.run("push 'a b'", input: .text("input"))
        #expect(result.text == "forced: push 'a b'\ninput")
        #expect(result.succeeded, "\(result.errorText) \(server.log)")
    }

    @Test func `Options of the authorized key, PATH and exit status are honoured`() throws {
        let server = try SSHServer(
            authorizedKeysOptions: "restrict,command=\"command -v bst-artifact-receive; exit 7\"",
            environmentPath: Programs.searchPath)
        let result = try server.run("anything")
        #expect(try result.lines == [Programs.receiver()])
        #expect(result.status == .exited(7))
    }

    @Test func `Strangers on either side are refused`() throws {
        let server = try SSHServer()
        let wrongKey = try run(server.wrongKeyCommand + [server.host, "true"])
        #expect(wrongKey.status == .exited(255))
        #expect(wrongKey.errorText.contains("Permission denied"))
        let unknownHost = try run(server.unknownHostCommand + [server.host, "true"])
        #expect(unknownHost.errorText.contains("Host key verification failed"))
        let changedHost = try run(server.changedHostCommand + [server.host, "true"])
        #expect(changedHost.errorText.contains("HOST IDENTIFICATION HAS CHANGED"))
    }

    @Test func `Stopping the server ends its sessions and leaves nothing running`() throws {
        let server = try SSHServer()
        let client = try RunningProcess(server.sshCommand + [server.host, "echo $$; sleep 60"])
        let shell = try #require(pid_t(client.readLine() ?? ""))
        let running = [server.processID] + ProcessTree.descendants(of: server.processID)
        #expect(running.contains(shell))
        server.stop()
        #expect(try client.wait() == .exited(255))
        #expect(!running.contains(where: ProcessTree.isAlive))
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root can make users"))
    func `An ordinary user with a locked password can log in and is gone afterwards`() throws {
        var user: TestUser? = try TestUser()
        let name = try #require(user?.name)
        let home = try #require(user?.home)
        do {
            let server = try SSHServer(user: name)
            let result = try server.run("id -un; pwd")
            #expect(result.lines == [name, home], "\(result.errorText) \(server.log)")
        }
        #expect(try user?.run(["sh", "-c", "id -un; pwd; echo $HOME"]).lines == [name, home, home])
        let copy = try #require(try user?.install(Programs.artifact()))
        #expect(try user?.run(["test", "-x", copy]).succeeded == true)
        user = nil
        #expect(try run(["id", name]).status == .exited(1))
        #expect(!FileManager.default.fileExists(atPath: home))
    }
}
