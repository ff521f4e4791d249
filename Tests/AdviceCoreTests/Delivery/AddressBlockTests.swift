import AdviceCore
import Testing

@Suite("Addresses")
struct IPAddressTests {
    @Test(
        "every spelling of RFC 4291 is read, and written as RFC 5952 wants it",
        arguments: [
            ("0.0.0.0", "0.0.0.0"),
            ("127.0.0.1", "127.0.0.1"),
            ("255.255.255.255", "255.255.255.255"),
            ("203.0.113.9", "203.0.113.9"),
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("2001:DB8::A", "2001:db8::a"),
            ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("0:0:0:0:0:0:0:1", "::1"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
            ("::ffff:c000:201", "::ffff:192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ])
    func spellings(text: String, written: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == written)
        #expect(IPAddress(written) == address)
    }

    @Test(
        "no other spelling is an address",
        arguments: [
            "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.0.0.1", "01.2.3.4",
            "1.2.3.04",
            "0x7f.0.0.1", "127.1", "2130706433", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "+1.2.3.4", "1.2.3.4a",
            "1.2.3.4/8", "\u{661}.2.3.4", "1.2.3.4\0",
            ":", ":::", "::1::", "1::2::3", ":1", "1:", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::", "[::1]",
            "fe80::1%eth0", "::1.2.3", "::256.1.1.1", "::1.2.3.4:5", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4",
            "1::-1", "0000000000000000000000000000000000000000000000::",
        ])
    func rubbish(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("the bytes are in network order")
    func bytes() throws {
        #expect(try #require(IPAddress("1.2.3.4")).bytes == [1, 2, 3, 4])
        let long: [UInt8] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1f]
        #expect(try #require(IPAddress("2001:db8::1f")).bytes == long)
    }

    @Test("only ::ffff:0:0/96 holds an IPv4 address")
    func mapped() throws {
        #expect(try #require(IPAddress("::ffff:10.0.0.5")).mappedV4 == IPAddress("10.0.0.5"))
        #expect(try #require(IPAddress("::10.0.0.5")).mappedV4 == nil)
        #expect(try #require(IPAddress("::fffe:10.0.0.5")).mappedV4 == nil)
        #expect(try #require(IPAddress("1::ffff:10.0.0.5")).mappedV4 == nil)
        #expect(try #require(IPAddress("10.0.0.5")).mappedV4 == nil)
    }
}

@Suite("Blocks of addresses")
struct AddressBlockTests {
    private func block(_ text: String) throws -> AddressBlock { try AddressBlock.parse(text).get() }

    @Test(
        "a block holds its first and last address and not the ones beside them",
        arguments: [
            ("10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
            ("192.0.2.4/31", "192.0.2.4", "192.0.2.5", "192.0.2.3", "192.0.2.6"),
            ("192.0.2.4", "192.0.2.4", "192.0.2.4", "192.0.2.3", "192.0.2.5"),
            ("128.0.0.0/1", "128.0.0.0", "255.255.255.255", "127.255.255.255", "0.0.0.0"),
            ("fd00::/8", "fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fcff::", "fe00::"),
            ("2001:db8::/127", "2001:db8::", "2001:db8::1", "2001:db7:ffff::", "2001:db8::2"),
            ("::1", "::1", "::1", "::", "::2"),
            ("::1/128", "::1", "::1", "::", "::2"),
        ])
    func edges(text: String, first: String, last: String, before: String, after: String) throws {
        let block = try block(text)
        #expect(block.contains(try #require(IPAddress(first))))
        #expect(block.contains(try #require(IPAddress(last))))
        #expect(!block.contains(try #require(IPAddress(before))))
        #expect(!block.contains(try #require(IPAddress(after))))
    }

    @Test("a prefix of no bits holds every address of its family and none of the other")
    func everything() throws {
        let all = try (v4: block("0.0.0.0/0"), v6: block("::/0"))
        let (v4, v6) = try (#require(IPAddress("255.1.2.3")), #require(IPAddress("ffff::1")))
        #expect(all.v4.contains(v4) && !all.v4.contains(v6))
        #expect(all.v6.contains(v6) && !all.v6.contains(v4))
        #expect(!all.v4.contains(try #require(IPAddress("::ffff:1.2.3.4"))))
    }

    @Test(
        "a block is written as it is read", arguments: ["10.0.0.0/8", "::/0", "fd00::/8", "::1", "1.2.3.4"])
    func description(text: String) throws {
        #expect(try block(text).description == text)
    }

    @Test("a bare address and a full prefix are the same single block")
    func single() throws {
        #expect(try block("10.1.2.3") == block("10.1.2.3/32"))
        #expect(try block("10.1.2.3").isSingle && block("::1/128").isSingle)
        #expect(try !block("10.1.2.2/31").isSingle)
    }

    @Test("bits behind the prefix are a mistake that names both readings")
    func bitsBehindThePrefix() {
        let message =
            "10.1.2.3/8 has bits behind its prefix: write 10.0.0.0/8 for the block, or 10.1.2.3 for "
            + "the single address"
        #expect(AddressBlock.parse("10.1.2.3/8") == .failure(.init(message)))
    }

    @Test(
        "what is no block is a mistake",
        arguments: [
            ("", "expected an address"), ("/8", "expected an address"), ("10/8", "expected an address"),
            ("10.0.0.0/8/8", "expected an address"), ("10.0.0.0/33", "0 to 32"), ("10.0.0.0/", "0 to 32"),
            ("10.0.0.0/-1", "0 to 32"), ("10.0.0.0/08", "0 to 32"), ("10.0.0.0/255.0.0.0", "0 to 32"),
            ("::/129", "0 to 128"), ("::/9999", "0 to 128"), ("fd00::/8 ", "0 to 128"),
            ("2001:db8::1/32", "write 2001:db8::/32"), ("example.org", "expected an address"),
        ])
    func mistakes(text: String, part: String) throws {
        guard case .failure(let mistake) = AddressBlock.parse(text) else {
            Issue.record("\(text) was read as a block")
            return
        }
        #expect(mistake.message.contains(part))
    }

    @Test(
        "blocks overlap where one holds the other",
        arguments: [
            ("10.0.0.0/8", "10.1.0.0/16", true), ("10.1.0.0/16", "10.0.0.0/8", true),
            ("10.0.0.0/8", "11.0.0.0/8", false), ("0.0.0.0/0", "::/0", false),
            ("169.254.0.0/16", "169.254.169.254", true),
        ])
    func overlaps(one: String, other: String, expected: Bool) throws {
        #expect(try block(one).overlaps(block(other)) == expected)
    }

    @Test("a block around an address starts at its prefix")
    func around() throws {
        let address = try #require(IPAddress("10.200.3.4"))
        #expect(AddressBlock(around: address, prefixLength: 9).description == "10.128.0.0/9")
        #expect(AddressBlock(around: address, prefixLength: 0).description == "0.0.0.0/0")
    }
}
