import Crypto

/// What names a thing by all that it is made of: the first 16 bytes, in lower-case base32, of SHA-256 over
/// the NUL-joined parts. The same on every machine and over every run. 128 bits let 10^12 things meet a
/// collision with a chance below 10^-14.
func hashedID(_ parts: [String]) -> String {
    let joined = parts.joined(separator: "\0").utf8
    precondition(
        joined.count(where: { $0 == 0 }) == parts.count - 1,
        "a NUL within a part would let two things share an id")
    return Array(SHA256.hash(data: Array(joined))).prefix(16).base32
}

extension Collection<UInt8> {
    /// RFC 4648 base32, lower case, without padding.
    var base32: String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((count * 8 + 4) / 5)
        var buffer: UInt16 = 0
        var bits = 0
        for byte in self {
            buffer = buffer << 8 | UInt16(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(buffer >> UInt16(bits) & 31)])
            }
        }
        if bits > 0 {
            text.append(alphabet[Int(buffer << UInt16(5 - bits) & 31)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
