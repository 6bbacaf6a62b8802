// SPDX-License-Identifier: Apache-2.0

/// Puts attacks into a list, one statement after the other: a compiler takes very long for one large expression.
@resultBuilder
enum AttackBuilder {
    static func buildExpression(_ attack: Attack) -> [Attack] { [attack] }
    static func buildExpression(_ attacks: [Attack]) -> [Attack] { attacks }
    static func buildBlock(_ parts: [Attack]...) -> [Attack] { parts.flatMap { $0 } }
    static func buildArray(_ parts: [[Attack]]) -> [Attack] { parts.flatMap { $0 } }
}

extension Attack {
    static func table(@AttackBuilder _ attacks: () -> [Attack]) -> [Attack] { attacks() }
}
