// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A repository of flatpaks stays one that flatpak's clients can use after each push.
@Suite struct FlatpakTests {
    typealias Kind = FlatpakStage.Kind

    private static let kinds = [
        Kind(), Kind(isSigned: true), Kind(hasCollection: true), Kind(hasDeltas: true),
        Kind(isSigned: true, hasCollection: true, hasDeltas: true),
    ]

    /// Serves the cache.
    enum Server: Sendable, CaseIterable {
        case nginx
        case serve

        func start(_ repository: String) throws -> (url: String, process: AnyObject) {
            switch self {
            case .nginx:
                let server = try WebServer(directory: repository)
                return (server.plainURL, server)
            case .serve:
                let process = try RunningProcess([
                    try Programs.artifact(), "serve", repository, "--http", "--listen", "127.0.0.1:0",
                ])
                while let line = try process.readLine() {
                    guard line.contains("served at"), let port = line.split(separator: ":").last else {
                        continue
                    }
                    return ("http://localhost:\(port)", process)
                }
                throw TestSupportError("the server does not start:\n\(process.errorText)")
            }
        }
    }

    @Test(arguments: kinds, Server.allCases)
    func `Clients install, update, list and search what was pushed last`(_ kind: Kind, _ server: Server)
        throws
    {
        let stage = try FlatpakStage(kind)
        let (one, two) = (FlatpakStage.one, FlatpakStage.two)
        try stage.build(one, version: 1)
        // The first push makes it a repository of flatpak.
        let pushed = try stage.push([FlatpakStage.runtime, FlatpakStage.ref(one)], ["--debug"])
        #expect(pushed.errorText.contains("gave up access to files"), "\(pushed.errorText)")
        #expect(stage.has("summary.idx") && stage.has("summary.idx.sig") == kind.isSigned)
        try stage.updateByHand(title: "Our Applications")
        let (url, process) = try server.start(stage.cache)
        try withExtendedLifetime(process) {
            try stage.addRemote(url)
            try stage.install(one)
            #expect(try stage.installed(one) == "1\n")
            #expect(try stage.found() == [one])

            // Flatpak refuses a commit whose permissions are others than those of the metadata.
            try stage.build(one, version: 2, permissions: "network;ipc;")
            try stage.push([FlatpakStage.ref(one)])
            _ = try stage.update()
            #expect(try stage.installed(one) == "2\n")
            #expect(try stage.installed(one, "metadata").contains("shared=network;ipc;"))

            try stage.build(two, version: 1)
            try stage.push([FlatpakStage.ref(two)])
            #expect(try stage.listed() == [one, two])
            #expect(try stage.found() == [one, two])
            try stage.install(two)
            #expect(try stage.installed(two) == "1\n")

            try stage.build(one, version: 3, endOfLife: "written anew")
            try stage.push([FlatpakStage.ref(one)])
            #expect(try stage.listed() == [two])
            #expect(try stage.update().contains("written anew"))
            #expect(try stage.installed(one) == "3\n")

            try stage.delete([FlatpakStage.ref(two)])
            #expect(try stage.listed().isEmpty)
            #expect(try !stage.found().contains(two))
        }
        let summary = try stage.summary()
        #expect(summary.contains("'xa.title': <'Our Applications'>"), "\(summary)")
        #expect(summary.contains("'ostree.summary.collection-id'") == kind.hasCollection)
        #expect(summary.contains("'ostree.static-deltas'") == kind.hasDeltas)
        #expect(stage.has("summary.sig") == kind.isSigned && stage.has("summary.idx.sig") == kind.isSigned)
        try OSTreeCommand.fsck(stage.cache)
    }

    @Test(arguments: kinds)
    func `Without flatpak on the server, clients install, update and list what was pushed last`(_ kind: Kind)
        throws
    {
        let stage = try FlatpakStage(kind)
        let (one, two) = (FlatpakStage.one, FlatpakStage.two)
        let path = try stage.pathWithoutFlatpak()
        try stage.build(one, version: 1)
        try stage.push([FlatpakStage.runtime, FlatpakStage.ref(one)], path: path)
        try stage.updateByHand(title: "Our Applications")
        #expect(try stage.summary().contains("'xa.cache'"))
        let (url, process) = try Server.serve.start(stage.cache)
        try withExtendedLifetime(process) {
            try stage.addRemote(url)
            try stage.install(one)
            try stage.build(one, version: 2, permissions: "network;ipc;")
            let pushed = try stage.push([FlatpakStage.ref(one)], path: path)
            #expect(pushed.errorText.contains("flatpak is not installed here"), "\(pushed.errorText)")
            for stale in ["summary.idx", "summary.idx.sig"] { #expect(!stage.has(stale)) }
            _ = try stage.update()
            #expect(try stage.installed(one) == "2\n")
            #expect(try stage.installed(one, "metadata").contains("shared=network;ipc;"))

            try stage.build(two, version: 1)
            try stage.push([FlatpakStage.ref(two)], path: path)
            #expect(try stage.listed() == [one, two])
            try stage.install(two)
            try stage.build(one, version: 3, endOfLife: "written anew")
            try stage.push([FlatpakStage.ref(one)], path: path)
            #expect(try stage.update().contains("written anew"))
            #expect(try stage.installed(one) == "3\n")
            try stage.delete([FlatpakStage.ref(two)], path: path)
            #expect(try stage.listed() == [one])

            let summary = try stage.summary()
            #expect(summary.contains("'xa.title': <'Our Applications'>"), "\(summary)")
            for stale in ["xa.cache", "xa.sparse-cache"] { #expect(!summary.contains(stale)) }
            #expect(summary.contains("'ostree.summary.collection-id'") == kind.hasCollection)
            #expect(summary.contains("'ostree.static-deltas'") == kind.hasDeltas)
            #expect(stage.has("summary.sig") == kind.isSigned)

            // Installed later, flatpak makes all of it. Applications at their end are not described.
            try stage.build(one, version: 4)
            try stage.push([FlatpakStage.ref(one)], path: path)
            expectSuccess(
                try stage.base.artifact(["repo", "summary", "--repo", stage.cache] + stage.repoOptions))
            #expect(try stage.found() == [one])
            #expect(stage.has("summary.idx") && stage.has("summary.idx.sig") == kind.isSigned)
        }
    }
}
