public import AdviceCore
import FoundationEssentials

/// The form in which an announcement is kept beside its renderings: from it a format is written that came
/// into use later. Its type and time stand in columns of their own.
extension Announcement {
    /// The same bytes for the same announcement. What is never kept has none: a test, a challenge.
    public func neutralJSON() -> [UInt8] {
        switch self {
        case .released(let point), .revised(let point, _), .withdrawn(let point, _): point.neutralJSON()
        case .alert(let alert): alertBody(alert)
        case .completed, .test, .verify: preconditionFailure("\(type.rawValue) is not kept")
        }
    }

    /// Reads what `neutralJSON()` wrote of an announcement of `type`; `time` is a correction's own. Throws a
    /// `DecodingError` for anything else.
    public init(neutralJSON bytes: [UInt8], type: EventType, at time: Instant) throws {
        switch type {
        case .pointReleased: self = .released(try ReleasedPoint(neutralJSON: bytes))
        case .pointRevised: self = .revised(try ReleasedPoint(neutralJSON: bytes), at: time)
        case .pointWithdrawn: self = .withdrawn(try ReleasedPoint(neutralJSON: bytes), at: time)
        case .alert: self = .alert(try JSONDecoder().decode(KeptAlert.self, from: Data(bytes)).alert())
        case .seriesCompleted, .test, .endpointVerify:
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: [], debugDescription: "\(type.rawValue) is not kept"))
        }
    }

    /// What `alertBody` writes.
    private struct KeptAlert: Decodable {
        struct Content: Decodable {
            var kind: String
            var title: String
            var text: String
            var series: String?
            var point: String?
            var subscribers: [String]
            var count: Int
            var since: String
        }

        var timestamp: String
        var data: Content

        func alert() throws -> Alert {
            guard let kind = AlertKind(rawValue: data.kind), let at = Instant(rfc3339: timestamp),
                let since = Instant(rfc3339: data.since)
            else {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(codingPath: [], debugDescription: "a kind or an instant"))
            }
            return Alert(
                kind: kind, title: data.title, text: data.text, series: data.series, point: data.point,
                subscribers: data.subscribers, count: data.count, since: since, at: at)
        }
    }
}
