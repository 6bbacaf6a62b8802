// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Calls of the GNU C library that Swift's Glibc module does not show, looked up by name.
enum GNUCall {
    static let pipe2 = symbol(
        "pipe2", as: (@convention(c) @Sendable (UnsafeMutablePointer<Int32>, Int32) -> Int32).self)

    static let accept4 = symbol(
        "accept4",
        as: (@convention(c) @Sendable (Int32, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int32) ->
            Int32).self)

    /// Has the child change to a directory before it starts the program.
    static let spawnInDirectory = symbol(
        "posix_spawn_file_actions_addchdir_np",
        as: (@convention(c) @Sendable (UnsafeMutableRawPointer, UnsafePointer<CChar>) -> Int32).self)

    /// Has the child close every descriptor from a number upwards.
    static let spawnClosingFrom = symbol(
        "posix_spawn_file_actions_addclosefrom_np",
        as: (@convention(c) @Sendable (UnsafeMutableRawPointer, Int32) -> Int32).self)

    static let llistxattr = symbol(
        "llistxattr",
        as: (@convention(c) @Sendable (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int).self)

    static let lgetxattr = symbol(
        "lgetxattr",
        as: (@convention(c) @Sendable (
            UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int
        ) -> Int).self)

    static let lsetxattr = symbol(
        "lsetxattr",
        as: (@convention(c) @Sendable (
            UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer?, Int, Int32
        ) -> Int32).self)

    private static func symbol<Function>(_ name: String, as type: Function.Type) -> Function {
        guard let address = dlsym(dlopen(nil, RTLD_NOW), name) else {
            fatalError("this C library has no \(name): the tests need glibc 2.34 or newer")
        }
        return unsafeBitCast(address, to: type)
    }
}
