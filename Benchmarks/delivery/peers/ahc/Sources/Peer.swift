import AsyncHTTPClient
import Foundation
import NIOCore
import NIOSSL
import Synchronization

/// The deliveries of Benchmarks/delivery by async-http-client:
///     peer FOLDER CONCURRENCY one|many CA-BUNDLE
/// FOLDER holds `urls` and `headers` by line, and `body`. Exits 1 where an answer was no 2xx.
@main
struct Peer {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let concurrency = Int(arguments[2]) else { exit(64) }
        let orders = try Orders(folder: arguments[1])
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = concurrency
        // Kept connections to hosts that are not asked again would only fill its pool.
        if arguments[3] == "many" { configuration.maximumUsesPerConnection = 1 }
        configuration.timeout.connect = .seconds(15)
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(arguments[4])
        configuration.tlsConfiguration = tls
        let client = HTTPClient(configuration: configuration)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<concurrency { group.addTask { await orders.send(by: client) } }
        }
        try await client.shutdown()
        exit(orders.isDone ? 0 : 1)
    }
}

/// What is to be sent, and how far that is.
final class Orders: Sendable {
    private let urls: [String]
    private let headers: [(name: String, value: String)]
    private let body: ByteBuffer
    private let next = Atomic<Int>(0)
    private let delivered = Atomic<Int>(0)

    var isDone: Bool { delivered.load(ordering: .relaxed) == urls.count }

    init(folder: String) throws {
        func lines(_ name: String) throws -> [Substring] {
            try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n")
        }
        urls = try lines("urls").map(String.init)
        headers = try lines("headers").map { line in
            let parts = line.split(separator: ": ", maxSplits: 1)
            return (String(parts[0]), String(parts[1]))
        }
        body = ByteBuffer(bytes: try Data(contentsOf: URL(filePath: folder + "/body")))
    }

    /// One after the other, as long as any are left.
    func send(by client: HTTPClient) async {
        while true {
            let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard number < urls.count else { return }
            var request = HTTPClientRequest(url: urls[number])
            request.method = .POST
            for header in headers { request.headers.add(name: header.name, value: header.value) }
            // As long as the daemon's.
            let digits = String(number)
            let id = "msg_" + String(repeating: "0", count: 26 - digits.count) + digits
            request.headers.add(name: "webhook-id", value: id)
            request.body = .bytes(body)
            do {
                let answer = try await client.execute(request, timeout: .seconds(15))
                for try await _ in answer.body {}
                if answer.status.code / 100 == 2 { delivered.wrappingAdd(1, ordering: .relaxed) }
            } catch {
                FileHandle.standardError.write(Data("\(urls[number]): \(error)\n".utf8))
            }
        }
    }
}
