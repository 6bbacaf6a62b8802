// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A program that is about to start, with its descriptors 0 to 2 and its signals.
struct ProcessSpawn: ~Copyable {
    private var actions = posix_spawn_file_actions_t()
    /// The program's ends of pipes, closed here once it has started.
    private var itsEnds: [Int32] = []
    /// Our ends, closed where it does not start.
    private var ourEnds: [Int32] = []

    init() {
        posix_spawn_file_actions_init(&actions)
    }

    deinit {
        var actions = actions
        posix_spawn_file_actions_destroy(&actions)
        for end in itsEnds + ourEnds { close(end) }
    }

    /// Opens a file as one of its descriptors.
    mutating func open(_ path: String, _ flags: Int32, as number: Int32) {
        posix_spawn_file_actions_addopen(&actions, number, path, flags, 0o644)
    }

    /// Makes a pipe to its standard input, and returns the other end, which never blocks.
    mutating func pipeToInput() throws -> Int32 {
        let (read, write) = try ProcessSpawn.makePipe()
        _ = fcntl(write, F_SETFL, O_WRONLY | O_NONBLOCK)
        return give(read, as: 0, keeping: write)
    }

    /// Connects its standard output or standard error.
    ///
    /// - Returns: the descriptor to read it from; -1 where it is not captured.
    mutating func connect(_ output: ProcessOutput, as number: Int32) throws -> Int32 {
        switch output {
        case .captured where number == 2:
            let file = try ProcessSpawn.openUnnamedFile()
            ourEnds.append(file)
            posix_spawn_file_actions_adddup2(&actions, file, number)
            return file
        case .captured:
            let (read, write) = try ProcessSpawn.makePipe()
            return give(write, as: number, keeping: read)
        case .file(let path): open(path, O_WRONLY | O_CREAT | O_APPEND, as: number)
        case .discarded: open("/dev/null", O_WRONLY, as: number)
        }
        return -1
    }

    private mutating func give(_ its: Int32, as number: Int32, keeping ours: Int32) -> Int32 {
        itsEnds.append(its)
        ourEnds.append(ours)
        posix_spawn_file_actions_adddup2(&actions, its, number)
        return ours
    }

    /// Starts the program with its three descriptors, no blocked signals and the usual reaction to each.
    mutating func start(
        _ program: String, _ arguments: [String], _ variables: [String: String], in directory: String?
    ) throws -> pid_t {
        _ = GNUCall.spawnClosingFrom(&actions, 3)
        if let directory { _ = GNUCall.spawnInDirectory(&actions, directory) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        // Whoever started the tests in the background had them ignore some.
        for signal in [SIGPIPE, SIGINT, SIGQUIT, SIGHUP, SIGTERM] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var argumentPointers = arguments.map { strdup($0) } + [nil]
        var variablePointers = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argumentPointers + variablePointers { free(pointer) } }
        var process: pid_t = 0
        let failure = posix_spawn(
            &process, program, &actions, &attributes, &argumentPointers, &variablePointers)
        guard failure == 0 else { throw TestSupportError.system("start \(program)", code: failure) }
        ourEnds = []
        return process
    }

    /// A pipe that no program inherits by accident, whoever else starts one meanwhile.
    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard GNUCall.pipe2(&ends, O_CLOEXEC) == 0 else { throw TestSupportError.system("make a pipe") }
        return (ends[0], ends[1])
    }

    private static func openUnnamedFile() throws -> Int32 {
        let path = "\(TemporaryDirectory.base)/bstt-\(UUID().uuidString)"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TestSupportError.system("make \(path)") }
        unlink(path)
        return descriptor
    }
}
