import AdviceCore
import AdviceMessage
import Testing

/// What is kept of an announcement gives every rendering again, byte for byte.
@Suite("Announcements as they are kept")
struct NeutralAnnouncementTests {
    private static let corrected = Instant(seconds: 1_783_000_000)

    private func announcements() throws -> [Announcement] {
        let point = try buildTrust(notice: "Not medical advice.")
        let alert = Alert(
            kind: .exhausted, title: "A delivery was given up", text: "p1 to \"bob\": 404 Not Found.",
            series: "fifteen-points", point: nil, subscribers: ["bob", "cy"], count: 2,
            since: Instant(seconds: 1_782_990_000), at: Instant(seconds: 1_782_999_999))
        return [
            .released(point), .revised(point, at: Self.corrected),
            .withdrawn(point.withdrawn(title: "Build trust"), at: Self.corrected), .alert(alert),
        ]
    }

    @Test("read back it is the same, in every format")
    func roundTrip() throws {
        for announcement in try announcements() {
            let read = try Announcement(
                neutralJSON: announcement.neutralJSON(), type: announcement.type, at: Self.corrected)
            #expect(read == announcement)
            for format in Format.allCases {
                #expect(Rendering(read, as: format).bytes == Rendering(announcement, as: format).bytes)
            }
        }
    }

    @Test("what is broken, and what is never kept, is not read", arguments: EventType.allCases)
    func broken(_ type: EventType) {
        #expect(throws: (any Error).self) {
            try Announcement(neutralJSON: Array("{}".utf8), type: type, at: Self.corrected)
        }
    }
}
