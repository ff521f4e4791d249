import Foundation
import Testing

/// What people who write receivers copy and read (docs/receivers, docs/schema, docs/receiving.md), against
/// the real daemon.
@Suite(.timeLimit(.minutes(3)))
struct ReceivingTests {
    @Test("a point is kept once and shown; the same delivery again is dropped", arguments: Sample.allCases)
    func once(_ sample: Sample) async throws {
        try await Site.with { site in
            let receiver = try await site.sample(sample)
            try site.write(Settings(ann: receiver.url))
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let kept = try await site.kept(by: receiver)
            #expect(try await site.lastDelivered() == kept.first)
            #expect(kept.count == 1)
            try await receiver.shows("Text of point 1.")

            // Without its state the daemon begins anew, and sends under the id that it had.
            try site.loseState()
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(try await site.lastDelivered() == kept.first)
            #expect(try await site.kept(by: receiver) == kept)

            // What is shown after it proves that the repeat had its turn.
            #expect(try await site.advised("test", "ann").ending == .exited(0))
            try await receiver.shows("A test arrived.")
            #expect(receiver.process.output.matches(of: /Text of point 1\./).count == 1)
        }
    }

    @Test("a receiver that starts again knows what it has had", arguments: Sample.allCases)
    func startsAgain(_ sample: Sample) async throws {
        try await Site.with { site in
            let bodies = try await site.examples()
            func post(_ type: String, id: String, to receiver: SampleReceiver) async throws {
                let body = try #require(try bodies.first { try Site.type(ofBody: $0) == type })
                #expect(try await site.post(body, id: id, to: receiver) == "204")
            }
            let receiver = try await site.sample(sample)
            try await post("advice.test", id: "msg_1", to: receiver)
            // What is shown after it proves that its work was done and noted.
            try await post("advice.series.completed", id: "msg_2", to: receiver)
            try await receiver.shows("The series is complete")
            receiver.process.kill()

            let again = try await site.sample(sample, store: receiver.store)
            try await post("advice.test", id: "msg_1", to: again)
            try await post("advice.alert", id: "msg_3", to: again)
            try await again.shows("Alert")
            #expect(receiver.process.output.contains("A test arrived."))
            #expect(!again.process.output.contains("A test arrived."))
            #expect(try await site.kept(by: again) == ["msg_1", "msg_2", "msg_3"])
        }
    }

    @Test(
        "refused: a changed body, a stranger's signature, more than 5 minutes off, more than 1 MiB",
        arguments: Sample.allCases)
    func refuses(_ sample: Sample) async throws {
        try await Site.with { site in
            let body = try await site.bodyOfTheFirstPoint()
            let receiver = try await site.sample(sample)
            #expect(try await site.post(body, id: "msg_1", to: receiver, "--change") == "401")
            let stranger = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            #expect(try await site.post(body, id: "msg_2", to: receiver, secret: stranger) == "401")
            for seconds in ["310", "-310"] {
                #expect(try await site.post(body, id: "msg_3", to: receiver, "--ago", seconds) == "401")
            }
            #expect(try await site.post(body, id: "msg_6", to: receiver, "--claims", "1048577") == "413")
            #expect(try await site.kept(by: receiver).isEmpty)
            for (id, seconds) in [("msg_4", "270"), ("msg_5", "-270")] {
                #expect(try await site.post(body, id: id, to: receiver, "--ago", seconds) == "204")
            }
            #expect(try await site.kept(by: receiver) == ["msg_4", "msg_5"])
        }
    }

