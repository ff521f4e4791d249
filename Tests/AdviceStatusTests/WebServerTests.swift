import AdviceCore
import AdviceListener
import Foundation
import Synchronization
import TestTools
import Testing

@testable import AdviceStatus

@Suite("A read-only server", .serialized, .timeLimit(.minutes(2)))
struct WebServerTests {
    private func server(
        at place: ListeningPlace = .tcp(address: "127.0.0.1", port: 0),
        _ answer: @escaping @Sendable (WebPath) -> Response = { path in
            var response = Response(text: "asked: \(path.parts) \(path.query["a"] ?? "") \(path.origin)")
            response.isKept = true
            response.lastModified = Instant(seconds: 1_782_997_200)
            return response
        }
    ) throws -> WebServer {
        try WebServer(at: place, names: HostNames(machine: nil, given: ["ours.example"])) { $1(answer($0)) }
    }

    @Test("answers GET and HEAD, with fences in every answer")
    func answers() throws {
        let server = try server()
        let place = WebClient.Place.port(server.port)
        let got = try WebClient.get("/series/x?a=1&b", from: place, host: "ours.example")
        #expect(got.status == 200)
        #expect(got.text == "asked: [\"series\", \"x\"] 1 http://ours.example\n")
        let head = try WebClient.get("/series/x?a=1&b", from: place, host: "ours.example", method: "HEAD")
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        #expect(head.headers["content-length"] == "\(got.body.count)")
        for answer in [got, head] {
            #expect(answer.headers["content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["set-cookie"] == nil)
        }
        let secure = try WebClient.get("/", from: place, headers: ["X-Forwarded-Proto: https"])
        #expect(secure.text.contains("https://localhost"))
    }

    @Test("answers to its own names only, and says 421 to others")
    func hosts() throws {
        let server = try server()
        let place = WebClient.Place.port(server.port)
        #expect(try WebClient.get("/", from: place, host: "127.0.0.1:\(server.port)").status == 200)
        #expect(try WebClient.get("/", from: place, host: "evil.example").status == 421)
        let connection = try WebClient.Connection(place)
        connection.send("GET / HTTP/1.0\r\n\r\n")
        #expect(try WebClient.answer(connection.rest()).status == 400)
    }

