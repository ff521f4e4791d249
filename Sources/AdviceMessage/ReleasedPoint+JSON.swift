import AdviceCore
import FoundationEssentials

/// The form in which a release keeps its content: days and instants as text, for a person reads it in the
/// database with plain SQL.
extension ReleasedPoint {
    /// The same bytes for the same value, so that equal contents have equal hashes.
    public func neutralJSON() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            preconditionFailure("texts and whole numbers always have a JSON form")
        }
        return Array(data)
    }

    /// Reads what `neutralJSON()` wrote. Throws a `DecodingError` for anything else: what was kept is broken.
    public init(neutralJSON bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(ReleasedPoint.self, from: Data(bytes))
    }
}

extension ReleasedPoint.Release: Codable {
    private enum CodingKeys: String, CodingKey {
        case day, zone, sequence, revision
        case scheduledFor = "scheduled_for"
        case releasedAt = "released_at"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func parsed<Value>(_ key: CodingKeys, _ parse: (String) -> Value?) throws -> Value {
            guard let value = parse(try values.decode(String.self, forKey: key)) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: values, debugDescription: "not a day or an instant")
            }
            return value
        }
        func counted(_ key: CodingKeys) throws -> Int {
            let number = try values.decode(Int.self, forKey: key)
            guard number >= 1 else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: values, debugDescription: "counts from 1")
            }
            return number
        }
        self.init(
            day: try parsed(.day, CivilDate.init), zone: try values.decode(String.self, forKey: .zone),
            sequence: try counted(.sequence), revision: try counted(.revision),
            scheduledFor: try parsed(.scheduledFor, Instant.init(rfc3339:)),
            releasedAt: try parsed(.releasedAt, Instant.init(rfc3339:)))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(day.description, forKey: .day)
        try values.encode(zone, forKey: .zone)
        try values.encode(sequence, forKey: .sequence)
        try values.encode(revision, forKey: .revision)
        try values.encode(scheduledFor.description, forKey: .scheduledFor)
        try values.encode(releasedAt.description, forKey: .releasedAt)
    }
}
