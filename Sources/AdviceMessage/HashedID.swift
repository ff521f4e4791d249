import Crypto

/// What names a thing by all that it is made of: the first 16 bytes, in lower-case base32, of SHA-256 over
/// the NUL-joined parts. The same on every machine and over every run. 128 bits let 10^12 things meet a
/// collision with a chance below 10^-14.
func hashedID(_ parts: [String]) -> String {
    precondition(!parts.isEmpty, "a thing has a name")
    return HashedIDs(Array(parts.dropLast())).id(parts[parts.count - 1])
}

/// The names of things that differ in their last part only.
struct HashedIDs: Sendable {
    private var begun = SHA256()

    init(_ parts: [String]) {
        for part in parts {
            HashedIDs.add(part, to: &begun)
            begun.update(data: [0])
        }
    }

    func id(_ last: String) -> String {
        var hash = begun
        HashedIDs.add(last, to: &hash)
        return Array(hash.finalize()).prefix(16).base32
    }

    private static func add(_ part: String, to hash: inout SHA256) {
        var part = part
        part.withUTF8 { bytes in
            precondition(!bytes.contains(0), "a NUL within a part would let two things share an id")
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
        }
    }
}

extension Collection<UInt8> {
    /// RFC 4648 base32, lower case, without padding.
    var base32: String {
        String(unsafeUninitializedCapacity: (count * 8 + 4) / 5) { text in
            var length = 0
            var buffer: UInt16 = 0
            var bits = 0
            func write(_ digit: UInt16) {
                // a to z, then 2 to 7.
                let digit = UInt8(truncatingIfNeeded: digit & 31)
                text[length] = digit < 26 ? UInt8(ascii: "a") + digit : UInt8(ascii: "2") + digit - 26
                length += 1
            }
            for byte in self {
                buffer = buffer << 8 | UInt16(byte)
                bits += 8
                while bits >= 5 {
                    bits -= 5
                    write(buffer >> UInt16(bits))
                }
            }
            if bits > 0 { write(buffer << UInt16(5 - bits)) }
            return length
        }
    }
}
