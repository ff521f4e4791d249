import Glibc
import Synchronization

/// Ports of 127.0.0.1.
enum Loopback {
    /// Below those that the kernel gives out by itself (32768 and up): nobody else comes to have one
    /// meanwhile.
    private static let candidates = 20_000..<32_000
    private static let given = Atomic<Int>(Int.random(in: 0..<candidates.count))

    /// One that nobody listens on, and that is given to nobody else.
    static func freePort() throws -> Int {
        for _ in candidates {
            let place = given.add(1, ordering: .relaxed).newValue % candidates.count
            guard
                let (descriptor, port) = try? bound(to: INADDR_LOOPBACK, port: candidates.lowerBound + place)
            else { continue }
            close(descriptor)
            return port
        }
        throw Missing("no free port from \(candidates.lowerBound) on")
    }

    /// A socket with a port of its own that nobody else has; `port` 0 takes any.
    static func bound(to host: in_addr_t, port: Int = 0) throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = address(host, port: port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withPointer(to: &address) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
        guard found else {
            close(descriptor)
            throw Missing("no free port: \(String(cString: strerror(errno)))")
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    static func answers(on port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = address(INADDR_LOOPBACK, port: port)
        return withPointer(to: &address) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }

    private static func address(_ host: in_addr_t, port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return address
    }

    private static func withPointer<Result>(
        to address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
        }
    }
}

extension Site {
    /// Starts a program that takes connections on `port`, and awaits that it does.
    @discardableResult
    func serve(
        _ arguments: [String], named name: String, on port: Int, environment: [String: String] = [:]
    ) async throws -> ChildProcess {
        let child = try start(arguments, named: name, environment: environment)
        try await poll("\(name) listens: \(child.output) \(child.errors)") {
            if let ending = child.endingNow() { throw Missing("\(name): \(ending): \(child.errors)") }
            return Loopback.answers(on: port)
        }
        return child
    }
}
