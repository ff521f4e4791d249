/// The stable place of a member within a series: FNV-1a 64 over series and subscriber id (schedule.md R16).
/// Never Swift's `Hasher`, which is seeded anew for each process.
///
/// A `UInt64` stored in a signed column keeps its order by `ordered`.
public struct SlotHash: Hashable, Comparable, Sendable {
    public var value: UInt64

    public init(series: String, subscriber: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        for byte in series.utf8 { mix(byte) }
        mix(0)
        for byte in subscriber.utf8 { mix(byte) }
        value = hash
    }

    public init(value: UInt64) { self.value = value }

    /// The same order as a signed 64-bit number, for a database column.
    public var ordered: Int64 { Int64(bitPattern: value ^ (1 << 63)) }

    public static func < (left: SlotHash, right: SlotHash) -> Bool { left.value < right.value }
}
