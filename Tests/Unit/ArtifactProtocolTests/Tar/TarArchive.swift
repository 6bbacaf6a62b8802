// SPDX-License-Identifier: Apache-2.0

/// Tar streams made by hand, without the code under test, so that they can be wrong in any way.
struct TarArchive {
    /// A header's fields, each as it stands in the block.
    struct Header {
        var name = "member"
        /// Twelve bytes.
        var size: [UInt8]
        var flag = UInt8(ascii: "0")
        var prefix = ""
        /// `ustar` as POSIX or as GNU has it.
        var magic: [UInt8] = Header.posix
        /// Eight bytes in place of the right checksum.
        var checksum: [UInt8]?

        static let posix: [UInt8] = Array("ustar\u{0}00".utf8)
        static let gnu: [UInt8] = Array("ustar  \u{0}".utf8)

        init(_ name: String = "member", size: Int = 0, flag: Character = "0") {
            self.name = name
            self.size =
                Array((String(repeating: "0", count: 11) + String(size, radix: 8)).suffix(11).utf8) + [0]
            self.flag = flag.asciiValue ?? 0
        }

        var block: [UInt8] {
            var block = [UInt8](repeating: 0, count: 512)
            func put(_ bytes: some Collection<UInt8>, at offset: Int) {
                block.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            }
            put(name.utf8, at: 0)
            put("0000644\0000000000\0000000000\0".utf8, at: 100)
            put(size, at: 124)
            put("00000000000\0        ".utf8, at: 136)
            block[156] = flag
            put(magic, at: 257)
            put(prefix.utf8, at: 345)
            let digits = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
            let right = Array((String(repeating: "0", count: 6) + digits).suffix(6).utf8) + [0, 32]
            put(checksum ?? right, at: 148)
            return block
        }
    }

    private(set) var bytes: [UInt8] = []

    mutating func add(_ header: Header, _ content: some Collection<UInt8> = []) {
        bytes += header.block + content + zeros((512 - content.count % 512) % 512)
    }

    mutating func add(_ name: String, _ content: [UInt8]) {
        add(Header(name, size: content.count), content)
    }

    /// A header of records or of a long name that belongs to the next member.
    mutating func add(extension flag: Character, _ text: String) {
        add(Header("././@Extension", size: text.utf8.count, flag: flag), Array(text.utf8))
    }

    mutating func append(_ bytes: [UInt8]) { self.bytes += bytes }

    /// The stream with its end.
    func ended() -> [UInt8] {
        bytes + zeros((bytes.count + 1024 + 10_239) / 10_240 * 10_240 - bytes.count)
    }

    private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    /// `LENGTH KEY=VALUE\n`, the length counting itself.
    static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count + 1
        while String(length).utf8.count + rest.utf8.count != length { length += 1 }
        return "\(length)\(rest)"
    }
}
