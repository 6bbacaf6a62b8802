// SPDX-License-Identifier: Apache-2.0

/// A parser of a tar stream of regular files, which consumes its padding and not a byte beyond.
struct TarReader: Sendable {
    enum Event {
        /// A member begins.
        case member(name: String, size: UInt64)
        /// The next bytes of the member's content, in the buffer.
        case content(UnsafeRawBufferPointer)
        /// The member is complete.
        case memberEnd
        /// The stream is complete, its padding consumed.
        case end
    }

    /// The largest pax header or long name in bytes, far more than any client sends.
    static let maximumExtensionSize: UInt64 = 64 * 1024

    /// The most extended headers in a row; clients send one of each kind.
    static let maximumExtensionCount = 16

    private enum State: Equatable {
        case header
        /// Collecting an extension of the next header.
        case collecting(TarHeader.Kind, remaining: UInt64, padding: UInt64)
        case content(remaining: UInt64, padding: UInt64)
        case memberEnding(padding: UInt64)
        case secondZeroBlock
        case trailing
        case ended
    }

    private var state = State.header
    private var collected: [UInt8] = []
    private var pax: PaxRecords?
    private var longName: String?
    private var extensionCount = 0
    private(set) var position: UInt64 = 0

    /// True within a member, for messages about a truncated stream.
    var isInsideMember: Bool {
        if case .content = state { true } else { false }
    }

    /// Returns the next event, or nil where more bytes are needed.
    mutating func next(from buffer: StreamBuffer) throws(ProtocolError) -> Event? {
        while true {
            let bytes = buffer.readable
            switch state {
            case .header:
                guard bytes.count >= TarHeader.blockSize else { return nil }
                if let member = try readHeader(take(TarHeader.blockSize, from: buffer)) { return member }
            case .collecting(let kind, let remaining, let padding):
                if remaining > 0 {
                    guard !bytes.isEmpty else { return nil }
                    let part = take(Int(min(remaining, UInt64(bytes.count))), from: buffer)
                    collected.append(contentsOf: part)
                    state = .collecting(kind, remaining: remaining - UInt64(part.count), padding: padding)
                } else {
                    guard bytes.count >= Int(padding) else { return nil }
                    _ = take(Int(padding), from: buffer)
                    try finishExtension(kind)
                    state = .header
                }
            case .content(let remaining, let padding):
                if remaining == 0 {
                    state = .memberEnding(padding: padding)
                    continue
                }
                guard !bytes.isEmpty else { return nil }
                let part = take(Int(min(remaining, UInt64(bytes.count))), from: buffer)
                state = .content(remaining: remaining - UInt64(part.count), padding: padding)
                return .content(part)
            case .memberEnding(let padding):
                guard bytes.count >= Int(padding) else { return nil }
                _ = take(Int(padding), from: buffer)
                state = .header
                return .memberEnd
            case .secondZeroBlock:
                guard bytes.count >= TarHeader.blockSize else { return nil }
                try requireZeros(take(TarHeader.blockSize, from: buffer))
                state = .trailing
            case .trailing:
                let over = position % UInt64(TarHeader.recordSize)
                if over == 0 {
                    state = .ended
                    return .end
                }
                guard !bytes.isEmpty else { return nil }
                try requireZeros(take(min(TarHeader.recordSize - Int(over), bytes.count), from: buffer))
            case .ended:
                return .end
            }
        }
    }

    private mutating func take(_ count: Int, from buffer: StreamBuffer) -> UnsafeRawBufferPointer {
        let bytes = UnsafeRawBufferPointer(rebasing: buffer.readable[..<count])
        buffer.consume(count)
        position += UInt64(count)
        return bytes
    }

    private func requireZeros(_ bytes: UnsafeRawBufferPointer) throws(ProtocolError) {
        guard bytes.allSatisfy({ $0 == 0 }) else {
            throw .damagedStream(
                "it goes on after its end (two zero blocks and padding to \(TarHeader.recordSize) bytes)")
        }
    }

    private mutating func readHeader(_ block: UnsafeRawBufferPointer) throws(ProtocolError) -> Event? {
        if block.allSatisfy({ $0 == 0 }) {
            guard pax == nil, longName == nil else {
                throw .damagedStream("an extended header precedes no member")
            }
            state = .secondZeroBlock
            return nil
        }
        let header = try TarHeader(block: block)
        switch header.kind {
        case .file:
            let name = pax?.path ?? longName ?? header.name
            let size = pax?.size ?? header.size
            (pax, longName, extensionCount) = (nil, nil, 0)
            guard size <= UInt64(Int64.max) else {
                throw .damagedStream("a member of \(size) bytes")
            }
            state = .content(remaining: size, padding: TarReader.padding(after: size))
            return .member(name: name, size: size)
        case .extended, .globalExtended, .longName:
            guard header.size <= TarReader.maximumExtensionSize else {
                throw .damagedStream(
                    "an extended header of \(header.size) bytes, where at most \(TarReader.maximumExtensionSize) are taken"
                )
            }
            extensionCount += 1
            guard extensionCount <= TarReader.maximumExtensionCount else {
                throw .damagedStream(
                    "more than \(TarReader.maximumExtensionCount) extended headers precede one member")
            }
            collected.removeAll(keepingCapacity: true)
            state = .collecting(
                header.kind, remaining: header.size, padding: TarReader.padding(after: header.size))
            return nil
        case .other(let flag):
            throw ProtocolError(
                .badObjectStream,
                "the object stream holds '\(header.name.forDisplay(limit: 80))' of tar type "
                    + "'\(String(UnicodeScalar(flag)).forDisplay())', and only regular files may be in it")
        }
    }

    private mutating func finishExtension(_ kind: TarHeader.Kind) throws(ProtocolError) {
        switch kind {
        case .extended:
            pax = try PaxRecords(reading: collected)
        case .globalExtended:
            let records = try PaxRecords(reading: collected)
            guard records.path == nil, records.size == nil else {
                throw ProtocolError(
                    .badObjectStream,
                    "the object stream gives one name or size to all members (a global pax header)")
            }
        default:
            longName = String(decoding: collected.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Returns the number of bytes from the end of a content of `size` bytes to the next block.
    static func padding(after size: UInt64) -> UInt64 {
        (UInt64(TarHeader.blockSize) - size % UInt64(TarHeader.blockSize)) % UInt64(TarHeader.blockSize)
    }
}