    @Test("while a secret is changed for another, either side may go first", arguments: Sample.allCases)
    func rotation(_ sample: Sample) async throws {
        try await Site.with { site in
            let old = Settings.secret
            let fresh = String(try await site.advised("keys", "new").output.dropLast())
            let both = try await site.sample(sample, secrets: [old, fresh])
            let late = try await site.sample(sample, secrets: [old])
            try site.write(
                Settings([
                    .init(id: "ann", url: both.url, secret: fresh),
                    .init(id: "bob", url: late.url, secret: "[\(fresh), \(old)]"),
                    .init(id: "cem", url: late.url, secret: fresh),
                ]))
            // To cem's endpoint the new secret alone says nothing.
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            let refused = try await site.advised("log", "--subscriber", "cem", "--json").json[0]
            #expect(refused?["status"] == .number(401))
            #expect(try await site.kept(by: both).count == 1)
            #expect(try await site.kept(by: late).count == 1)
        }
    }

    @Test(
        "a correction that overtakes its point stands, and a withdrawal ends it", arguments: Sample.allCases)
    func corrections(_ sample: Sample) async throws {
        try await Site.withCorrectedPoint { site, bodies in
            let receiver = try await site.sample(sample)
            for (id, body) in [("msg_2", bodies[1]), ("msg_1", bodies[0]), ("msg_3", bodies[2])] {
                #expect(try await site.post(body, id: id, to: receiver) == "204")
            }
            try await receiver.shows("Withdrawn: Point 1")
            #expect(receiver.process.output.contains("A better text."))
            #expect(!receiver.process.output.contains("Text of point 1."))
        }
    }

    @Test("real bodies of a release, a correction, a withdrawal and tests are valid, and no damaged one is")
    func schemas() async throws {
        try await Site.withCorrectedPoint { site, bodies in
            let types = try bodies.map { try Site.type(ofBody: $0) }
            let corrected = ["released", "revised", "withdrawn"].map { "advice.point." + $0 }
            #expect(types == corrected + ["advice.test", "advice.test"])
            try await site.expectExactSchemas(bodies)
        }
    }

    @Test("the page shows one valid body of each type that has a schema, and no damaged one is valid")
    func examples() async throws {
        try await Site.with { site in
            let bodies = try await site.examples()
            let types = try bodies.map { try Site.type(ofBody: $0) }
            let schemas = try FileManager.default.contentsOfDirectory(atPath: Site.docs + "/schema")
            #expect(Set(types.map { $0 + ".json" } + ["body.json"]) == Set(schemas))
            #expect(types.count == Set(types).count)
            try await site.expectExactSchemas(bodies)
        }
    }

    @Test(
        "what the page shows is taken, a challenge is given back, a type of later is passed over",
        arguments: Sample.allCases)
    func everyType(_ sample: Sample) async throws {
        try await Site.with { site in
            let receiver = try await site.sample(sample)
            let later = #"{"type":"advice.later","timestamp":"2026-07-01T00:00:00Z","data":{}}"#
            var bodies = try await site.examples()
            bodies.append(try site.write(later, to: "later.json"))
            for (number, body) in bodies.enumerated() {
                let text = try String(contentsOfFile: body, encoding: .utf8)
                let challenge = try JSON(text)["data"]?["challenge"]?.string
                let expected = challenge.map { "200 \($0)" } ?? "204"
                let answer = try await site.post(body, id: "msg_\(number)", to: receiver)
                #expect(answer == expected, "\(text)")
            }
            // All but the challenge, which asks for nothing but its answer.
            #expect(try await site.kept(by: receiver).count == bodies.count - 1)
            try await receiver.shows("The series is complete")
            #expect(receiver.process.errors.isEmpty)
        }
    }
}

/// A receiver of docs/receivers.
enum Sample: String, CaseIterable {
    case python, node

    var command: [String] {
        get throws {
            switch self {
            case .python: return [try Tools.python(), Site.docs + "/receivers/python/receiver.py"]
            case .node:
                let node = "/usr/bin/node"
                guard FileManager.default.isExecutableFile(atPath: node) else {
                    throw Missing("node is missing: apt-get install nodejs")
                }
                return [node, Site.docs + "/receivers/node/receiver.mjs"]
            }
        }
    }
}

/// One that runs.
struct SampleReceiver {
    let process: ChildProcess
    let port: Int
    let store: String

    var url: String { "http://127.0.0.1:\(port)/advice" }

