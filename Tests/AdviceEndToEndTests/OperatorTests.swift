import Foundation
import Testing

/// What operators decide: a running daemon takes it within a second, and without one the next finds it.
@Suite(.timeLimit(.minutes(3)))
struct OperatorTests {
    @Test(
        "`pause` and `resume` of a series: its points wait, `plan` says so, and go on after",
        arguments: [true, false])
    func pause(isRunning: Bool) async throws {
        try await OperatorTests.place(isRunning: isRunning) { place in
            try await place.does("pause", "daily")
            #expect(try await place.plan("build-trust")["state"] == .string("blocked"))
            let status = try await place.site.advised("status", "--json").json["series"]?[0]
            #expect(status?["state"] == .string("paused"))
            try await place.refuses("unskip", "build-trust")
            try await place.does("resume", "daily")
            #expect(try await place.plan("build-trust")["state"] == .string("planned"))
            try await place.refuses("resume", "daily")
        }
    }

    @Test("`pause --until` moves the points to the day named, and after; the plan gives the reason")
    func pauseUntil() async throws {
        try await OperatorTests.place(isRunning: true) { place in
            let until = place.settings.wall.day(5)
            try await place.refuses("pause", "daily", "--until", place.settings.wall.day())
            try await place.does("pause", "daily", "--until", until)
            let planned = try await place.plan("build-trust")
            #expect(planned["day"] == .string(until))
            #expect(planned["why"]?.string?.contains("paused on") == true)
        }
    }

    @Test("`skip` takes a point out and the others move up; `unskip` puts it back", arguments: [true, false])
    func skip(isRunning: Bool) async throws {
        try await OperatorTests.place(isRunning: isRunning) { place in
            let tomorrow = place.settings.wall.day(1)
            #expect(try await place.plan("build-trust")["day"] == .string(tomorrow))
            try await place.does("skip", "build-trust")
            try await place.refuses("skip", "build-trust")
            #expect(try await place.plan("build-trust")["state"] == .string("cancelled"))
            #expect(try await place.plan("bring-someone")["day"] == .string(tomorrow))
            try await place.does("unskip", "daily/build-trust")
            #expect(try await place.plan("build-trust")["day"] == .string(tomorrow))
            try await place.refuses("skip", "use-the-time")
            try await place.refuses("skip", "no-such-point")
        }
    }

    @Test("`release --now` takes today's slot, out of turn; where that is used it is refused")
    func releaseNow() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            // Today's slot is still to come, by hours.
            settings.at = settings.wall.at(in: 300).text
            try site.write(settings)
            let daemon = try await site.daemon()
            let place = Place(site: site, settings: settings, receiver: receiver)
            try await place.does("release", "bring-someone", "--now")
            let request = try #require(try await receiver.requests(1, within: .seconds(1)).first)
            let body = try JSON(String(decoding: request.body, as: UTF8.self))
            #expect(body["data"]?["point"]?["id"] == .string("bring-someone"))
            #expect(body["data"]?["release"]?["day"] == .string(settings.wall.day()))
            #expect(body["data"]?["release"]?["sequence"] == .number(1))
            #expect(body["data"]?["release"]?["late_seconds"] == .number(0))
            try await place.refuses("release", "build-trust", "--now")
            try await place.refuses("release", "bring-someone", "--now")
            // The others keep their order, from tomorrow on.
            #expect(try await place.plan("use-the-time")["day"] == .string(settings.wall.day(1)))
            #expect(try await place.plan("build-trust")["day"] == .string(settings.wall.day(2)))
            let why = try await place.plan("bring-someone")["why"]?.string
            #expect(why?.contains("out of turn") == true)
            #expect(daemon.endingNow() == nil && receiver.requestCount == 1)
        }
    }

    @Test("`release --now` where no daemon runs: the next one sends it at once")
    func releaseNowOffline() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            settings.at = settings.wall.at(in: 300).text
            try site.write(settings)
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.connectionCount == 0)
            let place = Place(site: site, settings: settings, receiver: receiver)
            try await place.does("release", "build-trust", "--now")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 1)
        }
    }

    @Test("a paused subscriber's points are cancelled, and come after all with `resume --with-missed`")
    func pauseSubscriber() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let settings = Settings(["ann", "bob"].map { .init(id: $0, url: receiver.url) })
            try site.write(settings)
            let place = Place(site: site, settings: settings, receiver: receiver)
            try await place.refuses("pause", "--subscriber", "eve")
            try await place.does("pause", "--subscriber", "ann")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 1)
            #expect(try await site.counts()["cancelled"] == .number(1))
            try await place.does("resume", "--subscriber", "ann", "--with-missed")
            #expect(try await site.advised("run", "--once").ending == .exited(0))
            #expect(receiver.requestCount == 2)
            #expect(try await site.counts()["delivered"] == .number(2))
        }
    }

    @Test("a command needs a series or a subscriber, a day that is one, and --now")
    func usage() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "http://127.0.0.1:9/"))
            for words in [
                ["pause"], ["pause", "daily", "--subscriber", "ann"], ["pause", "daily", "--until", "soon"],
                ["release", "build-trust"], ["skip"], ["clock"],
            ] {
                let done = try await site.advised(words)
                #expect(done.ending == .exited(64) || words == ["clock"], "\(words): \(done.errors)")
            }
            #expect(try await site.advised("clock", "accept").ending == .exited(1))
        }
    }

    // MARK: A series whose first point went out today

    struct Place {
        let site: Site
        let settings: Settings
        let receiver: Receiver

        func does(_ words: String...) async throws {
            let done = try await site.advised(words)
            #expect(done.ending == .exited(0), "\(words): \(done.errors)")
        }

        func refuses(_ words: String...) async throws {
            let done = try await site.advised(words)
            #expect(done.ending == .exited(1), "\(words): \(done.errors)")
            #expect(!done.errors.isEmpty)
        }

        /// A point's line of the plan.
        func plan(_ point: String) async throws -> JSON {
            let lines = try await site.advised("plan", "--json").json.elements
            return try #require(lines.first { $0["id"] == .string(point) })
        }
    }

    static func place(isRunning: Bool, _ body: (Place) async throws -> Void) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let settings = Settings(ann: receiver.url)
            try site.write(settings)
            if isRunning {
                _ = try await site.daemon()
                try await receiver.requests(1)
            } else {
                #expect(try await site.advised("run", "--once").ending == .exited(0))
            }
            try await body(Place(site: site, settings: settings, receiver: receiver))
        }
    }
}
