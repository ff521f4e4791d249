import Foundation
import Testing

/// Corrections of what was released (interface.md §3.2), for real.
@Suite(.timeLimit(.minutes(3)))
struct CorrectionTests {
    @Test("`revise` sends the new text to those who had the point, once, and names what it replaces")
    func revise() async throws {
        try await released { place in
            try await place.refuses("revise", "use-the-time")
            try place.rewrite("A better text.")
            try await place.does("revise", "use-the-time")
            let requests = try await place.receiver.requests(2)
            let body = try JSON(String(decoding: requests[1].body, as: UTF8.self))
            #expect(body["type"] == .string("advice.point.revised"))
            #expect(body["data"]?["point"]?["body_text"]?.string?.contains("A better text.") == true)
            #expect(body["data"]?["release"]?["revision"] == .number(2))
            #expect(body["data"]?["release"]?["replaces"] == .string(requests[0].id))
            #expect(body["data"]?["release"]?["sequence"] == .number(1))
            #expect(requests[1].id != requests[0].id)
            let verdicts = try await place.site.judge(place.receiver)
            #expect(verdicts == [["accepted", "refused"], ["accepted", "refused"]])
            try await place.refuses("revise", "use-the-time")

            try place.rewrite("The best text.")
            try await place.does("revise", "use-the-time")
            let third = try JSON(
                String(decoding: try await place.receiver.requests(3)[2].body, as: UTF8.self))
            #expect(third["data"]?["release"]?["revision"] == .number(3))
            #expect(third["data"]?["release"]?["replaces"] == .string(requests[1].id))
        }
    }

    @Test("`withdraw` retracts the point from those who had it; nobody gets it any more")
    func withdraw() async throws {
        try await released { place in
            try await place.refuses("withdraw", "build-trust")
            try await place.does("withdraw", "use-the-time")
            let requests = try await place.receiver.requests(2)
            let body = try JSON(String(decoding: requests[1].body, as: UTF8.self))
            #expect(body["type"] == .string("advice.point.withdrawn"))
            #expect(body["data"]?["release"]?["replaces"] == .string(requests[0].id))
            #expect(body["data"]?["point"]?["body_text"]?.string?.contains("withdrawn") == true)
            try await place.refuses("withdraw", "use-the-time")
            #expect(place.receiver.requestCount == 2)
        }
    }

    @Test("who was never reached gets the new text as the release; the old one is not sent any more")
    func neverTried() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver("503; 204")
            var settings = Settings(ann: receiver.url)
            settings.delivery = ["retries: [1h]"]
            try site.write(settings)
            let place = OperatorTests.Place(site: site, settings: settings, receiver: receiver)
            #expect(try await site.advised("run", "--once").ending == .exited(1))
            try place.rewrite("A better text.")
            try await place.does("revise", "use-the-time")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            let requests = try receiver.requests
            try #require(requests.count == 2)
            let body = try JSON(String(decoding: requests[1].body, as: UTF8.self))
            #expect(body["type"] == .string("advice.point.released"))
            #expect(body["data"]?["release"]?["revision"] == .number(2))
            #expect(body["data"]?["release"]?["replaces"] == nil)
            #expect(body["data"]?["point"]?["body_text"]?.string?.contains("A better text.") == true)
            #expect(try await site.counts()["cancelled"] == .number(1))
        }
    }

    @Test("a file that changes after its release is warned of, and the warning names `revise`")
    func warned() async throws {
        try await released { place in
            try place.rewrite("Another text.")
            let reload = try await place.site.advised("reload")
            #expect(reload.ending == .exited(0))
            #expect(reload.output.contains("advised revise use-the-time"), "\(reload.output)")
            #expect(place.receiver.requestCount == 1)
        }
    }

    private func released(_ body: (OperatorTests.Place) async throws -> Void) async throws {
        try await OperatorTests.place(isRunning: true) { place in
            try await place.site.awaitDelivered(1)
            try await body(place)
        }
    }
}

extension OperatorTests.Place {
    /// Gives the first point another text.
    func rewrite(_ text: String) throws {
        let file = settings.point(1).replacing("Text of point *1*.", with: text)
        try site.write(file, to: "points/1-\(settings.points[0]).md")
    }
}
