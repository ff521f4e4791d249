public import AdviceCore
import Crypto

/// The identity of a delivery, the same over all attempts, restarts and replays, on every machine: derived
/// and never random, so that nothing need be stored before the first attempt and a repeat can be recognised.
///
/// `msg_` and the first 16 bytes, in lower-case base32, of SHA-256 over the NUL-joined id scheme `1`, type,
/// series, edition, subject and subscriber. Where there is no series or edition its text is empty. 128 bits
/// let 10^12 deliveries meet a collision with a chance below 10^-14.
public func webhookID(
    type: EventType, series: String?, edition: Edition?, subject: String, subscriber: String
) -> String {
    let parts = [idScheme, type.rawValue, series ?? "", edition?.description ?? "", subject, subscriber]
    let joined = parts.joined(separator: "\0").utf8
    precondition(
        joined.count(where: { $0 == 0 }) == parts.count - 1,
        "a NUL within a part would let two deliveries share an id")
    return "msg_" + base32(Array(SHA256.hash(data: Array(joined))).prefix(16))
}

/// The subject of what is told about a point: a revision is a delivery of its own.
public func pointSubject(_ point: String, revision: Int) -> String {
    precondition(revision >= 1, "revisions are numbered from 1")
    return revision == 1 ? point : "\(point).\(revision)"
}

/// The id of a test. Random, for a test is in no ledger and no receiver should take the second for a repeat.
public func testWebhookID(using random: inout some RandomNumberGenerator) -> String {
    "msg_test_" + base32((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
}

/// Changes only together with what is hashed; an old receiver would then see new ids for old points.
private let idScheme = "1"

/// RFC 4648 base32, lower case, without padding.
private func base32(_ bytes: some Collection<UInt8>) -> String {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 8 + 4) / 5)
    var buffer: UInt16 = 0
    var bits = 0
    for byte in bytes {
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
