import Foundation
import Glibc

/// What a web server answered.
public struct WebAnswer: Sendable {
    public var status: Int
    /// Names in lower case.
    public var headers: [String: String]
    public var body: [UInt8]
    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// A plain HTTP/1.1 client that asks once on each connection, and shows what came as it came.
public enum WebClient {
    /// Where a server listens.
    public enum Place: Sendable {
        /// Of 127.0.0.1.
        case port(Int)
        case unix(String)
    }

    /// An open connection, for those who say little on it.
    public final class Connection {
        private let descriptor: Int32

        public init(_ place: Place) throws {
            descriptor = try WebClient.connected(place)
        }

        deinit { close(descriptor) }

        public func send(_ text: String) {
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                bytes = bytes.dropFirst(count)
            }
        }

        /// All that comes until the other side closes, or says nothing for 20 s.
        public func rest() -> [UInt8] {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return bytes }
                bytes += buffer[..<count]
            }
        }
    }

    public static func get(
        _ path: String, from place: Place, host: String = "localhost", method: String = "GET",
        headers: [String] = []
    ) throws -> WebAnswer {
        let connection = try Connection(place)
        let lines = ["\(method) \(path) HTTP/1.1", "Host: \(host)", "Connection: close"] + headers
        connection.send(lines.map { $0 + "\r\n" }.joined() + "\r\n")
        return try answer(connection.rest())
    }

    /// The parts of an answer whose body ends with the connection.
    public static func answer(_ bytes: [UInt8]) throws -> WebAnswer {
        let data = Data(bytes)
        guard let end = data.range(of: Data("\r\n\r\n".utf8)) else {
            throw ToolMissing("no answer: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
        let head = String(decoding: data[..<end.lowerBound], as: UTF8.self)
        var lines = head.components(separatedBy: "\r\n")
        let first = lines.removeFirst().split(separator: " ")
        guard first.count > 1, let status = Int(first[1]) else { throw ToolMissing("no answer: \(head)") }
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        return WebAnswer(status: status, headers: headers, body: Array(data[end.upperBound...]))
    }

    fileprivate static func connected(_ place: Place) throws -> Int32 {
        let family = if case .port = place { AF_INET } else { AF_UNIX }
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result: Int32
        switch place {
        case .port(let port):
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = UInt16(port).bigEndian
            name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            result = connect(descriptor, to: name)
        case .unix(let path):
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            result = connect(descriptor, to: name)
        }
        guard result == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw ToolMissing("cannot connect to \(place): \(reason)")
        }
        return descriptor
    }

    private static func connect<Name>(_ descriptor: Int32, to name: Name) -> Int32 {
        withUnsafeBytes(of: name) { bytes in
            Glibc.connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
