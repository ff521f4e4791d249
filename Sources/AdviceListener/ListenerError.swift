/// Why there is no listener.
public enum ListenerError: Error, Hashable, Sendable, CustomStringConvertible {
    case badAddress(String)
    case badPort(Int)
    case badStatus(Int)
    /// The words are the system's.
    case portNotAvailable(address: String, port: Int, reason: String)
    case pathNotAvailable(path: String, reason: String)
    case cannotStart(reason: String)

    public var description: String {
        switch self {
        case .badAddress(let text):
            "\"\(text)\" is no address to listen on: an IPv4 or IPv6 literal is expected"
        case .badPort(let port): "\(port) is no port: 0 (any free one) to 65535 is expected"
        case .badStatus(let status): "\(status) is no status to answer with: 200 to 599 is expected"
        case .portNotAvailable(let address, let port, let reason):
            "cannot listen on \(address) port \(port): \(reason)"
        case .pathNotAvailable(let path, let reason): "cannot listen on \(path): \(reason)"
        case .cannotStart(let reason): "cannot start listening: \(reason)"
        }
    }
}
