// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// SHA-256 (FIPS 180-4), independent of the library that the code under test uses.
package func sha256(_ message: [UInt8]) -> Checksum {
    var state = initialState
    var padded = message + [0x80]
    padded += [UInt8](repeating: 0, count: (120 - padded.count % 64) % 64)
    padded += (0..<8).map { UInt8(truncatingIfNeeded: (message.count * 8) >> (56 - 8 * $0)) }
    var words = [UInt32](repeating: 0, count: 64)
    for start in stride(from: 0, to: padded.count, by: 64) {
        for index in 0..<16 {
            let place = start + index * 4
            words[index] =
                UInt32(padded[place]) &<< 24 | UInt32(padded[place + 1]) &<< 16 | UInt32(padded[place + 2])
                &<< 8
                | UInt32(padded[place + 3])
        }
        for index in 16..<64 {
            let (near, far) = (words[index - 2], words[index - 15])
            let small = rotate(far, 7) ^ rotate(far, 18) ^ far &>> 3
            let large = rotate(near, 17) ^ rotate(near, 19) ^ near &>> 10
            words[index] = words[index - 16] &+ small &+ words[index - 7] &+ large
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let mixed = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
            let choice = (e & f) ^ (~e & g)
            let first = h &+ mixed &+ choice &+ constants[index] &+ words[index]
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ majority
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ second)
        }
        for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
    }
    let bytes = state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
    return bytes.withUnsafeBytes { Checksum(bytes: $0)! }
}

private let initialState = primes.prefix(8).map { fraction(Double($0).squareRoot()) }
private let constants = primes.map { fraction(cubeRoot($0)) }
private let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }

private func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word &>> count | word &<< (32 &- count) }

/// The first 32 bits behind the point.
private func fraction(_ number: Double) -> UInt32 {
    UInt32((number - number.rounded(.down)) * 4_294_967_296)
}

/// By Newton's method, exact enough for 32 bits.
private func cubeRoot(_ number: Int) -> Double {
    var root = Double(number) / 3 + 1
    for _ in 0..<50 { root -= (root * root * root - Double(number)) / (3 * root * root) }
    return root
}
