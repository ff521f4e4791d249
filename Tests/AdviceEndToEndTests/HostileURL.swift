/// A URL that wants us to dial what we must not, or the name of one that is answered so, and what is to
/// become of it. The one table of these tests; Receivers/island.py says what the names are answered.
struct HostileURL: Sendable, CustomStringConvertible {
    enum Fate: Sendable {
        /// It does not load: its line says so in words with this.
        case refused(String)
        /// No packet leaves: the words of the log. What lets it through, and what is dialled then: nil where
        /// no kernel dials the address.
        case blocked(String, by: String, dialled: String?)
        /// It arrives at this address, and nowhere else.
        case delivered(String)
        /// It waits for another attempt, with these words in the log.
        case waits(String)
    }

    var url: String
    var fate: Fate

    var description: String { url.debugDescription }

    /// The addresses that the island has on an interface, beside loopback.
    static let own = ["45.33.7.7/32", "192.168.7.7/32", "2a01:4f8:7::7/128"]

    private static let ownWords = "this host's own"

    // MARK: Refused as the configuration is read

    static let refused: [HostileURL] = [
        ("http://good@10.0.0.1/", "user name"), ("http://good:word@10.0.0.1/", "user name"),
        ("http://@10.0.0.1/", "user name"), ("http://10.0.0.1:80@good.test/", "user name"),
        ("http://good.test%40@10.0.0.1/", "user name"),
        ("http://good.test\\@10.0.0.1/", "backslash"), ("http:\\\\10.0.0.1/", "backslash"),
        ("http://10.0.0.1\\.good.test/", "backslash"),
        ("http:///10.0.0.1/", "two slashes"), ("http:////10.0.0.1/", "two slashes"),
        ("http:10.0.0.1/", "two slashes"), ("http:/10.0.0.1/", "two slashes"),
        ("10.0.0.1", "begin with https:// or http://"), ("//10.0.0.1/", "begin with https:// or http://"),
        ("file:///etc/passwd", "begin with https:// or http://"),
        ("gopher://10.0.0.1:6379/_x", "begin with https:// or http://"),
        ("dict://10.0.0.1:11211/x", "begin with https:// or http://"),
        ("ftp://10.0.0.1/", "begin with https:// or http://"),
        ("javascript:alert(1)", "begin with https:// or http://"),
        ("http+unix://%2frun%2fdocker.sock/", "begin with https:// or http://"),
        ("http://10.0.\t0.1/", "control"), ("http://10.0.\n0.1/", "control"),
        ("http://10.0.0.1/\r\nHost: good.test", "control"), ("http://10.0.0.1\u{0}.good.test/", "control"),
        ("\thttp://10.0.0.1/", "control"), ("http://10.0.0.1\u{7f}/", "control"),
        (" http://10.0.0.1/", "space"), ("http:// 10.0.0.1/", "space"), ("http://10.0.0.1 /", "space"),
        ("http://１０.０.０.１/", "outside ASCII"), ("http://10。0。0。1/", "outside ASCII"),
        ("http://①⓪.⓪.⓪.①/", "outside ASCII"), ("http://loc\u{ad}alhost/", "outside ASCII"),
        ("http://ⓛocalhost/", "outside ASCII"), ("http://bücher.test/", "outside ASCII"),
        ("http://10.0.0.1%ef%bc%8e/", "outside ASCII"), ("http://10.0.0.1%20/", "host"),
        ("http://10.0.0.1%09/", ""), ("http://10.0.0.1%00.good.test/", ""),
        ("http://10.0.0.1%2fgood.test/", ""), ("http://10.0.0.1%0d%0ax/", ""),
        ("http://good.test%3a80%3a10.0.0.1/", ""), ("http://good.test%2c10.0.0.1/", ""),
        ("http://-v4-10-0-0-1.test/", "no host name has"),
        ("http://%2bv4-10-0-0-1.test/", ""),
        ("http://good.test%2525/", "no host name has"), ("http://v4-10-0-0-1.test|x/", "no host name has"),
        ("http://127.0.0.1./", "ends in a dot"), ("http://%31%30.0.0.1./", "ends in a dot"),
        ("http://10.0.0.1#.good.test/", "fragment"), ("http://good.test#@10.0.0.1/", "fragment"),
        ("http://10.0.0.1:0/", "port"), ("http://10.0.0.1:65536/", "port"),
        ("http://10.0.0.1:-1/", "port"), ("http://10.0.0.1:4294967376/", "port"),
        ("http://10.0.0.1:80:80/", "port"), ("http://10.0.0.1:0x50/", "port"),
        ("http://[fe80::1%25lo]/", "interface"), ("http://[fe80::1%lo]/", "interface"),
        ("http://[::ffff:10.0.0.1/", "IPv6"), ("http://[10.0.0.1]/", "IPv6"), ("http://[v1.10]/", "IPv6"),
        ("http://[::1]10.0.0.1/", ""), ("http://::1/", ""), ("http:///", ""), ("http://", ""),
        ("http://:80/", ""), ("http://./", ""), ("http://?@10.0.0.1/", ""),
    ].map { HostileURL(url: $0, fate: .refused($1)) }

