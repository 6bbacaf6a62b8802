// SPDX-License-Identifier: Apache-2.0

/// A packet of OpenPGP data (RFC 9580, section 4), of which only the header is parsed.
struct OpenPGPPacket {
    /// The type of its content.
    enum Kind: Equatable {
        case signature
        case publicKey
        case secretKey
        case other
    }

    let kind: Kind
    /// The packet, including its header.
    let bytes: ArraySlice<UInt8>

    /// Splits data into packets; nil if it does not consist of packets of known length.
    static func split(_ data: [UInt8]) -> [OpenPGPPacket]? {
        var packets: [OpenPGPPacket] = []
        var rest = data[...]
        while !rest.isEmpty {
            guard let packet = OpenPGPPacket(startOf: rest) else { return nil }
            packets.append(packet)
            rest = rest.dropFirst(packet.bytes.count)
        }
        return packets
    }

    private init?(startOf data: ArraySlice<UInt8>) {
        guard let first = data.first, first & 0x80 != 0 else { return nil }
        let isNewFormat = first & 0x40 != 0
        let field = data.dropFirst()
        let length =
            isNewFormat ? OpenPGPPacket.length(field) : OpenPGPPacket.oldLength(field, type: first & 3)
        guard let length, data.count > length.octets + length.content else { return nil }
        kind =
            switch isNewFormat ? first & 0x3f : first >> 2 & 0xf {
            case 2: .signature
            case 5: .secretKey
            case 6: .publicKey
            default: .other
            }
        bytes = data.prefix(1 + length.octets + length.content)
    }

    /// The sizes of the length field and of the content in octets; nil for partial lengths, which neither keys nor
    /// signatures may have.
    private static func length(_ field: ArraySlice<UInt8>) -> (octets: Int, content: Int)? {
        guard let first = field.first else { return nil }
        switch first {
        case 0..<192: return (1, Int(first))
        case 192..<224: return number(field, octets: 2).map { (2, $0 - (192 << 8) + 192) }
        case 255: return number(field.dropFirst(), octets: 4).map { (5, $0) }
        default: return nil
        }
    }

    /// The same for packets in the old format; nil for an indeterminate length.
    private static func oldLength(_ field: ArraySlice<UInt8>, type: UInt8) -> (octets: Int, content: Int)? {
        guard type < 3 else { return nil }
        let octets = 1 << Int(type)
        return number(field, octets: octets).map { (octets, $0) }
    }

    private static func number(_ field: ArraySlice<UInt8>, octets: Int) -> Int? {
        guard field.count >= octets else { return nil }
        return field.prefix(octets).reduce(0) { $0 << 8 | Int($1) }
    }
}
