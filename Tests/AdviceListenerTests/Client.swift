import Glibc

/// A client that speaks HTTP/1.1 over one plain socket and waits for what it asked. Closes when it goes.
final class Client {
    private let descriptor: Int32
    private var pending: [UInt8] = []

    struct Answer {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: String
    }

    enum Trouble: Error {
        case cannotConnect(Int32)
        /// The other side closed the connection before the answer was complete.
        case closed
    }

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(port).bigEndian
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        // So that a listener that never answers is an error and not a hung test.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafeBytes(of: &name) { bytes in
            connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        guard result == 0 else {
            let reason = errno
            close(descriptor)
            throw Trouble.cannotConnect(reason)
        }
    }

    deinit {
        close(descriptor)
    }

    /// Sends as it is; what the other side no longer reads is lost without a word.
    func send(_ text: String) {
        send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func post(_ body: String, to path: String = "/", headers: String = "") {
        send(
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
    }

    /// The next answer on this connection.
    func answer() throws -> Answer {
        var end = headEnd()
        while end == nil {
            try readMore()
            end = headEnd()
        }
        let head = String(decoding: pending[..<(end ?? 0)], as: UTF8.self)
        pending.removeFirst((end ?? 0) + 4)
        let lines = head.split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ": ", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1]) : ""
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while pending.count < length { try readMore() }
        let body = String(decoding: pending.prefix(length), as: UTF8.self)
        pending.removeFirst(length)
        let status = Int(lines[0].split(separator: " ")[1]) ?? 0
        return Answer(status: status, headers: headers, body: body)
    }

    /// The other side has closed, or closes within the time that a client waits, and sends nothing more
    /// before.
    var isAtEnd: Bool {
        var byte: UInt8 = 0
        guard pending.isEmpty else { return false }
        let count = recv(descriptor, &byte, 1, 0)
        return count == 0 || (count < 0 && errno != EAGAIN)
    }

    private func headEnd() -> Int? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard pending.count >= 4 else { return nil }
        return (0...pending.count - 4).first { Array(pending[$0..<$0 + 4]) == mark }
    }

    private func readMore() throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw Trouble.closed }
        pending.append(contentsOf: buffer.prefix(count))
    }
}
