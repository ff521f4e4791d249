public import AdviceCore

/// Decides which addresses may be dialled. It judges the resolved address at the moment of connecting, so
/// that odd literals, rebinding names and mixed answers cannot pass.
///
/// Default deny: only global unicast addresses that are not this host's own pass by themselves. The rows are
/// those of the IANA special-purpose registries.
public struct AddressGuard: Sendable {
    /// Whether an address may be dialled.
    public enum Verdict: Hashable, Sendable {
        case allowed
        /// What the address is, as in "address 10.0.0.5 is private".
        case denied(String)
    }

    private let ownAddresses: Set<IPAddress>

    /// A guard for a host with `ownAddresses`: a request to ourselves would make us our own subscriber.
    public init(ownAddresses: [IPAddress]) {
        self.ownAddresses = Set(ownAddresses.map { $0.mappedV4 ?? $0 })
    }

    /// Whether `address` may be dialled, where the networks `allowing` are let through besides.
    public func judge(_ address: IPAddress, allowing: [AddressBlock]) -> Verdict {
        // The kernel dials the IPv4 address inside a mapped one, so that is the address that counts.
        let dialled = address.mappedV4 ?? address
        if isOpened(address, dialled, by: allowing) { return .allowed }
        if ownAddresses.contains(dialled) { return .denied("this host's own") }
        switch dialled {
        case .v4(let number): return judgeV4(number)
        case .v6(let number): return judgeV6(number, allowing: allowing)
        }
    }

    /// A wide block opens no metadata service along with a network: link-local addresses and those of cloud
    /// metadata are opened one by one.
    private func isOpened(_ address: IPAddress, _ dialled: IPAddress, by blocks: [AddressBlock]) -> Bool {
        let wantsSingle = Self.openedSingly.contains { $0.contains(Self.translated(dialled) ?? dialled) }
        return blocks.contains { block in
            (block.contains(dialled) || block.contains(address)) && (block.isSingle || !wantsSingle)
        }
    }

    /// The IPv4 address that a NAT64 gateway dials for `address`.
    private static func translated(_ address: IPAddress) -> IPAddress? {
        guard case .v6(let number) = address, number >> 32 == translation else { return nil }
        return .v4(UInt32(truncatingIfNeeded: number))
    }

    private static let openedSingly: [AddressBlock] = [
        ("169.254.0.0", 16), ("fe80::", 10), ("fd00:ec2::254", 128),
    ].compactMap { text, length in
        IPAddress(text).map { AddressBlock(around: $0, prefixLength: length) }
    }

    private func judgeV4(_ number: UInt32) -> Verdict {
        for row in Self.deniedV4 where number >> row.shift == row.prefix { return .denied(row.kind) }
        return .allowed
    }

    private func judgeV6(_ number: UInt128, allowing: [AddressBlock]) -> Verdict {
        if number >> 32 == Self.translation {
            return judge(.v4(UInt32(truncatingIfNeeded: number)), allowing: allowing)
        }
        for row in Self.deniedV6 where row.block.contains(.v6(number)) { return .denied(row.kind) }
        return number >> 125 == 0b001 ? .allowed : .denied("not a global address")
    }

    /// 64:ff9b::/96 (RFC 6052): a NAT64 gateway dials the IPv4 address in the last 32 bits.
    private static let translation: UInt128 = 0x0064_ff9b << 64

    /// One block, as the bits that all its addresses share.
    private struct RowV4 {
        let prefix: UInt32
        let shift: UInt32
        let kind: String
    }

    private static let deniedV4: [RowV4] = [
        ("0.0.0.0/8", "of \"this network\""),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier's customers"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.31.196.0/24", "reserved for AS112"),
        ("192.52.193.0/24", "reserved for AMT"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved for AS112"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    ].map { text, kind in
        let block = block(text)
        guard case .v4(let number) = block.first else { preconditionFailure("\(text) is no IPv4 block") }
        let shift = UInt32(32 - block.prefixLength)
        return RowV4(prefix: number >> shift, shift: shift, kind: kind)
    }

    /// Inside 2000::/3 these are exceptions; outside of it all is denied and the rows only give it a name.
    private static let deniedV6: [(block: AddressBlock, kind: String)] = [
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 tunnel"),
        ("2620:4f:8000::/48", "reserved for AS112"),
        ("3fff::/20", "for documentation"),
        ("::1/128", "loopback"),
        ("::/128", "unspecified"),
        ("fe80::/10", "link-local"),
        ("fc00::/7", "private"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    ].map { (block($0), $1) }

    private static func block(_ text: String) -> AddressBlock {
        switch AddressBlock.parse(text) {
        case .success(let block): block
        case .failure(let mistake): preconditionFailure("the guard's own table: \(mistake.message)")
        }
    }
}
