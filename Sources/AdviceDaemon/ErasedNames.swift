public import AdviceStore
import Crypto

extension ErasedName {
    /// What is to stay of a subscriber who is forgotten; `names` are those who were before.
    static func of(_ id: String, among names: [ErasedName]) -> ErasedName {
        let salt = names.first?.salt ?? SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }
        return ErasedName(salt: salt, digest: digest(id, salt))
    }

    private static func digest(_ id: String, _ salt: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: salt + Array(id.utf8)))
    }

    /// Those of `ids` who were forgotten, in their order.
    static func known(_ ids: [String], among names: [ErasedName]) -> [String] {
        guard !names.isEmpty else { return [] }
        let salts = Set(names.map(\.salt))
        let digests = Set(names.map(\.digest))
        return ids.filter { id in salts.contains { digests.contains(digest(id, $0)) } }
    }
}

extension RosterChange {
    /// With those who have come back told.
    public mutating func noteReturned(in store: any Store) throws(StoreError) {
        returned = ErasedName.known(added, among: try store.erasedNames())
    }

    /// Who has come back, in words; nil where nobody has.
    public var warningOfReturned: String? {
        returned.isEmpty
            ? nil
            : "forgotten before, and in the roster again: \(returned.joined(separator: ", ")); take them out "
                + "of the file and `advised forget` them, unless they have asked for it anew"
    }
}
