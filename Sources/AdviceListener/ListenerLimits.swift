/// What one listener bears. The defaults are those of `advised listen`.
public struct ListenerLimits: Sendable {
    /// Connections at once.
    public var connections = 8192
    /// A client that says nothing for this long is dropped.
    public var silenceSeconds = 30
    /// For the request line and the headers of one connection.
    public var headerBytes = 16 * 1024
    /// A request with a larger body is refused: 1 MiB, fifty times the largest standard body that draws no
    /// warning.
    public var bodyBytes = 1 << 20
    /// One connection too many costs the oldest its place, where otherwise it waits in the kernel's queue:
    /// who says a byte now and then to keep a place keeps nobody out.
    public var givesUpOldest = false

    public init() {}

    /// libmicrohttpd takes a few more connections than there are places, so that it tells of them.
    var slack: Int { givesUpOldest ? 256 : 0 }
}

/// Where a listener listens.
public enum ListeningPlace: Hashable, Sendable {
    /// `address` is a literal; `port` 0 takes any free one.
    case tcp(address: String, port: Int)
    /// A socket that is made at `path`, for its owner and group alone. One that a process left that is gone
    /// is replaced.
    case unix(path: String)
}
