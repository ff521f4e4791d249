import AdviceCore
import AdviceMessage
import Foundation
import Testing

struct StandardBodyTests {
    @Test("the body's bytes are those of the golden file")
    func golden() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "Golden/standard.json")
        let expected = try String(contentsOf: file, encoding: .utf8)
        let released = try buildTrust(notice: "General information, not medical advice.")
        #expect(String(decoding: standardBody(released), as: UTF8.self) + "\n" == expected)
    }

    @Test("what was kept makes the same bytes")
    func kept() throws {
        let released = try buildTrust()
        let kept = try ReleasedPoint(neutralJSON: released.neutralJSON())
        #expect(standardBody(kept) == standardBody(released))
    }

    @Test("a late release says when it came and how late, in body and envelope")
    func late() throws {
        let body = try read(
            standardBody(try buildTrust(releasedAt: Instant(seconds: 1_782_997_200 + 125))))
        let release = try #require(body.data["release"] as? [String: Any])
        #expect(body.timestamp == "2026-07-02T13:02:05Z")
        #expect(release["released_at"] as? String == "2026-07-02T13:02:05Z")
        #expect(release["scheduled_for"] as? String == "2026-07-02T13:00:00Z")
        #expect(release["late_seconds"] as? Int == 125)
    }

    @Test("absent texts are left out; lists are there though empty")
    func absent() throws {
        var released = try buildTrust()
        released.point.url = nil
        released.point.tags = []
        released.point.sources = []
        let body = try read(standardBody(released))
        let point = try #require(body.data["point"] as? [String: Any])
        #expect(body.data["notice"] == nil)
        #expect(point["url"] == nil)
        #expect((point["tags"] as? [String]) == [])
        #expect((point["sources"] as? [String]) == [])
    }

    @Test("a correction has its own type and names the delivery that it replaces")
    func revised() throws {
        var released = try buildTrust()
        released.release.revision = 2
        let body = try read(standardBody(released, type: .pointRevised, replaces: "msg_a"))
        let release = try #require(body.data["release"] as? [String: Any])
        #expect(body.type == "advice.point.revised")
        #expect(release["revision"] as? Int == 2)
        #expect(release["replaces"] as? String == "msg_a")
    }

    @Test("a test that shows a point has its shape, is marked, and bears the test's own time")
    func testOfPoint() throws {
        let released = try buildTrust()
        let body = try read(testBody(released, at: Instant(seconds: 1_783_000_000) + .milliseconds(700)))
        let original = try read(standardBody(released))
        #expect(body.type == "advice.test")
        #expect(body.timestamp == "2026-07-02T13:46:40Z")
        #expect(body.data["test"] as? Bool == true)
        #expect(Set(body.data.keys) == Set(original.data.keys).union(["test"]))
        #expect(original.data["test"] == nil)
    }

    @Test("a test without a point is a short text")
    func plainTest() throws {
        let body = try read(testBody(nil, at: Instant(seconds: 0)))
        #expect(body.type == "advice.test")
        #expect(body.timestamp == "1970-01-01T00:00:00Z")
        #expect(body.data["test"] as? Bool == true)
        #expect((body.data["text"] as? String)?.isEmpty == false)
    }
}

private func read(_ bytes: [UInt8]) throws -> (type: String?, timestamp: String?, data: [String: Any]) {
    let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    return (
        object["type"] as? String, object["timestamp"] as? String,
        try #require(object["data"] as? [String: Any])
    )
}
