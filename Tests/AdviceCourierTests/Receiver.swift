import Dispatch
import Foundation
import Glibc
import Synchronization

/// A small HTTP/1.1 receiver on loopback that notes what it sees and answers as it is told, also badly. One
/// thread a connection, blocking: it is there to be simple, and not made of what it tests.
final class Receiver: Sendable {
    struct Request: Sendable {
        /// `POST /path HTTP/1.1`
        var line: String
        /// Header lines as they came, in their order.
        var headers: [String]
        var body: [UInt8]

        /// The values of the header `name` (lower case).
        func values(of name: String) -> [String] {
            headers.filter { $0.lowercased().hasPrefix(name + ":") }
                .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
        }
    }

    /// What the receiver does with the connection after an answer.
    enum Next { case keep, close, reset }

    let port: Int
    private let listener: Int32
    private let answer: @Sendable (Connection, Request) -> Next
    private let seen = Mutex<(connections: Int, requests: [Request])>((0, []))
    private let threads = DispatchGroup()

    var connections: Int { seen.withLock { $0.connections } }
    var requests: [Request] { seen.withLock { $0.requests } }

    init(_ answer: @escaping @Sendable (Connection, Request) -> Next) throws {
        (listener, port) = try Self.listenAnywhere()
        self.answer = answer
        threads.enter()
        Thread.detachNewThread { self.accept() }
    }

    /// On `::`, for IPv4 and IPv6 alike, at a port that the kernel picks.
    private static func listenAnywhere() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var off: Int32 = 0
        setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 1024) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        return (descriptor, Int(UInt16(bigEndian: address.sin6_port)))
    }

    /// Answers every request with one status and no body.
    convenience init(status: String = "204 No Content") throws {
        try self.init { connection, _ in
            connection.write("HTTP/1.1 \(status)\r\ncontent-length: 0\r\n\r\n")
            return .keep
        }
    }

    /// Takes no more connections, and waits for those there are to end: close the courier first.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        threads.wait()
    }

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor < 0 { break }
            seen.withLock { $0.connections += 1 }
            threads.enter()
            Thread.detachNewThread { self.serve(Connection(descriptor: descriptor)) }
        }
        close(listener)
        threads.leave()
    }

    private func serve(_ connection: Connection) {
        defer { threads.leave() }
        while let request = connection.read() {
            seen.withLock { $0.requests.append(request) }
            switch answer(connection, request) {
            case .keep: continue
            case .close: return connection.end()
            case .reset: return connection.end(reset: true)
            }
        }
        connection.end()
    }
}

/// One connection of a `Receiver`.
struct Connection: Sendable {
    let descriptor: Int32

    /// False once the peer has gone.
    @discardableResult
    func write(_ text: String, _ more: [UInt8] = []) -> Bool {
        let bytes = Array(text.utf8) + more
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            start += count
        }
        return true
    }

    /// Waits for the peer to hang up, at most `milliseconds`; false where it has.
    func isOpen(after milliseconds: Int32) -> Bool {
        var state = pollfd(descriptor: descriptor)
        return poll(&state, 1, milliseconds) == 0
    }

    func read() -> Receiver.Request? {
        var bytes: [UInt8] = []
        while true {
            if let request = parse(bytes) { return request }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count <= 0 { return nil }
            bytes += chunk.prefix(count)
        }
    }

    func end(reset: Bool = false) {
        if reset {
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
        close(descriptor)
    }

    /// The request, once its head and as many bytes as its Content-Length says are there.
    private func parse(_ bytes: [UInt8]) -> Receiver.Request? {
        let mark = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        var request = Receiver.Request(
            line: lines[0], headers: Array(lines.dropFirst()), body: Array(bytes[(end + 4)...]))
        guard let length = request.values(of: "content-length").first.flatMap({ Int($0) }) else {
            return request
        }
        guard request.body.count >= length else { return nil }
        request.body = Array(request.body.prefix(length))
        return request
    }
}

extension pollfd {
    fileprivate init(descriptor: Int32) {
        self.init(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }
}