    @Test(
        "changes nothing: other methods are refused, with a body or without", arguments: ["POST", "DELETE"])
    func methods(_ method: String) throws {
        let server = try server()
        let place = WebClient.Place.port(server.port)
        #expect(
            try WebClient.get("/", from: place, method: method, headers: ["Content-Length: 0"]).status == 405)
        #expect(
            try WebClient.get("/", from: place, method: method, headers: ["Content-Length: 9"]).status == 405)
    }

    @Test("refuses a daemon's own deliveries: they would go round")
    func loop() throws {
        let server = try server()
        let headers = ["User-Agent: advised/0.1.0 (+https://example.org)"]
        let answer = try WebClient.get("/", from: .port(server.port), headers: headers)
        #expect(answer.status == 508)
    }

    @Test("says 304 to who has it already, by the tag first and else by the time")
    func conditional() throws {
        let server = try server()
        let place = WebClient.Place.port(server.port)
        let first = try WebClient.get("/", from: place)
        let tag = try #require(first.headers["etag"])
        #expect(first.headers["last-modified"] == "Thu, 02 Jul 2026 13:00:00 GMT")
        func status(_ headers: String...) throws -> Int {
            try WebClient.get("/", from: place, headers: headers).status
        }
        #expect(try status("If-None-Match: \(tag)") == 304)
        #expect(try status("If-None-Match: \"other\", W/\(tag)") == 304)
        #expect(try status("If-None-Match: *") == 304)
        #expect(try status("If-None-Match: \"other\"") == 200)
        #expect(try status("If-Modified-Since: Thu, 02 Jul 2026 13:00:00 GMT") == 304)
        #expect(try status("If-Modified-Since: Wed, 01 Jul 2026 13:00:00 GMT") == 200)
        #expect(
            try status("If-None-Match: \"other\"", "If-Modified-Since: Thu, 02 Jul 2026 13:00:00 GMT") == 200)
        let known = try WebClient.get("/", from: place, headers: ["If-None-Match: \(tag)"])
        #expect(known.body.isEmpty && known.headers["etag"] == tag)
    }

    @Test("drops headers that are too long, and targets that are no path")
    func odd() throws {
        let server = try server()
        let place = WebClient.Place.port(server.port)
        let long = "X-Long: " + String(repeating: "a", count: 20_000)
        let connection = try WebClient.Connection(place)
        connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\(long)\r\n\r\n")
        let said = connection.rest()
        let status = said.isEmpty ? nil : try WebClient.answer(said).status
        #expect(status == nil || status == 413 || status == 431)
        for target in ["http://evil.example/", "*", "/%2e%2e/", "x"] {
            #expect(try [400, 404].contains(WebClient.get(target, from: place).status), "\(target)")
        }
        #expect(try WebClient.get("/", from: place).status == 200)
    }

    @Test("listens on a Unix socket for its owner and group, also where a dead process left one")
    func unixSocket() throws {
        let path = "/tmp/advised-status-\(UUID().uuidString).sock"
        defer { unlink(path) }
        for _ in 1...2 {
            let server = try server(at: .unix(path: path))
            #expect(try WebClient.get("/", from: .unix(path)).status == 200)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o660)
            #expect(throws: ListenerError.self, "somebody listens there") {
                try self.server(at: .unix(path: path))
            }
            server.stop()
            #expect(access(path, F_OK) != 0, "it goes with its server")
            // As one who was killed leaves it.
            let left = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(left) }
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let bound = withUnsafeBytes(of: name) { bytes in
                bind(
                    left, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
            }
            #expect(bound == 0)
        }
    }

    @Test("what takes long keeps nobody waiting, not even the server's end")
    func long() throws {
        let asked = Mutex<[@Sendable (Response) -> Void]>([])
        let (isAsked, isAnswered) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let server = try WebServer(
            at: .tcp(address: "127.0.0.1", port: 0), names: HostNames(machine: nil, given: [])
        ) { path, reply in
            if path.parts == ["long"] {
                asked.withLock { $0.append(reply) }
                isAsked.signal()
            } else {
                reply(Response(text: "at once"))
            }
        }
        let place = WebClient.Place.port(server.port)
        let crowd = [1, 2].map { _ in
            Later {
                defer { isAnswered.signal() }
                return try WebClient.get("/long", from: place)
            }
        }
        for _ in crowd { isAsked.wait() }
        for _ in 1...20 { #expect(try WebClient.get("/", from: place).text == "at once\n") }
        let reply = try #require(asked.withLock { $0.first })
        reply(Response(text: "at last"))
        reply(Response(text: "twice"))
        isAnswered.wait()
        server.stop()
        // The other is told that the server ends, or its connection does.
        let answers = crowd.compactMap { try? $0.value }.filter { $0.status != 503 }
        #expect(answers.map(\.text) == ["at last\n"])
        // Too late, and nothing comes of it.
        for reply in asked.withLock({ $0 }) { reply(Response(text: "gone")) }
    }

    @Test("a crowd that keeps connections open, or says a byte now and then, keeps nobody out")
    func crowd() throws {
        let server = try server()
        let place = WebClient.Place.port(server.port)
        var crowd: [WebClient.Connection] = []
        for number in 1...1000 {
            let connection = try WebClient.Connection(place)
            if number % 2 == 0 { connection.send("GET / HTTP/1.1\r\nHost: loc") }
            crowd.append(connection)
        }
        let begun = ContinuousClock.now
        for _ in 1...10 { #expect(try WebClient.get("/", from: place).status == 200) }
        #expect(ContinuousClock.now - begun < .seconds(5))
        #expect(crowd.count == 1000)
    }
}
