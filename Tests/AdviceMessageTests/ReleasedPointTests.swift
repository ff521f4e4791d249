import AdviceCore
import AdviceMessage
import Testing

struct ReleasedPointTests {
    @Test("what is kept comes back as it was, with every optional text and without")
    func roundTrip() throws {
        var bare = try buildTrust(body: "")
        bare.point.url = nil
        bare.point.tags = []
        bare.point.sources = []
        let full = try buildTrust(body: "# T\n\n<b>\u{1}\u{2028} \"x\" / \\", notice: "General information.")
        for released in [full, bare] {
            let kept = released.neutralJSON()
            #expect(try ReleasedPoint(neutralJSON: kept) == released)
            #expect(released.neutralJSON() == kept)
        }
    }

    @Test("what is kept is readable: days and instants are text")
    func readable() throws {
        let text = String(decoding: try buildTrust().neutralJSON(), as: UTF8.self)
        #expect(text.contains(#""day":"2026-07-02""#))
        #expect(text.contains(#""scheduled_for":"2026-07-02T13:00:00Z""#))
        #expect(text.contains("https://example.org/trust"))
    }

    @Test(
        "what is broken is refused, not repaired",
        arguments: [
            ("2026-07-02\"", "2026-07-32\""), ("T13:00:00Z", "T13:00:00"),
            ("\"sequence\":2", "\"sequence\":0"),
            ("\"revision\":1", "\"revision\":-1"), ("\"number\":2", "\"number\":\"2\""), ("{", ""),
        ])
    func broken(part: String, replacement: String) throws {
        let text = String(decoding: try buildTrust().neutralJSON(), as: UTF8.self)
        let changed = text.replacing(part, with: replacement)
        #expect(changed != text)
        #expect(throws: DecodingError.self) { try ReleasedPoint(neutralJSON: Array(changed.utf8)) }
    }

    @Test(
        "lateness counts whole seconds and is never negative",
        arguments: [(0, 0), (999, 0), (1000, 1), (61_500, 61), (-5000, 0)] as [(Int64, Int64)])
    func lateness(milliseconds: Int64, expected: Int64) throws {
        let scheduled = Instant(seconds: 1_782_997_200)
        let released = try buildTrust(releasedAt: scheduled + .milliseconds(milliseconds))
        #expect(released.release.lateSeconds == expected)
        #expect(released.release.releasedAt.description.count == "2026-07-02T13:00:00Z".count)
    }

    @Test("the release keeps the point's place and how many points there were")
    func place() throws {
        let released = try buildTrust()
        #expect(released.point.number == 2)
        #expect(released.point.of == 15)
        #expect(released.series.edition == "2026-07-01")
    }
}
