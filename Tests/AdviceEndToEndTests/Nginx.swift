import Foundation
import Glibc

/// nginx as a receiver that is never the bottleneck: it notes the address dialled, the webhook-id and the
/// attempt of each request, and answers 204.
struct Nginx {
    struct Line {
        var host: Substring
        var id: Substring
        var attempt: Substring
    }

    let port: Int
    fileprivate let log: String

    var lines: [Line] {
        String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
            .split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count == 3 }
            .map { Line(host: $0[0], id: $0[1], attempt: $0[2]) }
    }
}

extension Site {
    func nginx() async throws -> Nginx {
        let port = try Loopback.freePort()
        let prefix = folder + "/nginx"
        try FileManager.default.createDirectory(atPath: prefix, withIntermediateDirectories: true)
        let nginx = Nginx(port: port, log: prefix + "/access.log")
        let configuration = try write(nginxConfiguration(prefix, port), to: "nginx/nginx.conf")
        let child = try start(
            [Tools.nginx(), "-p", prefix, "-c", configuration, "-e", prefix + "/error.log"], named: "nginx")
        try await poll("nginx listens: \(child.errors)") { Loopback.answers(on: port) }
        return nginx
    }

    private func nginxConfiguration(_ prefix: String, _ port: Int) -> String {
        let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(prefix)/\($0);" }
        return """
            daemon off;
            master_process off;
            worker_rlimit_nofile 16384;
            pid \(prefix)/pid;
            error_log \(prefix)/error.log;
            events { worker_connections 8192; }
            http {
                \(folders.joined(separator: " "))
                log_format received '$server_addr $http_webhook_id $http_webhook_attempt';
                access_log \(prefix)/access.log received;
                server {
                    listen 0.0.0.0:\(port) backlog=4096;
                    location / { return 204; }
                }
            }

            """
    }
}

/// Ports of 127.0.0.1.
enum Loopback {
    /// One that nobody listens on.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withPointer(to: &address) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
        guard found else { throw Missing("no free port: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    static func answers(on port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = address(port: port)
        return withPointer(to: &address) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }

    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
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
