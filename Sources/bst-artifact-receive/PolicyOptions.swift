// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactReceiver
import ArtifactRepository

extension Receiver.ExistingRefs: ExpressibleByArgument {}

/// What the owner of a cache lets be pushed.
struct PolicyOptions: ParsableArguments {
    @Option(
        name: .customLong("allow-ref"),
        help: ArgumentHelp(
            "Only refs like this may be pushed; ‘*’ also stands for slashes. May be repeated.",
            valueName: "pattern"))
    var allowed: [String] = []

    @Option(
        name: .customLong("deny-ref"),
        help: ArgumentHelp("Refs like this may not be pushed. May be repeated.", valueName: "pattern"))
    var denied: [String] = []

    @Option(
        name: .customLong("max-object-size"),
        help: ArgumentHelp(
            "The most bytes of one object, as it travels: 1000000, 64M, 2G.", valueName: "size"))
    var maximumObject: ByteCount?

    @Option(
        name: .customLong("max-push-size"),
        help: ArgumentHelp("The most bytes of all new objects of one push.", valueName: "size"))
    var maximumPush: ByteCount?

    @Option(help: ArgumentHelp("Give up on a client that is silent for so long.", valueName: "seconds"))
    var timeout: Int32?

    @Option(
        help: ArgumentHelp(
            "What becomes of a ref that the client believed absent, and that exists with another commit.",
            valueName: "policy"))
    var existing = Receiver.ExistingRefs.keep

    @Flag(name: .customLong("read-only"), help: "Answer clients, but take no pushes.")
    var isReadOnly = false

    func validate() throws {
        if let timeout, !(1...86_400).contains(timeout) {
            throw ValidationError("A time limit is between 1 and 86400 seconds.")
        }
    }

    /// The store with these policies around it.
    func applied(to store: any ArtifactStore) -> any ArtifactStore {
        var store = store
        if maximumObject != nil || maximumPush != nil {
            store = SizeLimit(store, maximumObject: maximumObject?.value, maximumPush: maximumPush?.value)
        }
        if !allowed.isEmpty || !denied.isEmpty {
            store = RefFilter(store, allowed: allowed, denied: denied)
        }
        return isReadOnly ? ReadOnlyStore(store) : store
    }
}

/// A number of bytes, with an optional unit of 1024s: `64M`.
struct ByteCount: ExpressibleByArgument {
    let value: UInt64

    init?(argument: String) {
        let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let unit = argument.last.flatMap { units[$0] }
        let digits = unit == nil ? argument[...] : argument.dropLast()
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt64(digits) else {
            return nil
        }
        let (value, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflow else { return nil }
        self.value = value
    }
}
