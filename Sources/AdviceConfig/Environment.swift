public import AdviceCore

/// What reading a configuration needs from the world around it, passed in so that the reader itself decides
/// nothing about clocks, zones or the network.
public struct ReadingEnvironment: Sendable {
    /// The rules of a zone by its IANA name; nil where the system has no such zone.
    public var zone: @Sendable (String) -> ZoneRules?
    /// All known zone names, for "did you mean".
    public var zoneNames: @Sendable () -> [String]
    /// The IANA name behind `/etc/localtime`; nil where it cannot be told.
    public var localZone: @Sendable () -> String?
    /// The courier's URL parser: one parser for checking and for sending.
    public var parseURL: @Sendable (String) -> Result<EndpointURL, URLMistake>
    /// Environment variables.
    public var variable: @Sendable (String) -> String?
    /// Everything that is wrong with a subscriber's own template, whose content type may be given: the parser
    /// that will be used for sending. nil where nobody looks at templates.
    public var templateMistakes: (@Sendable (_ text: String, _ contentType: String?) -> [TemplateFault])?
    /// Under systemd the folder of credentials; nil elsewhere.
    public var credentialsDirectory: String?
    /// Is given each file that the configuration consists of, in order: its path and its bytes, those of a
    /// long one piece by piece. The first is the settings; what protected values stand in is none of them.
    public var noteFile: (@Sendable (_ path: String, _ bytes: [UInt8]) -> Void)?
    /// Tells the file at a path from every other, and from what it was before; nil where that is not sure.
    public var fileIdentity: @Sendable (_ path: String) -> String? = { _ in nil }
    /// Rows of CSV or JSONL are not read: it may turn out that they are known already.
    public var passesOverRows = false
    /// Today in UTC, for warnings about gaps within two years.
    public var now: Instant

    public init(
        zone: @escaping @Sendable (String) -> ZoneRules?, zoneNames: @escaping @Sendable () -> [String],
        localZone: @escaping @Sendable () -> String?,
        parseURL: @escaping @Sendable (String) -> Result<EndpointURL, URLMistake>,
        variable: @escaping @Sendable (String) -> String?, credentialsDirectory: String?, now: Instant
    ) {
        self.zone = zone
        self.zoneNames = zoneNames
        self.localZone = localZone
        self.parseURL = parseURL
        self.variable = variable
        self.credentialsDirectory = credentialsDirectory
        self.now = now
    }
}

/// A mistake in a template; line and column count from 1.
public struct TemplateFault: Hashable, Sendable {
    public var line: Int
    public var column: Int
    public var message: String
    /// Where it is a name that there is not: that name, and those that could have stood there.
    public var unknownName: String?
    public var knownNames: [String]

    public init(
        line: Int, column: Int, message: String, unknownName: String? = nil, knownNames: [String] = []
    ) {
        self.line = line
        self.column = column
        self.message = message
        self.unknownName = unknownName
        self.knownNames = knownNames
    }

    /// The message with the nearest known name, or, where none is near, all of them.
    var words: String {
        guard let unknownName else { return message }
        let nearest = suggestion(for: unknownName, among: knownNames)
        return message
            + (nearest.isEmpty ? "; there are \(knownNames.joined(separator: ", "))" : nearest)
    }
}
