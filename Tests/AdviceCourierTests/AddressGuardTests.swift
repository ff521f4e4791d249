import AdviceCore
import AdviceCourier
import Testing

@Suite("The address guard")
struct AddressGuardTests {
    private let own = ["198.41.0.4", "2001:500:2::c", "192.168.7.7", "127.0.0.1", "::1"]

    private func judge(_ text: String, allowing: [String] = []) throws -> AddressGuard.Verdict {
        let addresses = try own.map { try #require(IPAddress($0)) }
        let blocks = try allowing.map { try AddressBlock.parse($0).get() }
        return AddressGuard(ownAddresses: addresses)
            .judge(try #require(IPAddress(text)), allowing: blocks)
    }

    @Test(
        "public addresses pass",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255",
            "192.0.1.0", "192.0.3.0", "192.31.195.255", "192.31.197.0", "192.52.192.255", "192.52.194.0",
            "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "192.175.47.255",
            "192.175.49.0",
            "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0",
            "223.255.255.255",
            "2000::1", "2001:200::1", "2001:db7:ffff::1", "2001:db9::", "2003::1", "2606:4700:4700::1111",
            "2620:4f:7fff::1", "2620:4f:8001::", "2a00:1450:4001::1", "3ffe:ffff::1", "3fff:1000::",
            "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        ])
    func passes(address: String) throws {
        #expect(try judge(address) == .allowed)
    }

    @Test(
        "addresses that are not public are denied, each by its name",
        arguments: [
            ("0.0.0.0", "of \"this network\""), ("0.255.255.255", "of \"this network\""),
            ("10.0.0.0", "private"), ("10.0.0.5", "private"), ("10.255.255.255", "private"),
            ("100.64.0.0", "shared by a carrier's customers"),
            ("100.127.255.255", "shared by a carrier's customers"),
            ("127.0.0.2", "loopback"), ("127.255.255.255", "loopback"),
            ("169.254.0.0", "link-local"), ("169.254.169.254", "link-local"),
            ("169.254.255.255", "link-local"),
            ("172.16.0.0", "private"), ("172.31.255.255", "private"),
            ("192.0.0.0", "reserved for protocols"), ("192.0.0.170", "reserved for protocols"),
            ("192.0.2.1", "for documentation"),
            ("192.31.196.1", "reserved for AS112"), ("192.52.193.1", "reserved for AMT"),
            ("192.88.99.1", "a 6to4 relay"),
            ("192.168.0.0", "private"), ("192.168.255.255", "private"),
            ("192.175.48.1", "reserved for AS112"),
            ("198.18.0.0", "for benchmarks"), ("198.19.255.255", "for benchmarks"),
            ("198.51.100.1", "for documentation"), ("203.0.113.1", "for documentation"),
            ("224.0.0.1", "multicast"), ("239.255.255.255", "multicast"),
            ("240.0.0.0", "reserved"), ("255.255.255.255", "reserved"),
            ("::", "unspecified"), ("::2", "not a global address"), ("::127.0.0.1", "not a global address"),
            ("::ffff:0:127.0.0.1", "not a global address"),
            ("::ffff:127.0.0.2", "loopback"), ("::ffff:10.0.0.5", "private"),
            ("::ffff:169.254.169.254", "link-local"),
            ("64:ff9b::10.0.0.5", "private"), ("64:ff9b::127.0.0.2", "loopback"),
            ("64:ff9b::169.254.169.254", "link-local"),
            ("64:ff9b:1::1", "not a global address"), ("64:ff9b:0:0:0:1::", "not a global address"),
            ("64:ff9c::8.8.8.8", "not a global address"),
            ("100::1", "not a global address"), ("1fff:ffff::1", "not a global address"),
            ("2001::1", "reserved for protocols"), ("2001:1::1", "reserved for protocols"),
            ("2001:1ff:ffff::", "reserved for protocols"),
            ("2001:db8::1", "for documentation"), ("2002:7f00:1::", "a 6to4 tunnel"),
            ("2620:4f:8000::1", "reserved for AS112"), ("3fff::1", "for documentation"),
            ("3fff:fff:ffff::", "for documentation"),
            ("4000::1", "not a global address"), ("5f00::1", "not a global address"),
            ("fc00::1", "private"), ("fd00:ec2::254", "private"),
            ("fe80::1", "link-local"), ("fec0::1", "private"), ("ff02::1", "multicast"),
        ])
    func denies(address: String, kind: String) throws {
        #expect(try judge(address) == .denied(kind))
    }

    @Test(
        "this host's own addresses are denied, in every spelling",
        arguments: [
            "198.41.0.4", "2001:500:2::c", "192.168.7.7", "127.0.0.1", "::1", "::ffff:198.41.0.4",
            "64:ff9b::198.41.0.4",
        ])
    func own(address: String) throws {
        #expect(try judge(address) == .denied("this host's own"))
    }

    @Test(
        "allowed networks are let through, this host's own addresses too",
        arguments: [
            ("10.0.0.5", "10.0.0.0/8"), ("10.0.0.5", "10.0.0.5"), ("127.0.0.1", "127.0.0.1"),
            ("198.41.0.4", "198.41.0.4/32"), ("::1", "::1"), ("::ffff:10.0.0.5", "10.0.0.0/8"),
            ("::ffff:10.0.0.5", "::ffff:10.0.0.0/104"), ("64:ff9b::10.0.0.5", "10.0.0.0/8"),
            ("fd00::5", "fd00::/8"), ("169.254.169.254", "169.254.169.254"), ("0.0.0.0", "0.0.0.0/0"),
        ])
    func allowed(address: String, network: String) throws {
        #expect(try judge(address, allowing: ["192.0.2.0/24", network]) == .allowed)
    }

    @Test(
        "an allowed network opens nothing beside itself",
        arguments: [
            ("10.0.0.6", "10.0.0.4/31"), ("10.0.0.5", "::/0"), ("fd00::1", "0.0.0.0/0"),
            ("::127.0.0.1", "127.0.0.0/8"), ("2002:7f00:1::", "127.0.0.0/8"), ("127.0.0.2", "127.0.0.1"),
        ])
    func opensNothingElse(address: String, network: String) throws {
        #expect(try judge(address, allowing: [network]) != .allowed)
        #expect(try judge("11.0.0.5", allowing: [network]) == .allowed)
    }

    @Test(
        "a wide block opens no metadata service along with a network",
        arguments: [
            ("169.254.169.254", "0.0.0.0/0"), ("169.254.169.254", "169.254.0.0/16"), ("fe80::1", "::/0"),
            ("fd00:ec2::254", "fd00::/8"), ("64:ff9b::169.254.169.254", "64:ff9b::/96"),
            ("::ffff:169.254.169.254", "::/0"),
        ])
    func wideBlocks(address: String, block: String) throws {
        #expect(try judge(address, allowing: [block]) != .allowed)
    }

    @Test(
        "a link-local or metadata address is opened by its own name",
        arguments: ["169.254.169.254", "fe80::1", "fd00:ec2::254"])
    func singleAddress(address: String) throws {
        #expect(try judge(address, allowing: [address]) == .allowed)
    }
}
