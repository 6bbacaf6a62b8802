// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TextCoding

/// The `[USERINFO@]HOST[:PORT]` of a URL (RFC 3986, section 3.2), its host and port checked.
struct URLAuthority {
    /// The bytes before the last `@`, not decoded.
    let userInfo: ArraySlice<UInt8>?
    /// The host; an IPv6 address without its brackets.
    let host: String
    let port: UInt16?

    init(parsing bytes: ArraySlice<UInt8>) throws(RemoteAddressError) {
        let at = bytes.lastIndex(of: UInt8(ascii: "@"))
        userInfo = at.map { bytes[..<$0] }
        let hostAndPort = at.map { bytes[($0 + 1)...] } ?? bytes

        let end: Int
        if hostAndPort.first == UInt8(ascii: "["), let close = hostAndPort.firstIndex(of: UInt8(ascii: "]")) {
            end = close + 1
        } else {
            end = hostAndPort.firstIndex(of: UInt8(ascii: ":")) ?? hostAndPort.endIndex
        }
        host = try Self.host(hostAndPort[..<end])
        guard end < hostAndPort.endIndex else {
            port = nil
            return
        }
        let afterColon = hostAndPort[(end + 1)...]
        guard hostAndPort[end] == UInt8(ascii: ":"), !afterColon.contains(UInt8(ascii: ":")) else {
            throw RemoteAddressError(
                "its host and port cannot be told apart",
                remedy: "write an IPv6 address in brackets, as in [::1]:22")
        }
        port = try Self.port(String(decoding: afterColon, as: UTF8.self))
    }

    /// Parses a host name, an IPv4 address, or an IPv6 address in brackets, which are removed.
    static func host(_ bytes: ArraySlice<UInt8>) throws(RemoteAddressError) -> String {
        if bytes.first == UInt8(ascii: "[") {
            return try internetProtocol6(bytes)
        }
        let host = String(decoding: bytes, as: UTF8.self)
        try checkWord(host, of: "its host")
        if bytes.contains(where: { "[]@:/%\\".utf8.contains($0) }) {
            throw RemoteAddressError(
                "its host holds one of the characters [ ] @ : / % \\",
                remedy: "write the host's name or address")
        }
        return host
    }

    /// Parses a port between 1 and 65,535 in decimal digits.
    static func port(_ text: String) throws(RemoteAddressError) -> UInt16 {
        guard text.utf8.allSatisfy(\.isASCIIDigit), let port = UInt16(text), port > 0 else {
            throw RemoteAddressError(
                "its port '\(text.forDisplay())' is not a number from 1 to 65535",
                remedy: "correct the port or leave it out with its colon")
        }
        return port
    }

    /// Refuses a host or user that is empty, looks like an option, or has white space or characters that a shell acts
    /// on. ssh hands both to shells (`ProxyCommand`, `Match exec`); its own client refuses the same characters since
    /// OpenSSH 9.6.
    static func checkWord(_ word: String, of part: String) throws(RemoteAddressError) {
        if word.utf8.isEmpty {
            throw RemoteAddressError("\(part) is empty", remedy: "name it")
        }
        if word.utf8.first == UInt8(ascii: "-") {
            throw RemoteAddressError("\(part) begins with '-', as an option does", remedy: "correct it")
        }
        if word.unicodeScalars.contains(where: \.properties.isWhitespace) {
            throw RemoteAddressError("\(part) holds white space", remedy: "remove it")
        }
        if word.utf8.contains(where: { "'`\"$;&<>|(){}".utf8.contains($0) }) {
            throw RemoteAddressError(
                "\(part) holds a character that a shell would act on", remedy: "remove it")
        }
    }

    /// Parses the address in `[…]`, with its zone (RFC 6874) as programs want it: `fe80::1%eth0`.
    private static func internetProtocol6(_ bytes: ArraySlice<UInt8>) throws(RemoteAddressError) -> String {
        let inner = bytes.dropFirst().dropLast()
        let address = inner.prefix { $0 != UInt8(ascii: "%") }
        let hasZone = address.count < inner.count
        var zone = inner[address.endIndex...].dropFirst()
        if zone.starts(with: "25".utf8) { zone = zone.dropFirst(2) }
        let isAddress =
            bytes.last == UInt8(ascii: "]")
            && address.contains(UInt8(ascii: ":"))
            && address.allSatisfy { "0123456789abcdefABCDEF:.".utf8.contains($0) }
            && zone.allSatisfy { $0.isASCIIAlphanumeric || "._-".utf8.contains($0) }
            && zone.isEmpty != hasZone
        guard isAddress else {
            throw RemoteAddressError("what its host has in brackets is no IPv6 address", remedy: "correct it")
        }
        let text = String(decoding: address, as: UTF8.self)
        return hasZone ? text + "%" + String(decoding: zone, as: UTF8.self) : text
    }
}
