import Foundation
import Testing

/// `simulate` and `plan`: what would happen, and why, and nothing is sent.
@Suite(.timeLimit(.minutes(3)))
struct SimulateTests {
    @Test("`simulate` runs a series from its start to its end, and an outage is caught up on")
    func simulate() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(["ann", "bob"].map { .init(id: $0, url: receiver.url) }))
            let quiet = try await site.advised("simulate")
            #expect(quiet.ending == .exited(0), "\(quiet.errors)")
            #expect(quiet.output.contains("3 releases; deliveries: 6 delivered, 0 exhausted, 0 cancelled"))
            #expect(quiet.errors.isEmpty, "no bar where there is no terminal")
            let outage = try await site.advised("simulate", "--outage", "ann:3h", "--status", "503", "--json")
            let lines = try outage.json.elements
            #expect(lines.count { $0["event"] == .string("released") } == 3)
            let waiting = lines.filter { $0["event"] == .string("waiting") }
            #expect(!waiting.isEmpty && waiting.allSatisfy { $0["subscriber"] == .string("ann") })
            #expect(waiting.first?["words"]?.string?.contains("503") == true)
            #expect(try await site.advised("simulate", "--outage", "eve:3h").ending == .exited(1))
            #expect(try await site.advised("simulate", "--outage", "ann").ending == .exited(64))
            #expect(receiver.connectionCount == 0)
            #expect(!FileManager.default.fileExists(atPath: site.state + "/advised.db"))
        }
    }

    @Test("a dead endpoint is suspended: nothing is given up, and only the oldest point is ever tried")
    func dead() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "http://127.0.0.1:9/"))
            let done = try await site.advised("simulate", "--outage", "ann:6d", "--json")
            let words = try done.json.elements.map {
                ($0["event"]?.string ?? "") + " " + ($0["point"]?.string ?? "")
            }
            #expect(!words.contains { $0.hasPrefix("exhausted") })
            #expect(Set(words.filter { $0.hasPrefix("waiting") }) == ["waiting use-the-time"])
        }
    }

    @Test("`plan --ics` is a calendar that PyPI's icalendar takes, with no title of what is to come")
    func calendar() async throws {
        try await OperatorTests.place(isRunning: false) { place in
            let ics = try await place.site.advised("plan", "--ics")
            #expect(ics.ending == .exited(0))
            let path = try place.site.write(ics.output, to: "plan.ics")
            let judge = """
                import icalendar, sys
                calendar = icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read())
                events = calendar.walk('VEVENT')
                assert len({str(e['UID']) for e in events}) == 3
                assert all(e['DTSTART'].dt.utcoffset().total_seconds() == 0 for e in events)
                assert not any('RRULE' in e for e in events)
                print('; '.join(str(e['SUMMARY']) for e in events))
                """
            let judged = try await place.site.finished(
                place.site.start([Tools.python(), "-c", judge, path], named: "icalendar"),
                within: .seconds(30))
            #expect(
                judged.output == "One a day, 1 of 3: Point 1; One a day, 2 of 3; One a day, 3 of 3\n",
                "\(judged.errors)")
        }
    }

    /// Whether the second line's day is the one after the first's.
    fileprivate static func follows(_ first: JSON, _ second: JSON) -> Bool {
        func day(_ line: JSON) -> Date? {
            line["day"]?.string.flatMap { try? Date($0 + "T00:00:00Z", strategy: .iso8601) }
        }
        guard let one = day(first), let two = day(second) else { return false }
        return two.timeIntervalSince(one) == 86_400
    }
}

extension AloneTests {
    @Test("a year of a plan with every feature prints in under 100 ms, and each odd day says why")
    func year() async throws {
        try await Site.with { site in
            var settings = Settings(
                ["Europe/Berlin", "America/Nuuk", "Australia/Lord_Howe", "Africa/Cairo"].enumerated().map {
                    .init(id: "s\($0)", url: "http://127.0.0.1:9/", more: ["zone: \($1)"])
                })
            settings.wall = WallTime()
            settings.start = settings.wall.day(-5)
            settings.at = "02:30"
            settings.series = [
                "fallback_zone: Europe/Berlin", "days: [mon, tue, wed, thu, fri]", "at_end: loop",
                "spread: 10m",
                "blackout: [\(settings.wall.day(20)), \(settings.wall.day(40))..\(settings.wall.day(44))]",
                "window: 01:00-21:00", "join: latest",
            ]
            settings.points = (1...60).map { "p\($0)" }
            try site.write(settings)
            try site.write(
                settings.yaml.replacing("zone: \(settings.wall.zone)", with: "zone: subscriber"),
                to: "advised.yaml")
            for words in [
                ["start", "daily"], ["pause", "daily", "--until", settings.wall.day(9)],
                ["skip", "p7"],
            ] {
                let done = try await site.advised(words)
                #expect(done.ending == .exited(0), "\(done.errors)")
            }
            var best = Duration.seconds(60)
            var lines: [JSON] = []
            for _ in 0..<5 {
                let began = ContinuousClock.now
                let plan = try await site.advised("plan", "--json", "--count", "65")
                best = min(best, ContinuousClock.now - began)
                #expect(plan.ending == .exited(0), "\(plan.errors)")
                lines = try plan.json.elements
            }
            #expect(lines.count == 260)
            #expect(best < .milliseconds(100), "\(best)")
            // A line whose day does not follow the one before it, or whose time is not 02:30, says why.
            var last: [String: JSON] = [:]
            for line in lines {
                let cohort = line["cohort"]?.string ?? ""
                let isPlanned = line["state"] == .string("planned")
                let isOdd =
                    !isPlanned || line["local"]?.string?.contains("T02:30") == false
                    || last[cohort].map { !SimulateTests.follows($0, line) } ?? true
                if isOdd { #expect(line["why"]?.string?.isEmpty == false, "\(line)") }
                // What is cancelled takes no day.
                if isPlanned { last[cohort] = line }
            }
            #expect(lines.contains { $0["state"] == .string("cancelled") })
            #expect(lines.contains { $0["why"]?.string?.contains("not in days") == true })
            #expect(lines.contains { $0["why"]?.string?.contains("blackout") == true })
            #expect(lines.contains { $0["why"]?.string?.contains("paused") == true })
        }
    }
}