    // MARK: Blocked as they are to be dialled

    /// Every row of the specification's table, each with its first and its last address.
    private static let literals: [HostileURL] = [
        ("0.0.0.0/8", "of \"this network\"", ["0.0.0.1", "0.255.255.255"]),
        ("10.0.0.0/8", "private", ["10.0.0.0", "10.255.255.255"]),
        ("100.64.0.0/10", "shared by a carrier's customers", ["100.64.0.0", "100.127.255.255"]),
        ("127.0.0.0/8", "loopback", ["127.0.0.2", "127.255.255.254"]),
        ("169.254.0.1", "link-local", ["169.254.0.1"]),
        ("169.254.255.254", "link-local", ["169.254.255.254"]),
        ("169.254.169.254", "link-local", ["169.254.169.254"]),
        ("172.16.0.0/12", "private", ["172.16.0.0", "172.31.255.255"]),
        ("192.0.0.0/24", "reserved for protocols", ["192.0.0.0", "192.0.0.255"]),
        ("192.0.2.0/24", "for documentation", ["192.0.2.0", "192.0.2.255"]),
        ("192.31.196.0/24", "reserved for AS112", ["192.31.196.0", "192.31.196.255"]),
        ("192.52.193.0/24", "reserved for AMT", ["192.52.193.0", "192.52.193.255"]),
        ("192.88.99.0/24", "a 6to4 relay", ["192.88.99.0", "192.88.99.255"]),
        ("192.168.0.0/16", "private", ["192.168.0.0", "192.168.255.255"]),
        ("192.175.48.0/24", "reserved for AS112", ["192.175.48.0", "192.175.48.255"]),
        ("198.18.0.0/15", "for benchmarks", ["198.18.0.0", "198.19.255.255"]),
        ("198.51.100.0/24", "for documentation", ["198.51.100.0", "198.51.100.255"]),
        ("203.0.113.0/24", "for documentation", ["203.0.113.0", "203.0.113.255"]),
        ("240.0.0.0/4", "reserved", ["240.0.0.0", "255.255.255.254"]),
        ("2001::/23", "reserved for protocols", ["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"]),
        ("2001:db8::/32", "for documentation", ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"]),
        (
            "2002::/16", "a 6to4 tunnel",
            ["2002::", "2002:7f00:1::1", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
        ),
        (
            "2620:4f:8000::/48", "reserved for AS112",
            ["2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"]
        ),
        ("3fff::/20", "for documentation", ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"]),
        ("fc00::/8", "private", ["fc00::", "fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]),
        ("fd00:ec2::254", "private", ["fd00:ec2::254"]),
        ("fdff::/16", "private", ["fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]),
        ("::2/127", "not a global address", ["::2"]), ("::7f00:0/104", "not a global address", ["::7f00:1"]),
        ("::ffff:0:0:0/96", "not a global address", ["::ffff:0:a00:1"]),
        ("64:ff9b:1::/48", "not a global address", ["64:ff9b:1::a00:1"]),
        ("100::/64", "not a global address", ["100::1"]),
        (
            "1fff::/16", "not a global address",
            ["1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
        ),
        ("4000::/3", "not a global address", ["4000::"]), ("5f00::/16", "not a global address", ["5f00::1"]),
    ].flatMap { block, words, addresses in
        addresses.map { address in
            let host = address.contains(":") ? "[\(address)]" : address
            return HostileURL(url: "http://\(host)/", fate: .blocked(words, by: block, dialled: address))
        }
    }

    /// What no kernel dials for us, so that only the log can tell.
    private static let undiallable: [HostileURL] = [
        ("224.0.0.0", "multicast", "224.0.0.0/4"), ("239.255.255.255", "multicast", "224.0.0.0/4"),
        ("255.255.255.255", "reserved", "240.0.0.0/4"),
        ("[ff00::]", "multicast", "ff00::/8"), ("[ff02::1]", "multicast", "ff00::/8"),
        ("[fe80::1]", "link-local", "fe80::1"), ("[fe80::a9fe:a9fe]", "link-local", "fe80::a9fe:a9fe"),
    ].map { HostileURL(url: "http://\($0)/", fate: .blocked($1, by: $2, dialled: nil)) }

    /// One address in many spellings.
    private static let spellings: [HostileURL] = [
        (
            ownWords, "127.0.0.1", "127.0.0.1",
            [
                "127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7F.0x0.0x0.0x1", "0x7f000001", "2130706433",
                "0177.0.0.1", "0177.1", "017700000001", "0000177.0.0.1", "%31%32%37.0.0.1",
                "%30x7f.1", "127%2e0%2e0%2e1", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]", "localhost",
                "LOCALHOST", "loc%61lhost",
            ]
        ),
        (
            "private", "10.0.0.0/8", "10.0.0.1",
            [
                "10.1", "0xa.1", "012.0.0.1", "167772161", "0xa000001", "01200000001",
                "%31%30.0.0.1", "[::ffff:10.0.0.1]", "[::ffff:a00:1]", "[0:0:0:0:0:ffff:0a00:0001]",
                "[0000:0000:0000:0000:0000:FFFF:10.0.0.1]", "10.0.0.1:80", "10.0.0.1:",
            ]
        ),
        (
            "link-local", "169.254.169.254", "169.254.169.254",
            [
                "2852039166", "0xa9fea9fe", "0xA9.0xFE.43518", "0251.0376.0251.0376", "169.254.43518",
                "[::ffff:169.254.169.254]",
            ]
        ),
        ("of \"this network\"", "0.0.0.0/8", "127.0.0.1", ["0.0.0.0", "0", "0x0", "00.0", "[::ffff:0:0]"]),
        ("unspecified", "::", "::1", ["[::]", "[0:0:0:0:0:0:0:0]"]),
        (ownWords, "::1", "::1", ["[::1]", "[0:0:0:0:0:0:0:1]", "[::0.0.0.1]"]),
        ("private", "10.0.0.0/8", "64:ff9b::a00:1", ["[64:ff9b::a00:1]", "[64:ff9b::10.0.0.1]"]),
        (ownWords, "127.0.0.1", "64:ff9b::7f00:1", ["[64:ff9b::7f00:1]"]),
        ("link-local", "64:ff9b::a9fe:a9fe", "64:ff9b::a9fe:a9fe", ["[64:ff9b::169.254.169.254]"]),
        (ownWords, "45.33.7.7", "45.33.7.7", ["45.33.7.7", "0x2d210707", "[::ffff:45.33.7.7]"]),
        (ownWords, "45.33.7.7", "64:ff9b::2d21:707", ["[64:ff9b::45.33.7.7]"]),
        (ownWords, "192.168.7.7", "192.168.7.7", ["192.168.7.7"]),
        (ownWords, "2a01:4f8:7::7", "2a01:4f8:7::7", ["[2a01:4f8:7::7]", "[2A01:04F8:7:0:0::7]"]),
    ].flatMap { words, opening, dialled, hosts in
        hosts.map { HostileURL(url: "http://\($0)/", fate: .blocked(words, by: opening, dialled: dialled)) }
    }

    /// Names whose answers are denied, all of them.
    private static let names: [HostileURL] = [
        ("v4-10-0-0-1", "private", "10.0.0.0/8", "10.0.0.1"),
        ("V4-10-0-0-1", "private", "10.0.0.0/8", "10.0.0.1"),
        ("v4-127-0-0-1", ownWords, "127.0.0.1", "127.0.0.1"),
        ("v4-0-0-0-0", "of \"this network\"", "0.0.0.0/8", "127.0.0.1"),
        ("v4-169-254-169-254", "link-local", "169.254.169.254", "169.254.169.254"),
        ("v4-224-0-0-1", "multicast", "224.0.0.0/4", nil),
        ("v6-xx1", ownWords, "::1", "::1"),
        ("v6-fd00xec2xx254", "private", "fd00:ec2::254", "fd00:ec2::254"),
        ("v6-fe80xx1", "link-local", "fe80::1", nil),
        ("v6-xxffffx10-0-0-1", "private", "10.0.0.0/8", "10.0.0.1"),
        ("v6-xxffffx127-0-0-1", ownWords, "127.0.0.1", "127.0.0.1"),
        ("v6-64xff9bxxa00x1", "private", "10.0.0.0/8", "64:ff9b::a00:1"),
        ("v6-2002xa00x1xx1", "a 6to4 tunnel", "2002::/16", "2002:a00:1::1"),
        ("cname.v4-10-0-0-1", "private", "10.0.0.0/8", "10.0.0.1"),
        ("cut.v4-10-0-0-1", "private", "10.0.0.0/8", "10.0.0.1"),
        ("v4-10-0-0-1.v4-10-0-0-2", "private", "10.0.0.0/8", nil),
        ("v4-10-0-0-3.v6-fd00xec2xx254", "private", "10.0.0.0/8", nil),
        ("v4-45-33-7-7", ownWords, "45.33.7.7", "45.33.7.7"),
        ("v6-2a01x4f8x7xx7", ownWords, "2a01:4f8:7::7", "2a01:4f8:7::7"),
    ].map { HostileURL(url: "http://\($0).test/", fate: .blocked($1, by: $2, dialled: $3)) }

    /// Before TLS has begun.
    private static let overTLS: [HostileURL] = [
        ("https://10.0.0.9/", "private", "10.0.0.0/8", "10.0.0.9"),
        ("https://0x7f.9/", "loopback", "127.0.0.0/8", "127.0.0.9"),
        ("https://v4-10-0-0-8.test/", "private", "10.0.0.0/8", "10.0.0.8"),
        ("https://[fd00:ec2::254]/", "private", "fd00:ec2::254", "fd00:ec2::254"),
    ].map { HostileURL(url: $0, fate: .blocked($1, by: $2, dialled: $3)) }

    static let blocked = literals + undiallable + spellings + names + overTLS

    // MARK: Let through, or tried again

    /// A name with several answers goes to those that are no one's secret, and so does everything public.
    static let delivered: [HostileURL] = [
        ("45.33.99.1", "45.33.99.1"), ("[2606:4700::1]", "2606:4700::1"), ("9.255.255.255", "9.255.255.255"),
        ("11.0.0.0", "11.0.0.0"), ("[2001:200::]", "2001:200::"), ("[::ffff:45.33.99.2]", "45.33.99.2"),
        ("[64:ff9b::45.33.99.3]", "64:ff9b::2d21:6303"), ("0x2d216304", "45.33.99.4"),
        ("v4-45-33-98-1.test", "45.33.98.1"), ("v6-2606x4700xx2.test", "2606:4700::2"),
        ("v4-45-33-98-2.v4-10-0-0-1.test", "45.33.98.2"), ("v4-10-0-0-1.v4-45-33-98-3.test", "45.33.98.3"),
        ("v4-45-33-98-4.v6-fd00xec2xx254.test", "45.33.98.4"),
        ("v6-xxffffx10-0-0-1.v4-45-33-98-5.test", "45.33.98.5"),
        ("v6-2606x4700xx3.v4-10-0-0-1.test", "2606:4700::3"), ("cname.v4-45-33-98-6.test", "45.33.98.6"),
        ("cut.v4-45-33-98-7.test.", "45.33.98.7"),
    ].map { HostileURL(url: "http://\($0)/", fate: .delivered($1)) }

    static let waiting: [HostileURL] =
        [301, 302, 303, 307, 308].flatMap { status in
            [
                "http://10.0.0.1/", "https://10.0.0.1/", "//10.0.0.1/", "http://0x7f.1/", "http://[::1]/",
                "http://v4-10-0-0-1.test/", "http://x@10.0.0.1/", "\\\\10.0.0.1\\", "gopher://10.0.0.1:80/_",
            ].enumerated().map { place, location in
                let url = "http://45.33.97.\(status % 100 * 10 + place)/x?\(status)+location=\(location)"
                return HostileURL(
                    url: url.replacing("\\", with: "%5C"), fate: .waits("a redirect"))
            }
        }
        + [
            ("v4-45-33-96-1.v4-10-0-0-1.test:81", "refused"),
            ("v4-10-0-0-1.v4-45-33-96-2.test:81", "refused"),
            ("nx.test", "name"), ("servfail.test", "name"), ("refused.test", "name"), ("empty.test", "name"),
            ("cutoff.v4-10-0-0-1.test", "name"), ("cname.nx.test", "name"), ("256.256.256.256", "name"),
            ("1.2.3.4.5", "name"), ("4294967296", "name"), ("0x7f.1.", "name"), ("LOCALHOST.", "name"),
            ("0x100000000", "name"), ("10.0.0.1..", "name"),
        ].map { HostileURL(url: "http://\($0)/", fate: .waits($1)) }
}
