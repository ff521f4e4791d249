/// FNV-1a 64 over a run of fields: tells that something is other than it was. Stable for ever, for it is
/// stored; no protection against someone who means harm.
struct Checksum {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    init() {}

    init(_ bytes: [UInt8]) {
        mix(bytes)
    }

    /// As a database column holds it.
    var signed: Int64 { Int64(bitPattern: value) }

    private mutating func mix(byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    mutating func mix(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { mix(byte: byte) }
    }

    /// A field: its end is marked, so that `ab` and `c` are not `a` and `bc`.
    mutating func mix(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            for byte in bytes { mix(byte: byte) }
        }
        // No UTF-8 text holds this byte.
        mix(byte: 0xff)
    }

    mutating func mix(_ text: String?) {
        mix(text ?? "")
        mix(byte: text == nil ? 0 : 1)
    }

    mutating func mix(_ number: Int64) {
        for shift in stride(from: 0, to: 64, by: 8) { mix(byte: UInt8(truncatingIfNeeded: number >> shift)) }
    }
}
