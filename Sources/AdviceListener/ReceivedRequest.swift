/// One request as it came, complete.
public struct ReceivedRequest: Sendable {
    public let method: String
    /// The target as the client wrote it: path and query, percent-encoding and all.
    public let path: String
    /// In the order of the request.
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]
    /// The client's address without its port.
    public let remoteAddress: String

    /// The first header of that name, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// What a request is answered.
public struct Reply: Sendable {
    /// 200 to 599.
    public var status: Int
    public var headers: [(name: String, value: String)]
    /// Not sent with 204 and 304, which have none.
    public var body: [UInt8]
    /// How long the answer is kept back.
    public var delay: Duration

    public init(
        status: Int = 204, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        delay: Duration = .zero
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.delay = delay
    }
}
