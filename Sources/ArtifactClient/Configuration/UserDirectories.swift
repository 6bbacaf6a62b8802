// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TextCoding

/// A user's home directory and those of the XDG Base Directory Specification, for a given environment.
struct UserDirectories: Sendable {
    private let environment: [String: String]
    /// The home directory; nil where neither the caller nor `HOME` names one.
    let home: String?

    /// Prefers `home` to the environment's `HOME`.
    init(environment: [String: String], home: String? = nil) {
        self.environment = environment
        self.home = home ?? Self.absolute(environment["HOME"])
    }

    /// `$XDG_CONFIG_HOME`, by default `~/.config`.
    var configuration: String? { base("XDG_CONFIG_HOME", default: "/.config") }
    /// `$XDG_CACHE_HOME`, by default `~/.cache`.
    var cache: String? { base("XDG_CACHE_HOME", default: "/.cache") }

    /// A variable's value; the XDG directories have their defaults.
    func variable(_ name: String) -> String? {
        switch name {
        case "HOME": home
        case "XDG_CONFIG_HOME": configuration
        case "XDG_CACHE_HOME": cache
        case "XDG_DATA_HOME": base("XDG_DATA_HOME", default: "/.local/share")
        default: environment[name]
        }
    }

    /// Ignores relative values, as the specification demands.
    private func base(_ name: String, default suffix: String) -> String? {
        Self.absolute(environment[name]) ?? home.map { $0 + suffix }
    }

    private static func absolute(_ path: String?) -> String? {
        path.flatMap { $0.utf8.first == UInt8(ascii: "/") ? $0 : nil }
    }
}

extension UserDirectories {
    /// Expands a leading `~`, `$NAME` and `${NAME}` in a path of the configuration, which must then be absolute.
    ///
    /// Throws `ConfigurationError` on `~USER`, on variables that are not set and on paths that are relative.
    func expand(_ text: String, key: String, line: Int) throws(ConfigurationError) -> String {
        var rest = ArraySlice(text.utf8)
        var result: [UInt8] = []
        if rest.first == UInt8(ascii: "~") {
            guard rest.count == 1 || rest.dropFirst().first == UInt8(ascii: "/") else {
                throw ConfigurationError(
                    line: line, "'\(key)' names the home directory of another user",
                    remedy: "write it as a path")
            }
            result += try value(of: "HOME", key: key, line: line).utf8
            rest = rest.dropFirst()
        }
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "$"), let name = Self.takeVariableName(&rest) else {
                result.append(byte)
                continue
            }
            result += try value(of: name, key: key, line: line).utf8
        }
        while result.count > 1, result.last == UInt8(ascii: "/") { result.removeLast() }

        let path = String(decoding: result, as: UTF8.self)
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw ConfigurationError(
                line: line, "'\(key)' is '\(path.forDisplay())', which is no absolute path",
                remedy: "begin it with '/', '~/' or a variable such as $XDG_CACHE_HOME")
        }
        if path.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw ConfigurationError(line: line, "'\(key)' holds a control character", remedy: "remove it")
        }
        return path
    }

    private func value(of name: String, key: String, line: Int) throws(ConfigurationError) -> String {
        guard let value = variable(name) else {
            throw ConfigurationError(
                line: line, "'\(key)' uses the variable \(name), which is not set",
                remedy: "set it, or write the directory out")
        }
        return value
    }

    /// Removes `NAME` or `{NAME}` from the front; nil, with nothing removed, where neither is there.
    private static func takeVariableName(_ rest: inout ArraySlice<UInt8>) -> String? {
        let hasBrace = rest.first == UInt8(ascii: "{")
        let inner = hasBrace ? rest.dropFirst() : rest
        let name = inner.prefix { $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "_") }
        guard !name.isEmpty else { return nil }
        let after = inner[name.endIndex...]
        if hasBrace {
            guard after.first == UInt8(ascii: "}") else { return nil }
            rest = after.dropFirst()
        } else {
            rest = after
        }
        return String(decoding: name, as: UTF8.self)
    }
}
