import Foundation

/// nginx as a receiver that is never the bottleneck, or as one that limits the rate: it notes each request
/// and what it answered, which is 204 unless it is told otherwise.
struct Nginx {
    struct Line {
        /// The address dialled.
        var host: Substring
        var id: Substring
        var attempt: Substring
        var status: Int
        /// Milliseconds since the epoch, when it was answered.
        var at: Int
        var path: Substring
    }

    let port: Int
    fileprivate let log: String

    var lines: [Line] {
        String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
            .split(separator: "\n").compactMap(Line.init)
    }
}

extension Nginx.Line {
    /// Nil for one that is still being written.
    fileprivate init?(_ text: Substring) {
        let words = text.split(separator: " ")
        guard words.count == 7, words[6] == "end", let status = Int(words[3]), let at = Double(words[4])
        else {
            return nil
        }
        self.init(
            host: words[0], id: words[1], attempt: words[2], status: status, at: Int((at * 1000).rounded()),
            path: words[5])
    }
}

extension Site {
    /// `http` are further lines of nginx's `http`, `server` of its `server`.
    func nginx(http: String = "", server: String = "") async throws -> Nginx {
        let port = try Loopback.freePort()
        let prefix = folder + "/nginx"
        try FileManager.default.createDirectory(atPath: prefix, withIntermediateDirectories: true)
        let nginx = Nginx(port: port, log: prefix + "/access.log")
        let configuration = try write(nginxConfiguration(prefix, port, http, server), to: "nginx/nginx.conf")
        let program = try Tools.debian("nginx", package: "nginx-light")
        try await serve(
            [program, "-p", prefix, "-c", configuration, "-e", prefix + "/error.log"], named: "nginx",
            on: port)
        return nginx
    }

    private func nginxConfiguration(
        _ prefix: String, _ port: Int, _ http: String, _ server: String
    ) -> String {
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
                log_format received '$server_addr $http_webhook_id $http_webhook_attempt '
                    '$status $msec $uri end';
                access_log \(prefix)/access.log received;
                \(http)
                server {
                    listen 0.0.0.0:\(port) backlog=4096;
                    \(server)
                    location / { return 204; }
                }
            }

            """
    }
}
