import Foundation
import Testing

/// What the standard descriptors are when somebody else has arranged them.
@Suite(.timeLimit(.minutes(2)))
struct DescriptorTests {
    @Test(
        "closed standard descriptors: no log line lands in a file of the state",
        arguments: ["2>&-", "<&- >&- 2>&-"])
    func closed(_ redirection: String) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            #expect(try await site.redirected(redirection, "run", "--once").ending == .exited(0))
            let lock = try String(contentsOfFile: site.state + "/lock", encoding: .utf8)
            #expect(lock.wholeMatch(of: /[0-9]+\n/) != nil, "the lock holds: \(lock.prefix(200))")
            #expect(try await site.counts()["delivered"] == .number(1))
        }
    }

    @Test("a listing that could not be written whole is not taken for one")
    func full() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "http://127.0.0.1:9/"))
            #expect(try await site.redirected(">/dev/full", "plan", "--json").ending == .exited(74))
            #expect(try await site.redirected(">/dev/null", "plan", "--json").ending == .exited(0))
        }
    }
}
