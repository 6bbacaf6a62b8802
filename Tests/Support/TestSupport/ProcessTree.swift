// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Processes and the ones they started, as `/proc` has them.
public enum ProcessTree {
    /// The processes there are, zombies too.
    static func all() -> [pid_t] {
        ((try? RawPath("/proc").entries()) ?? []).compactMap { pid_t(String(decoding: $0, as: UTF8.self)) }
    }

    /// The living processes below this one, however deep. Zombies do not count.
    public static func descendants(of root: pid_t) -> [pid_t] {
        var children: [pid_t: [pid_t]] = [:]
        for process in all() {
            guard let stat = stat(of: process), stat.state != "Z" else { continue }
            children[stat.parent, default: []].append(process)
        }
        var found: [pid_t] = []
        var pending = [root]
        while let next = pending.popLast() {
            let below = children[next] ?? []
            found += below
            pending += below
        }
        return found
    }

    /// Returns true if there is such a process and it is not a zombie.
    public static func isAlive(_ process: pid_t) -> Bool {
        stat(of: process).map { $0.state != "Z" } ?? false
    }

    /// Kills a process and all below it, and waits until they are gone, at most 10 seconds.
    ///
    /// Stops each of them first, so that none can start another meanwhile. The root must be a child of this
    /// process that has not been waited for, so that its number is certainly its own.
    static func kill(from root: pid_t) {
        var stopped: Set<pid_t> = []
        while true {
            let fresh = ([root] + descendants(of: root)).filter { !stopped.contains($0) }
            if fresh.isEmpty { break }
            for process in fresh {
                Glibc.kill(process, SIGSTOP)
                stopped.insert(process)
            }
        }
        for process in stopped {
            Glibc.kill(process, SIGKILL)
        }
        _ = eventually { !stopped.contains(where: isAlive) }
    }

    /// State and parent, from `/proc/PID/stat`: `PID (name) state parent …`, where a name may have anything
    /// in it.
    private static func stat(of process: pid_t) -> (state: Character, parent: pid_t)? {
        let descriptor = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0, let end = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: buffer[(end + 1)..<count], as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let state = fields[0].first, let parent = pid_t(fields[1]) else { return nil }
        return (state, parent)
    }
}
