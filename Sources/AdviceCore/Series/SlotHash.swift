/// The stable place of a member within a series: FNV-1a 64 over series and subscriber id (schedule.md R16),
/// finished by a mixer. Never Swift's `Hasher`, which is seeded anew for each process.
///
/// The last characters of an id hardly reach FNV's upper bits, and it is by those that offsets and batches
/// are cut: without the mixer `user-000` to `user-199` are due in seven seconds of an hour.
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
        value = SlotHash.mixed(hash)
    }

    /// The finaliser of MurmurHash3 (Appleby): every bit of the result depends on every bit given.
    private static func mixed(_ hash: UInt64) -> UInt64 {
        var mixed = hash
        mixed = (mixed ^ mixed >> 33) &* 0xff51_afd7_ed55_8ccd
        mixed = (mixed ^ mixed >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return mixed ^ mixed >> 33
    }

    public init(value: UInt64) { self.value = value }

    public init(ordered: Int64) { value = UInt64(bitPattern: ordered) ^ (1 << 63) }

    /// The same order as a signed 64-bit number, for a database column.
    public var ordered: Int64 { Int64(bitPattern: value ^ (1 << 63)) }

    /// When a member's delivery is due within a release that is smeared over `spread`: whole seconds, the
    /// same every day (R16). It grows with the hash, so that a range of hashes is a span of seconds
    /// (docs/decisions/0008).
    public func offset(in spread: Span) -> Span {
        .seconds(Int64(value.multipliedFullWidth(by: UInt64(max(0, spread.seconds))).high))
    }

    /// The lowest hash whose offset in `spread`, which is not zero, is `second` or more.
    public static func first(at second: Int64, in spread: Span) -> SlotHash {
        let seconds = UInt128(spread.seconds)
        let scaled = (UInt128(second) << 64) / seconds
        let isExact = scaled * seconds == UInt128(second) << 64
        return SlotHash(value: UInt64(truncatingIfNeeded: isExact ? scaled : scaled + 1))
    }

    public static func < (left: SlotHash, right: SlotHash) -> Bool { left.value < right.value }
}
