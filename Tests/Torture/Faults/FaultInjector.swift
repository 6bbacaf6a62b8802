// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// The abilities of a file system.
enum FileSystemKind: CaseIterable {
    /// Everything.
    case complete
    /// Everything but to rename without replacing, as NFS.
    case withoutExclusiveRenames
    /// Neither that nor hard links, as some of FUSE.
    case withoutLinks
}

/// The failure in one run.
enum Fault: Hashable, CustomStringConvertible {
    /// One call fails; everything else works.
    case failure(Int32)
    /// The process is killed before the call: its earlier changes stay.
    case kill
    /// Power is cut before the call: changes that were not synced are lost.
    case powerCut
    /// Power is cut, and some changes that were not synced happen to be on the disk.
    case untidyPowerCut(seed: UInt64)

    /// True if the machine starts anew afterwards.
    var needsRestart: Bool {
        switch self {
        case .failure, .kill: false
        case .powerCut, .untidyPowerCut: true
        }
    }

    var description: String {
        switch self {
        case .failure(let code): "call fails (\(String(cString: strerror(code))))"
        case .kill: "kill -9"
        case .powerCut: "power cut"
        case .untidyPowerCut: "power cut, writes reordered"
        }
    }
}

/// Lets a fault happen at one of the calls that change a directory, counted from 0.
final class FaultInjector: FileSystemObserver, @unchecked Sendable {
    // One thread makes all the calls of a run, hence @unchecked Sendable.
    private let fault: Fault
    private let fileSystem: FileSystemKind
    private let point: Int
    private let model: DiskModel
    /// The number of calls that were made.
    private(set) var calls = 0
    /// True if the process counts as dead.
    private(set) var isDead = false

    /// The injector in use. Release builds cannot have one.
    static var installed: FaultInjector? {
        get {
            #if DEBUG
                FileSystemObservation.observer as? FaultInjector
            #else
                nil
            #endif
        }
        set {
            #if DEBUG
                FileSystemObservation.observer = newValue
            #else
                precondition(newValue == nil, "only debug builds inject faults")
            #endif
        }
    }

    init(_ fault: Fault, at point: Int, on fileSystem: FileSystemKind, _ model: DiskModel) {
        self.fileSystem = fileSystem
        self.fault = fault
        self.point = point
        self.model = model
    }

    func willMake(_ change: FileSystemChange) -> Int32? {
        if isDead { return EIO }
        guard concerns(change) else { return nil }
        switch (change, fileSystem) {
        // It cannot do that, whatever the fault.
        case (.renameUnlessPresent, .withoutExclusiveRenames), (.renameUnlessPresent, .withoutLinks),
            (.link, .withoutLinks):
            return EOPNOTSUPP
        default: break
        }
        defer { calls += 1 }
        if calls == point {
            if case .failure(let code) = fault { return code }
            isDead = true
            return EIO
        }
        model.prepare(change)
        return nil
    }

    func didMake(_ change: FileSystemChange) {
        if concerns(change) { model.note(change) }
    }

    private func concerns(_ change: FileSystemChange) -> Bool {
        switch change {
        case .create(let descriptor, _), .makeDirectory(let descriptor, _), .write(let descriptor),
            .setMetadata(let descriptor), .setTime(let descriptor, _), .rename(_, _, let descriptor, _),
            .renameUnlessPresent(_, _, let descriptor, _), .link(_, _, let descriptor, _),
            .remove(let descriptor, _), .sync(let descriptor), .syncFileSystem(let descriptor):
            model.path(descriptor) != nil
        }
    }

    /// Brings the directory into the state that the fault leaves.
    func strike() {
        guard isDead else { return }
        switch fault {
        case .failure, .kill: break
        case .powerCut: model.lose { false }
        case .untidyPowerCut(let seed):
            var random = Random(seed: seed &+ UInt64(point) &* 0x9E37_79B9_7F4A_7C15)
            model.lose { random.next() & 1 == 0 }
        }
    }
}

/// Numbers that are the same in every run (splitmix64).
struct Random {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
