// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

@testable import ArtifactRepository

/// Sets of millions of objects.
@Suite struct ObjectSetTests {
    private static func name(_ words: [UInt64], _ type: ObjectType) throws -> ObjectName {
        let checksum = words.map(\.bigEndian).withUnsafeBytes { Checksum(bytes: $0) }
        return ObjectName(try #require(checksum), type)
    }

    @Test func `A set has exactly what was put into it and not removed`() throws {
        var random = SystemRandomNumberGenerator()
        var set = ObjectSet()
        var model: Set<ObjectName> = []
        var known: [ObjectName] = []
        for _ in 0..<100_000 {
            let isKnown = !known.isEmpty && Int.random(in: 0..<3) == 0
            let name =
                try isKnown
                ? #require(known.randomElement())
                : ObjectSetTests.name(
                    (0..<4).map { _ in random.next() }, #require(ObjectType.allCases.randomElement()))
            if Bool.random() || !isKnown {
                #expect(set.insert(name) == model.insert(name).inserted)
                known.append(name)
            } else {
                set.remove(ObjectKey(name))
                model.remove(name)
            }
        }
        #expect(set.count == model.count)
        for name in known where set.contains(name) != model.contains(name) { Issue.record("\(name)") }
    }

    @Test func `A map has the last value of each object that was not removed`() throws {
        var random = SystemRandomNumberGenerator()
        var map = ObjectMap<UInt32>()
        var model: [ObjectName: UInt32] = [:]
        let names = try (0..<20_000).map { _ in
            try ObjectSetTests.name(
                (0..<4).map { _ in random.next() }, #require(ObjectType.allCases.randomElement()))
        }
        for number in 0..<100_000 {
            let name = try #require(names.randomElement())
            if number % 3 == 0 {
                map.remove(ObjectKey(name))
                model[name] = nil
            } else {
                #expect(map.set(UInt32(number), of: ObjectKey(name)) == (model[name] == nil))
                model[name] = UInt32(number)
            }
        }
        #expect(map.count == model.count)
        for name in names where map.value(of: ObjectKey(name)) != model[name] { Issue.record("\(name)") }
    }

    @Test func `Objects that differ late are one, but for those that need others`() throws {
        for type in ObjectType.allCases {
            var set = ObjectSet()
            set.insert(try ObjectSetTests.name([0, 0, 0, 0], type))
            let hasOthersBelow = type == .commit || type == .dirtree
            #expect(try set.contains(ObjectSetTests.name([0, 1, 0, 0], type)) != hasOthersBelow)
            #expect(try !set.contains(ObjectSetTests.name([8, 0, 0, 0], type)))
            for other in ObjectType.allCases where other != type {
                #expect(
                    try !set.contains(ObjectSetTests.name([0, 0, 0, 0], other)), "\(other) is no \(type)")
            }
        }
    }
}
