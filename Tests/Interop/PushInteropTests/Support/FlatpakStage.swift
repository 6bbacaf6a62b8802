// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A publisher of flatpaks, the repository that is pushed to, and a user with an installation of their own.
struct FlatpakStage {
    /// The properties of the published repository.
    struct Kind: Sendable, CustomTestStringConvertible {
        var isSigned = false
        var hasCollection = false
        var hasDeltas = false

        var testDescription: String {
            let parts = [
                isSigned ? "signed" : "", hasCollection ? "collection" : "", hasDeltas ? "deltas" : "",
            ]
            return parts.filter { !$0.isEmpty }.joined(separator: ", ")
        }
    }

    static let one = "org.example.One"
    static let two = "org.example.Two"
    static let runtime = "runtime/org.example.Platform/\(architecture)/1"
    static let collection = "org.example.Collection"
    private static let key = "publisher@example.com"
    private static let architecture = machine()

    /// The stage with the publisher's repository, and the one that is pushed to and served.
    let base: Stage
    let kind: Kind
    let gpg: GPGHome?
    var directory: TemporaryDirectory { base.directory }
    var cache: String { base.cache }

    /// Makes both repositories; the source gets a runtime.
    init(_ kind: Kind = Kind()) throws {
        base = try Stage()
        self.kind = kind
        gpg = kind.isSigned ? try GPGHome() : nil
        try gpg?.makeKey(FlatpakStage.key)
        if kind.hasCollection {
            for repository in [base.mine, base.cache] {
                try OSTreeCommand.lines(
                    repository, ["config", "set", "core.collection-id", FlatpakStage.collection])
            }
        }
        try FileManager.default.removeItem(atPath: "\(base.cache)/summary")
        try directory.file("runtime/usr/version", "1\n")
        try directory.makeDirectory("runtime/files")
        try directory.file(
            "runtime/metadata", "[Runtime]\nname=org.example.Platform\n\(FlatpakStage.platform)")
        try flatpak(
            ["build-export", "--disable-sandbox", "--runtime"] + signing + [
                base.mine, directory.path("runtime"), "1",
            ])
    }

    private static let platform = """
        runtime=org.example.Platform/\(architecture)/1
        sdk=org.example.Platform/\(architecture)/1

        """

