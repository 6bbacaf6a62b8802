// SPDX-License-Identifier: Apache-2.0

/// A group made for a test, with two new users in it.
///
/// It is removed when the last reference goes.
public final class TestGroup: Sendable {
    /// The name, that of its first member and `-g`.
    public let name: String
    /// The members; their own groups are others.
    public let members: [TestUser]

    /// Makes the users and the group.
    public init() throws {
        let members = try [TestUser(), TestUser()]
        let name = "\(members[0].name)-g"
        try TestUser.turn.withLock { _ in
            try TestSupport.run(["groupadd", name]).checked()
            for member in members {
                try TestSupport.run(["usermod", "--append", "--groups", name, member.name]).checked()
            }
        }
        self.name = name
        self.members = members
    }

    deinit {
        _ = TestUser.turn.withLock { _ in
            try? TestSupport.run(["groupdel", name])
        }
    }
}
