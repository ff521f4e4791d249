import CMicroHTTPD
import Glibc

/// A bound and listening socket, made here and not by libmicrohttpd, which does not say why it could not.
struct ListeningSocket {
    let descriptor: Int32
    /// The real one, where any was asked for; 0 of a Unix socket.
    let port: Int
    /// Of a Unix socket.
    private(set) var file: SocketFile?

    init(_ place: ListeningPlace) throws(ListenerError) {
        switch place {
        case .tcp(let address, let port): self = try ListeningSocket(address: address, port: port)
        case .unix(let path): self = try ListeningSocket(path: path)
        }
    }

    private init(path: String) throws(ListenerError) {
        func refusal(_ reason: String? = nil) -> ListenerError {
            .pathNotAvailable(path: path, reason: reason ?? String(cString: strerror(errno)))
        }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: name.sun_path) else {
            throw refusal("a socket's path has 107 bytes at most")
        }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        if ListeningSocket.isForsaken(path, name) { unlink(path) }
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw refusal() }
        guard ListeningSocket.bind(descriptor, name), chmod(path, 0o660) == 0,
            listen(descriptor, SOMAXCONN) == 0
        else {
            let error = refusal()
            close(descriptor)
            throw error
        }
        self.init(descriptor: descriptor, port: 0)
        file = SocketFile(path: path)
    }

    /// A socket is there that nobody listens on any more.
    private static func isForsaken(_ path: String, _ name: sockaddr_un) -> Bool {
        var entry = stat()
        guard lstat(path, &entry) == 0, entry.st_mode & S_IFMT == S_IFSOCK else { return false }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(probe) }
        let result = withUnsafeBytes(of: name) { bytes in
            connect(
                probe, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        return result != 0 && errno == ECONNREFUSED
    }

    private init(address: String, port: Int) throws(ListenerError) {
        guard let wanted = UInt16(exactly: port) else { throw .badPort(port) }
        var v4 = sockaddr_in()
        var v6 = sockaddr_in6()
        if inet_pton(AF_INET, address, &v4.sin_addr) == 1 {
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = wanted.bigEndian
            self = try ListeningSocket.open(v4, AF_INET, address, port)
        } else if inet_pton(AF_INET6, address, &v6.sin6_addr) == 1 {
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = wanted.bigEndian
            self = try ListeningSocket.open(v6, AF_INET6, address, port)
        } else {
            throw .badAddress(address)
        }
    }

    private init(descriptor: Int32, port: Int) {
        self.descriptor = descriptor
        self.port = port
    }

    private static func open<Name>(
        _ name: Name, _ family: Int32, _ address: String, _ port: Int
    ) throws(ListenerError) -> ListeningSocket {
        func refusal() -> ListenerError {
            .portNotAvailable(address: address, port: port, reason: String(cString: strerror(errno)))
        }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw refusal() }
        // So that a second start need not wait until the kernel has forgotten the connections of the first.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, name), listen(descriptor, SOMAXCONN) == 0,
            let bound = boundPort(descriptor)
        else {
            let error = refusal()
            close(descriptor)
            throw error
        }
        return ListeningSocket(descriptor: descriptor, port: bound)
    }

    private static func bind<Name>(_ descriptor: Int32, _ name: Name) -> Bool {
        withUnsafeBytes(of: name) { bytes in
            guard let address = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return Glibc.bind(descriptor, address, socklen_t(bytes.count)) == 0
        }
    }

    private static func boundPort(_ descriptor: Int32) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes -> Int? in
            guard let address = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                getsockname(descriptor, address, &length) == 0
            else { return nil }
            // The port lies at the same place in both families.
            return Int(UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)))
        }
    }
}

/// A socket in the file system, as it was made.
struct SocketFile: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// nil where there is none any more.
    init?(path: String) {
        var entry = stat()
        guard lstat(path, &entry) == 0 else { return nil }
        self.path = path
        (device, inode) = (entry.st_dev, entry.st_ino)
    }

    /// Not what somebody else has put in its place.
    func remove() {
        var entry = stat()
        guard lstat(path, &entry) == 0, entry.st_dev == device, entry.st_ino == inode else { return }
        unlink(path)
    }
}

/// An address as text, without its port.
func addressText(_ address: UnsafePointer<sockaddr>?) -> String {
    guard let address else { return "unknown" }
    let family = Int32(address.pointee.sa_family)
    let raw = UnsafeRawPointer(address)
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let offset: Int
    switch family {
    case AF_INET: offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 4
    case AF_INET6: offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 8
    default: return "unknown"
    }
    guard inet_ntop(family, raw + offset, &text, socklen_t(text.count)) != nil else { return "unknown" }
    return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "unknown" }
}
