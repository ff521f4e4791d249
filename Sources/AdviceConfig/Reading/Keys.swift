/// Every key that may stand in the files, by the mapping in which it stands. The shipped
/// `Config/advised.yaml` and the manual are tested against this list.
enum Keys {
    static let settings = [
        "series", "subscribers", "delivery", "alerts", "heartbeat", "store", "status", "public", "log",
        "retention",
    ]
    static let series = [
        "title", "points", "start", "at", "zone", "fallback_zone", "days", "blackout", "window", "catch_up",
        "join",
        "at_end", "max_age", "spread", "shadow", "lang", "notice",
    ]
    static let subscribers = ["file"]
    static let delivery = [
        "concurrency", "per_host", "hosts", "connect_timeout", "timeout", "retries", "allow_networks",
        "allow_http",
        "proxy", "contact",
    ]
    static let host = ["per_host"]
    static let alerts = ["to", "on"]
    static let store = ["sqlite", "postgres"]
    static let listen = ["listen", "hosts"]
    static let log = ["level", "format"]
    static let retention = ["deliveries", "replies", "removed"]

    /// Of a value that may be a secret.
    static let protected = ["file", "credential", "env"]

    static let point = ["id", "number", "title", "date", "tags", "url", "sources"]
    /// In a list of points the text is a key as well.
    static let listedPoint = point + ["body"]
    static let source = ["title", "publisher", "url"]

    static let subscriber = [
        "id", "url", "secret", "format", "series", "zone", "at", "joined", "to", "topic", "token", "user",
        "mode",
        "template", "also_sign", "headers", "paused", "allow_networks", "allow_http", "timeout", "rate",
        "retries",
        "http", "tls", "confirm",
    ]
    /// What a row of CSV or JSONL may set.
    static let row = [
        "id", "url", "secret", "format", "series", "zone", "at", "joined", "to", "topic", "paused",
    ]
    static let template = ["file", "method", "content_type", "preset"]
    static let tls = ["ca", "cert", "key"]

    /// Where a key belongs that stands in the wrong mapping.
    static func home(of key: String) -> String? {
        let homes = [
            ("the settings", settings), ("a series", series), ("'delivery'", delivery), ("'alerts'", alerts),
            ("'store'", store), ("'status' or 'public'", listen), ("'log'", log), ("'retention'", retention),
            ("a subscriber", subscriber), ("'template'", template), ("'tls'", tls), ("a point", point),
            ("a point in a .yaml list", ["body"]),
        ]
        let found = homes.filter { $0.1.contains(key) }.map(\.0)
        return found.isEmpty ? nil : alternatives(found)
    }
}
