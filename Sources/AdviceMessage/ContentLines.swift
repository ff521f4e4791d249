import AdviceCore

/// The lines of an iCalendar object (RFC 5545 §3.1): each ends in CRLF, and none is longer than 75 octets.
struct ContentLines {
    private(set) var bytes: [UInt8] = []

    /// Octets of a line without its CRLF.
    private static let longest = 75

    /// `value` is written as it is: only for what holds nothing of anybody's text.
    mutating func add(_ name: String, _ value: String) {
        var room = ContentLines.longest
        for scalar in "\(name):\(value)".unicodeScalars {
            let octets = scalar.utf8
            if octets.count > room {
                bytes += "\r\n ".utf8
                room = ContentLines.longest - 1
            }
            bytes += octets
            room -= octets.count
        }
        bytes += "\r\n".utf8
    }

    mutating func add(_ name: String, text: String) { add(name, escaped(text)) }

    mutating func add(_ name: String, texts: [String]) {
        add(name, texts.map(escaped).joined(separator: ","))
    }

    mutating func add(_ name: String, uri: String) { add(name, percentEncoded(uri)) }

    /// `20260702T130000Z`
    mutating func add(_ name: String, _ instant: Instant) {
        add(name, "\(Instant(seconds: instant.seconds))".filter { $0 != "-" && $0 != ":" })
    }
}

/// TEXT of RFC 5545 §3.3.11. Whatever any reader takes for the end of a line (some split at Unicode's own)
/// becomes `\n`; other control characters are dropped.
private func escaped(_ text: String) -> String {
    var escaped = ""
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n" where previous == "\r": break
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": escaped += "\\n"
        case "\\", ";", ",":
            escaped += "\\"
            escaped.unicodeScalars.append(scalar)
        case "\t": escaped += " "
        default:
            if scalar.properties.generalCategory != .control { escaped.unicodeScalars.append(scalar) }
        }
        previous = scalar
    }
    return escaped
}

/// What RFC 3986 does not let stand in an address, as its octets; control characters are dropped.
private func percentEncoded(_ uri: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for scalar in uri.unicodeScalars where scalar.properties.generalCategory != .control {
        for octet in scalar.utf8 {
            if mayStandInURI(octet) {
                encoded.append(octet)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}

/// `%` among them: an address comes with its own encoding.
private func mayStandInURI(_ octet: UInt8) -> Bool {
    switch octet {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: "-._~:/?#[]@!$&'()*+,;=%".utf8.contains(octet)
    }
}