    /// Awaits its work, which comes after its answer.
    func shows(_ text: String) async throws {
        try await poll("'\(text)' is shown: \(process.output) \(process.errors)") {
            process.output.contains(text)
        }
    }
}

extension Site {
    static let docs =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/docs"

    func sample(
        _ sample: Sample, secrets: [String] = [Settings.secret], store: String? = nil
    ) async throws -> SampleReceiver {
        let name = "sample-" + UUID().uuidString
        let secret = try write(secrets.joined(separator: "\n") + "\n", to: name + ".secrets")
        let store = store ?? folder + "/" + name + ".store"
        let child = try start(
            sample.command + ["--secret", secret, "--store", store, "--port", "0"], named: "sample")
        let port = try await poll("it listens: \(child.errors)") {
            child.output.firstMatch(of: /127\.0\.0\.1:(\d+)\//).flatMap { Int($0.output.1) }
        }
        return SampleReceiver(process: child, port: port, store: store)
    }

    /// The webhook-ids that a receiver has kept, in the order in which they came.
    func kept(by receiver: SampleReceiver) async throws -> [String] {
        try await lines(["store", receiver.store])
    }

    /// The webhook-id of the newest delivery, where it was delivered.
    func lastDelivered() async throws -> String? {
        let entry = try await advised("log", "--json").json[0]
        return entry?["state"] == .string("delivered") ? entry?["webhook_id"]?.string : nil
    }

    /// Signs and posts a body as PyPI's standardwebhooks does it; what it was answered.
    func post(
        _ body: String, id: String, to receiver: SampleReceiver, secret: String = Settings.secret,
        _ options: String...
    ) async throws -> String {
        try await lines(["post", receiver.url, secret, id, body] + options).joined(separator: "\n")
    }

    /// The file that holds what the daemon sends on the first day.
    func bodyOfTheFirstPoint() async throws -> String {
        let receiver = try await receiver()
        try write(Settings(ann: receiver.url))
        try await advised("run", "--once")
        return try #require(try await bodies(receiver).first)
    }

    /// Files with the bodies of all requests up to now.
    func bodies(_ receiver: Receiver) async throws -> [String] {
        try await lines(["bodies", receiver.log, folder + "/bodies"])
    }

    /// Files with the JSON that docs/receiving.md shows.
    func examples() async throws -> [String] {
        try await lines(["examples", Site.docs + "/receiving.md", folder + "/examples"])
    }

    static func type(ofBody file: String) throws -> String {
        try JSON(String(contentsOfFile: file, encoding: .utf8))["type"]?.string ?? "none"
    }

    /// All are valid, and none is with a promised member missing or of another type.
    func expectExactSchemas(_ bodies: [String]) async throws {
        let judged = try await check(["schema"] + bodies)
        #expect(judged.ending == .exited(0), "\(judged.output)\(judged.errors)")
        for body in bodies {
            let damaged = try await check(["damage", body])
            #expect(damaged.ending == .exited(0), "\(body): \(damaged.output)\(damaged.errors)")
        }
    }

    /// A point that was released, revised and withdrawn, and two tests, in files.
    static func withCorrectedPoint(_ body: (Site, [String]) async throws -> Void) async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            try place.rewrite("A better text.")
            try await place.does("revise", "use-the-time")
            try await place.receiver.requests(2)
            try await place.does("withdraw", "use-the-time")
            try await place.receiver.requests(3)
            try await place.does("test", "ann")
            try await place.does("test", "ann", "--point", "build-trust")
            try await body(place.site, place.site.bodies(place.receiver))
        }
    }

    private func lines(_ arguments: [String]) async throws -> [String] {
        let done = try await check(arguments)
        guard done.ending == .exited(0) else { throw Missing(done.errors) }
        return done.output.split(separator: "\n").map(String.init)
    }

    private func check(_ arguments: [String]) async throws -> Finished {
        try await finished(
            start([Tools.python(), Tools.script("receiving_check.py")] + arguments, named: "check"),
            within: .seconds(60))
    }
}