    private static func machine() -> String {
        var names = utsname()
        uname(&names)
        return withUnsafeBytes(of: &names.machine) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The ref of an application.
    static func ref(_ application: String) -> String { "app/\(application)/\(architecture)/stable" }

    private var signing: [String] {
        gpg.map { ["--gpg-sign=\(FlatpakStage.key)", "--gpg-homedir=\($0.path)"] } ?? []
    }

    /// The receiver's options for signing the summary.
    var receiverOptions: [String] {
        gpg.map { ["--summary-gpg-sign", FlatpakStage.key, "--summary-gpg-homedir", $0.path] } ?? []
    }

    /// The options of `repo summary` and `repo expire` for signing the summary.
    var repoOptions: [String] {
        gpg.map { ["--gpg-sign", FlatpakStage.key, "--gpg-homedir", $0.path] } ?? []
    }

    // MARK: The publisher

    /// Commits a version of an application, with descriptions for `flatpak search`.
    func build(
        _ application: String, version: Int, permissions: String = "network;", endOfLife: String? = nil
    ) throws {
        let name = "app-\(UUID().uuidString)"
        try directory.file("\(name)/files/version", "\(version)\n")
        try directory.makeDirectory("\(name)/export")
        try directory.file(
            "\(name)/metadata",
            "[Application]\nname=\(application)\n\(FlatpakStage.platform)command=run\n\n[Context]\nshared=\(permissions)\n"
        )
        let description = try directory.file(
            "\(name)/files/share/app-info/xmls/\(application).xml",
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <components version="0.8" origin="flatpak"><component type="desktop"><id>\(application).desktop</id>
            <name>\(application)</name><summary>findable</summary>
            <bundle type="flatpak">\(FlatpakStage.ref(application))</bundle></component></components>
            """)
        try run(["gzip", description]).checked()
        let end = endOfLife.map { ["--end-of-life=\($0)"] } ?? []
        try flatpak(
            ["build-export", "--disable-sandbox"] + end + signing + [
                base.mine, directory.path(name), "stable",
            ])
    }

    /// Pushes refs and waits until the metadata has followed.
    ///
    /// - Parameter path: PATH of the client and the receiver.
    @discardableResult
    func push(_ refs: [String], path: String? = nil, _ receiver: [String] = []) throws -> ProcessResult {
        try withReceiver(path: path, receiver) { receiver, environment in
            try base.push(refs, receiver, environment: environment)
        }
    }

    /// Deletes refs of the cache and waits until the metadata has followed.
    func delete(_ refs: [String], path: String? = nil) throws {
        try withReceiver(path: path, ["--allow-delete"]) { receiver, environment in
            try base.artifact(["delete", "--remote", cache] + receiver + refs, environment: environment)
        }
    }

    @discardableResult
    private func withReceiver(
        path: String?, _ options: [String], _ body: ([String], [String: String?]) throws -> ProcessResult
    ) throws -> ProcessResult {
        var environment = Stage.allCapabilities
        if let path { environment["PATH"] = path }
        let result = try body(Stage.receiver(receiverOptions + options), environment)
        expectSuccess(result)
        #expect(eventually { !CacheSummary.isRequested(cache) })
        return result
    }

    /// Runs `flatpak build-update-repo`, as the owner of a repository does, by default that of the cache.
    func updateByHand(_ repository: String? = nil, title: String? = nil) throws {
        let deltas = kind.hasDeltas ? ["--generate-static-deltas"] : []
        let options = title.map { ["--title=\($0)"] } ?? []
        try flatpak(["build-update-repo"] + signing + deltas + options + [repository ?? cache])
    }

    // MARK: The user

    private var environment: [String: String?] {
        let home = directory.path("home")
        return [
            "HOME": home, "XDG_DATA_HOME": "\(home)/data", "XDG_CACHE_HOME": "\(home)/cache",
            "XDG_CONFIG_HOME": "\(home)/config", "XDG_RUNTIME_DIR": directory.path("runtime-directory"),
            "FLATPAK_USER_DIR": "\(home)/flatpak", "FLATPAK_SYSTEM_DIR": "\(home)/system",
            "FLATPAK_CONFIG_DIR": "\(home)/system-config", "DBUS_SESSION_BUS_ADDRESS": nil,
            "LC_ALL": "C.UTF-8",
            "no_proxy": "*",
        ]
    }

    /// Runs flatpak, which must succeed, and returns its output.
    @discardableResult
    func flatpak(_ arguments: [String]) throws -> String {
        try directory.makeDirectory("home")
        let runtime = try directory.makeDirectory("runtime-directory")
        chmod(runtime, 0o700)
        return try run(["flatpak"] + arguments, environment: environment).checked().text
    }

    /// Adds the cache as a remote.
    func addRemote(_ url: String) throws {
        let trust = try gpg.map { ["--gpg-import=\(try $0.export())"] } ?? ["--no-gpg-verify"]
        try flatpak(["--user", "remote-add"] + trust + ["origin", url])
    }

    func install(_ application: String) throws {
        try flatpak(["--user", "install", "-y", "--noninteractive", "origin", application])
    }

    func update() throws -> String { try flatpak(["--user", "update", "-y", "--noninteractive"]) }

    /// The applications that the remote lists, without those at the end of their lives as far as the metadata says it.
    func listed() throws -> Set<String> {
        try applications(["remote-ls", "--app", "--columns=application", "origin"])
    }

    private func applications(_ arguments: [String]) throws -> Set<String> {
        Set(
            try flatpak(["--user"] + arguments).split(separator: "\n").map(String.init).filter {
                $0.hasPrefix("org.")
            })
    }

    /// The applications that a search finds.
    func found() throws -> Set<String> {
        try flatpak(["--user", "update", "--appstream"])
        return try applications(["search", "--columns=application", "findable"])
    }

    /// A file of an installed application.
    func installed(_ application: String, _ file: String = "files/version") throws -> String {
        try text(ofFile: "\(directory.path("home"))/flatpak/app/\(application)/current/active/\(file)")
    }

    // MARK: The server

    /// PATH without flatpak, where GnuPG is.
    func pathWithoutFlatpak() throws -> String {
        let programs = try directory.makeDirectory("programs")
        for name in ["gpg", "gpgv"] where !FileManager.default.fileExists(atPath: "\(programs)/\(name)") {
            try FileManager.default.createSymbolicLink(
                atPath: "\(programs)/\(name)", withDestinationPath: Programs.lookUp(name))
        }
        return programs
    }

    /// Returns true if a file of the cache exists.
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(cache)/\(name)") }

    /// The summary in words, as `ostree summary` prints it.
    func summary() throws -> String {
        try OSTreeCommand.lines(cache, ["summary", "--view", "--raw"]).joined(separator: "\n")
    }
}
