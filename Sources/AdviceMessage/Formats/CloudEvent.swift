import AdviceCore
import FoundationEssentials

/// CloudEvents 1.0 over HTTP (https://github.com/cloudevents/spec, `json-format.md` and
/// `bindings/http-protocol-binding.md`). What is kept is the event in JSON but for its id, which is the
/// webhook-id and a subscriber's own.
enum CloudEvent {
    /// The event's `data` is the standard body's.
    static func write(_ announcement: Announcement) -> [UInt8] {
        let body = StandardFormat.write(announcement)
        let place = Array(#","data":"#.utf8)
        guard let start = body.firstRange(of: place)?.lowerBound else {
            preconditionFailure("a standard body has data")
        }
        let attributes = JSONWriter.object { event in
            event.field("specversion", "1.0")
            event.field("source", source(of: announcement))
            event.field("type", announcement.type.rawValue)
            event.field("subject", announcement.point?.point.id)
            event.field("time", announcement.time.description)
            event.field("datacontenttype", "application/json")
        }
        return Array(attributes.dropLast()) + body[start...]
    }

    /// With the id it names the event to everyone; the id alone does so already.
    private static func source(of announcement: Announcement) -> String {
        switch announcement {
        case .released(let point), .revised(let point, _), .withdrawn(let point, _):
            "/advised/series/\(point.series.id)"
        case .completed(let completed): "/advised/series/\(completed.series.id)"
        case .alert, .test, .verify: "/advised"
        }
    }

    /// The whole event as the body, `application/cloudevents+json`.
    static func structured(_ kept: [UInt8], id: String) -> [UInt8] {
        withMember("id", id, in: kept)
    }

    /// The data as the body, and the attributes as headers.
    static func binary(_ kept: [UInt8], id: String) throws(DestinationMistake) -> (
        headers: [String], body: [UInt8]
    ) {
        let place = Array(#","data":"#.utf8)
        guard let data = kept.firstRange(of: place),
            let attributes = try? JSONDecoder().decode(
                [String: String].self, from: Data(kept[..<data.lowerBound] + [UInt8(ascii: "}")]))
        else { throw DestinationMistake("what was kept is no event: the store is broken") }
        var headers = ["ce-id: " + headerValue(id)]
        for name in ["specversion", "source", "type", "subject", "time"] {
            if let value = attributes[name] { headers.append("ce-\(name): " + headerValue(value)) }
        }
        return (headers, Array(kept[data.upperBound...].dropLast()))
    }

    /// §3.1.3.2 of the HTTP binding: what is not printable ASCII, and blanks, quotes and percent signs, are
    /// percent-encoded.
    private static func headerValue(_ text: String) -> String {
        var value = ""
        for byte in text.utf8 {
            if byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "%") {
                value.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                value += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return value
    }
}

/// The object `bytes` with one more member, as its first.
func withMember(_ name: String, _ value: String, in bytes: [UInt8]) -> [UInt8] {
    var object = JSONWriter.object { $0.field(name, value) }
    object.removeLast()
    object.append(UInt8(ascii: ","))
    return object + bytes.dropFirst()
}
