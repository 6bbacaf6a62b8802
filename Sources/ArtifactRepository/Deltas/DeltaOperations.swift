// SPDX-License-Identifier: Apache-2.0

/// The operations of a delta's part, read one after the other: a letter each, then its numbers.
struct DeltaOperations {
    /// An operation.
    enum Operation: UInt8 {
        /// Makes an object of a range of the data.
        case makeObject = 0x53
        /// Begins a file.
        case open = 0x6F
        /// Appends a range of the source, or of the data without one, to the file.
        case write = 0x77
        /// Chooses a file of the repository as source.
        case setSource = 0x72
        /// Chooses the data as source.
        case unsetSource = 0x52
        /// Ends the file.
        case close = 0x63
        /// Makes the file from the source by a patch, which is a range of the data.
        case patch = 0x42
    }

    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        rest = bytes
    }

    /// Reads the next operation's letter; nil at the end.
    mutating func next() throws -> Operation? {
        guard let letter = rest.first else { return nil }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
        guard let operation = Operation(rawValue: letter) else {
            throw DeltaError("it has an operation that is not known here")
        }
        return operation
    }

    /// Reads a number: seven bits in each byte, the lowest first; the highest bit says that more follow.
    mutating func number() throws -> UInt64 {
        var (value, shift) = (UInt64(0), UInt64(0))
        while let byte = rest.first {
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
            let bits = UInt64(byte & 0x7F)
            guard shift < 63 || (shift == 63 && bits <= 1) else { break }
            value |= bits << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw DeltaError("a number in its operations is damaged")
    }
}
