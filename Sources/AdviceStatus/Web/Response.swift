public import AdviceCore
import AdviceListener

/// What a page answers, before it is known whether the client has it already.
public struct Response: Sendable {
    public var status = 200
    public var contentType: String
    public var body: [UInt8]
    /// Of what is shown; clients ask by it whether there is anything new.
    public var lastModified: Instant?
    /// A client may keep it, and asks before it shows it again: what may be shown can change at any instant.
    public var isKept = false

    public init(_ contentType: String, _ body: [UInt8], status: Int = 200) {
        self.contentType = contentType
        self.body = body
        self.status = status
    }

    public init(html: String, status: Int = 200) {
        self.init("text/html; charset=utf-8", Array(html.utf8), status: status)
    }

    public init(text: String, status: Int = 200) {
        self.init("text/plain; charset=utf-8", Array((text + "\n").utf8), status: status)
    }

    static let notFound = Response(text: "there is no such page", status: 404)
    static let unavailable = Response(text: "the store cannot be read just now", status: 503)
}

extension Response {
    /// Nothing from elsewhere, nothing that runs, in nobody's frame.
    private static let fences = [
        (
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
                + "frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ].map { (name: $0.0, value: $0.1) }

    /// With all headers, and 304 without a body for a client that has it.
    func reply(to request: ReceivedRequest) -> Reply {
        var headers = Response.fences
        headers.append(("Cache-Control", isKept ? "no-cache" : "no-store"))
        guard isKept, status == 200 else {
            headers.append(("Content-Type", contentType))
            return Reply(status: status, headers: headers, body: body)
        }
        let tag = "\"\(EntityTag(body).text)\""
        headers.append(("ETag", tag))
        if let lastModified { headers.append(("Last-Modified", lastModified.httpDate)) }
        if isKnown(by: request, tag) { return Reply(status: 304, headers: headers) }
        headers.append(("Content-Type", contentType))
        return Reply(status: status, headers: headers, body: body)
    }

    /// RFC 9110 §13.2.2: the tag decides where one is given, else the time.
    private func isKnown(by request: ReceivedRequest, _ tag: String) -> Bool {
        if let tags = request.header("if-none-match") {
            let given = tags.split(separator: ",").map { item -> Substring in
                let item = item.drop { $0 == " " || $0 == "\t" }
                return (item.hasPrefix("W/") ? item.dropFirst(2) : item).prefix { $0 != " " }
            }
            return given.contains { $0 == tag || $0 == "*" }
        }
        guard let lastModified, let since = request.header("if-modified-since") else { return false }
        return since == lastModified.httpDate
    }
}

/// A hash of a body: another for another body.
private struct EntityTag {
    var text: String

    /// FNV-1a 64, and the length.
    init(_ bytes: [UInt8]) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        text = String(hash, radix: 16) + "-" + String(bytes.count, radix: 16)
    }
}

extension Instant {
    /// `Thu, 02 Jul 2026 13:00:00 GMT` (RFC 9110 §5.6.7).
    var httpDate: String {
        let local = ZoneRules.utc.local(of: self)
        let day = local.date
        let time = [local.time.hour, local.time.minute, local.time.second].map(twoDigits)
        return "\(day.weekday.short.capitalizedFirst), \(twoDigits(day.dayOfMonth)) "
            + "\(monthNames[day.month - 1].prefix(3)) \(day.year) \(time.joined(separator: ":")) GMT"
    }
}

let monthNames = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
]

func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
