/// Makes the bytes of a TZif file by hand, right or wrong.
struct TZifBytes {
    var transitions: [(at: Int64, type: UInt8)] = []
    /// Seconds east of UTC of each local time type.
    var offsets: [Int32] = [0]
    var footer: String?
    var version: UInt8 = 0x32

    /// Version 1, or with an empty 32-bit block before the 64-bit one, as `zic -b slim` writes it.
    var bytes: [UInt8] {
        if version == 0 { return header(transitions.count, offsets.count) + block(timeSize: 4) }
        let first = header(0, 1) + [0, 0, 0, 0, 0, 0, 0]
        let second = header(transitions.count, offsets.count) + block(timeSize: 8)
        return first + second + (footer.map { Array("\n\($0)\n".utf8) } ?? [])
    }

    private func header(_ transitions: Int, _ types: Int) -> [UInt8] {
        let counts = [0, 0, 0, transitions, types, 1].flatMap { big(Int64($0), size: 4) }
        return Array("TZif".utf8) + [version] + Array(repeating: 0, count: 15) + counts
    }

    private func block(timeSize: Int) -> [UInt8] {
        transitions.flatMap { big($0.at, size: timeSize) } + transitions.map(\.type)
            + offsets.flatMap { big(Int64($0), size: 4) + [0, 0] } + [0]
    }

    private func big(_ value: Int64, size: Int) -> [UInt8] {
        (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * Int64($0))) }
    }
}
