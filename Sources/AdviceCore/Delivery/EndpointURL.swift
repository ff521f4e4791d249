/// The parts of an endpoint's URL that decisions need, as libcurl's parser sees them. Made only by the
/// courier's parser (one parser for checking and for sending); handed to the configuration as a function.
public struct EndpointURL: Hashable, Sendable {
    /// `http` or `https`, lower case.
    public var scheme: String
    /// Lower case; an IPv6 literal has its brackets.
    public var host: String
    public var port: Int
    /// The host is an address literal (in any spelling libcurl takes for one).
    public var isLiteral: Bool

    public init(scheme: String, host: String, port: Int, isLiteral: Bool) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.isLiteral = isLiteral
    }

    /// `host:port`, the key by which attempts to one host are limited.
    public var limitKey: String { "\(host):\(port)" }
}

/// What is wrong with a URL, in words that name what was expected and never repeat the URL itself.
public struct URLMistake: Error, Hashable, Sendable {
    public var message: String
    public init(_ message: String) { self.message = message }
}
