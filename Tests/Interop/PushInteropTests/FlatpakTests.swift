// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A repository of flatpaks stays one that flatpak's clients can use after each push.
@Suite struct FlatpakTests {
    typealias Kind = FlatpakWorkshop.Kind

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
                let server = try WebServer(folder: repository)
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
        let shop = try FlatpakWorkshop(kind)
        let (one, two) = (FlatpakWorkshop.one, FlatpakWorkshop.two)
        try shop.build(one, version: 1)
        // The first push makes it a repository of flatpak.
        let pushed = try shop.push([FlatpakWorkshop.runtime, FlatpakWorkshop.ref(one)], ["--debug"])
        #expect(pushed.errorText.contains("gave up access to files"), "\(pushed.errorText)")
        #expect(shop.has("summary.idx") && shop.has("summary.idx.sig") == kind.isSigned)
        try shop.updateByHand(["--title=Our Applications"])
        let (url, process) = try server.start(shop.cache)
        try withExtendedLifetime(process) {
            try shop.addRemote(url)
            try shop.install(one)
            #expect(try shop.installed(one) == "1\n")
            #expect(try shop.found() == [one])

            // Flatpak refuses a commit whose permissions are others than those of the metadata.
            try shop.build(one, version: 2, permissions: "network;ipc;")
            try shop.push([FlatpakWorkshop.ref(one)])
            _ = try shop.update()
            #expect(try shop.installed(one) == "2\n")
            #expect(try shop.installed(one, "metadata").contains("shared=network;ipc;"))

            try shop.build(two, version: 1)
            try shop.push([FlatpakWorkshop.ref(two)])
            #expect(try shop.listed() == [one, two])
            #expect(try shop.found() == [one, two])
            try shop.install(two)
            #expect(try shop.installed(two) == "1\n")

            try shop.build(one, version: 3, endOfLife: "written anew")
            try shop.push([FlatpakWorkshop.ref(one)])
            #expect(try shop.listed() == [two])
            #expect(try shop.update().contains("written anew"))
            #expect(try shop.installed(one) == "3\n")

            try shop.delete([FlatpakWorkshop.ref(two)])
            #expect(try shop.listed().isEmpty)
            #expect(try !shop.found().contains(two))
        }
        let summary = try shop.summary()
        #expect(summary.contains("'xa.title': <'Our Applications'>"), "\(summary)")
        #expect(summary.contains("'ostree.summary.collection-id'") == kind.hasCollection)
        #expect(summary.contains("'ostree.static-deltas'") == kind.hasDeltas)
        #expect(shop.has("summary.sig") == kind.isSigned && shop.has("summary.idx.sig") == kind.isSigned)
        try OSTreeCommand.fsck(shop.cache)
    }

    @Test(arguments: kinds)
    func `Without flatpak on the server, clients install, update and list what was pushed last`(_ kind: Kind)
        throws
    {
        let shop = try FlatpakWorkshop(kind)
        let (one, two) = (FlatpakWorkshop.one, FlatpakWorkshop.two)
        let path = try shop.pathWithoutFlatpak()
        try shop.build(one, version: 1)
        try shop.push([FlatpakWorkshop.runtime, FlatpakWorkshop.ref(one)], path: path)
        try shop.updateByHand(["--title=Our Applications"])
        #expect(try shop.summary().contains("'xa.cache'"))
        let (url, process) = try Server.serve.start(shop.cache)
        try withExtendedLifetime(process) {
            try shop.addRemote(url)
            try shop.install(one)
            try shop.build(one, version: 2, permissions: "network;ipc;")
            let pushed = try shop.push([FlatpakWorkshop.ref(one)], path: path)
            #expect(pushed.errorText.contains("flatpak is not installed here"), "\(pushed.errorText)")
            for stale in ["summary.idx", "summary.idx.sig"] { #expect(!shop.has(stale)) }
            _ = try shop.update()
            #expect(try shop.installed(one) == "2\n")
            #expect(try shop.installed(one, "metadata").contains("shared=network;ipc;"))

            try shop.build(two, version: 1)
            try shop.push([FlatpakWorkshop.ref(two)], path: path)
            #expect(try shop.listed() == [one, two])
            try shop.install(two)
            try shop.build(one, version: 3, endOfLife: "written anew")
            try shop.push([FlatpakWorkshop.ref(one)], path: path)
            #expect(try shop.update().contains("written anew"))
            #expect(try shop.installed(one) == "3\n")
            try shop.delete([FlatpakWorkshop.ref(two)], path: path)
            #expect(try shop.listed() == [one])

            let summary = try shop.summary()
            #expect(summary.contains("'xa.title': <'Our Applications'>"), "\(summary)")
            for stale in ["xa.cache", "xa.sparse-cache"] { #expect(!summary.contains(stale)) }
            #expect(summary.contains("'ostree.summary.collection-id'") == kind.hasCollection)
            #expect(summary.contains("'ostree.static-deltas'") == kind.hasDeltas)
            #expect(shop.has("summary.sig") == kind.isSigned)

            // Installed later, flatpak makes all of it. Applications at their end are not described.
            try shop.build(one, version: 4)
            try shop.push([FlatpakWorkshop.ref(one)], path: path)
            expectSuccess(try Client.run(["repo", "summary", "--repo", shop.cache] + shop.repoOptions))
            #expect(try shop.found() == [one])
            #expect(shop.has("summary.idx") && shop.has("summary.idx.sig") == kind.isSigned)
        }
    }
}
