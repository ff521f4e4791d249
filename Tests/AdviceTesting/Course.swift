import AdviceCore

/// A course of events, drawn from a seed: the series, the people, what goes wrong, and what operators do
/// meanwhile. Then everything heals, and all must settle.
///
/// Swarm: in each course most kinds of happenings are absent, so that rare meetings of two are not drowned by
/// a third.
public struct Course: Sendable {
    public private(set) var world: World
    /// In words, for a person who replays the seed.
    public private(set) var story: [String] = []
    private var random: SplitMix64
    private let days: Int
    private let tellsStory: Bool
    private var kinds: Set<Kind> = []
    /// Points that somebody took out of their turn, or whose text or place was edited.
    private var odd: Set<String> = []
    private var isReordered = false
    private var points = 0
    private var people = 0

    private enum Kind: CaseIterable {
        case steps, leaps, suspends, crashes, people, moves, times, edits, operators, corrections,
            deadEndpoints
        case reloads
    }

    /// It goes on for `days` before it heals.
    public init(seed: UInt64, days: Int = 60, bug: PlantedBug? = nil, tellsStory: Bool = false) {
        var random = SplitMix64(seed: seed &* 0x9e37 &+ 7)
        self.days = days
        let era = Course.eras[Int.random(in: 0..<Course.eras.count, using: &random)]
        let start = era.start
        let series = Course.drawSeries("s", start, era.zones, &random)
        var all = [series]
        if Int.random(in: 0..<6, using: &random) == 0 {
            all.append(Course.drawSeries("t", start + 3, era.zones, &random))
        }
        people = Int.random(in: 1...5, using: &random)
        let roster = (1...people).map { Course.drawPerson($0, era.zones, start, &random) }
        world = World(
            seed: seed, wall: Instant(seconds: Int64(start.day * 86_400)) - .days(2), series: all,
            roster: roster)
        points = series.points.count
        world.plant(bug)
        for kind in Kind.allCases where Int.random(in: 0..<3, using: &random) == 0 { kinds.insert(kind) }
        self.random = random
        zones = era.zones
        self.tellsStory = tellsStory
        drawFaults()
        // Of a generator of its own: seeds that are kept are to stay what they were.
        var store = SplitMix64(seed: seed ^ 0x73_746f_7265)
        if Int.random(in: 1...4, using: &store) == 1 {
            world.faults.repeatedCommit = Int.random(in: 5...60, using: &store)
        }
        if Int.random(in: 1...4, using: &store) == 1 {
            world.faults.lostLease = Int.random(in: 3...40, using: &store)
        }
        if Int.random(in: 1...6, using: &store) == 1 {
            world.faults.olderStore = Int.random(in: 2...6, using: &store)
        }
    }

    private let zones: [String]

    /// Years with their gaps: of a day (Apia, Kwajalein), of half an hour, at midnight.
    private static let eras: [(start: CivilDate, zones: [String])] = [
        (day("2026-03-20"), ["Europe/Berlin", "America/New_York", "America/Nuuk", "Africa/Cairo"]),
        (day("2026-10-20"), ["Europe/Berlin", "America/New_York", "Pacific/Auckland", "UTC"]),
        (day("2026-09-20"), ["Australia/Lord_Howe", "Pacific/Auckland", "America/Los_Angeles"]),
        (day("2011-12-20"), ["Pacific/Apia", "Pacific/Kiritimati", "America/New_York"]),
        (day("1993-08-10"), ["Pacific/Kwajalein", "Asia/Tokyo", "Europe/Berlin"]),
    ]

    // MARK: Drawing

    private static func drawSeries(
        _ id: String, _ start: CivilDate, _ zones: [String], _ random: inout SplitMix64
    ) -> Series {
        func oneIn(_ count: Int) -> Bool { Int.random(in: 1...count, using: &random) == 1 }
        let zone = zones[Int.random(in: 0..<zones.count, using: &random)]
        return Series.sample(
            id, points: Int.random(in: 1...40, using: &random), start: start, at: time(&random),
            zone: oneIn(2) ? .subscriber(fallback: zone) : .named(zone)
        ) { series in
            series.catchUp = CatchUp.allCases[Int.random(in: 0..<3, using: &random)]
            if oneIn(3) { series.days = [.mon, .tue, .wed, .thu, .fri] }
            if oneIn(3) { series.blackout = [(start + 5)...(start + 8)] }
            if oneIn(3), series.points.count > 4 { series.pin("p3", to: start + 11) }
            if oneIn(4) { series.window = DailyWindow(from: timeOfDay("07:00"), to: timeOfDay("21:00")) }
            if oneIn(4) { series.atEnd = .loop }
            if oneIn(6) { series.spread = .minutes(Int64.random(in: 1...30, using: &random)) }
            if oneIn(8) { series.shadow = true }
            if oneIn(2) { series.join = JoinPolicy.allCases[Int.random(in: 0..<4, using: &random)] }
        }
    }

    private static func drawPerson(
        _ number: Int, _ zones: [String], _ start: CivilDate, _ random: inout SplitMix64
    ) -> ToySubscriber {
        func oneIn(_ count: Int) -> Bool { Int.random(in: 1...count, using: &random) == 1 }
        var person = ToySubscriber(
            "s\(number)", zone: oneIn(2) ? zones[number % zones.count] : nil,
            at: oneIn(3) ? time(&random) : nil, limitKey: oneIn(2) ? "shared:443" : nil)
        if oneIn(4) { person.joined = start + Int.random(in: -3...9, using: &random) }
        return person
    }

    private static let times = ["00:00", "02:15", "02:30", "09:00", "20:00", "23:30"].map(timeOfDay)

    private static func time(_ random: inout SplitMix64) -> TimeOfDay {
        times[Int.random(in: 0..<times.count, using: &random)]
    }

    private mutating func drawFaults() {
        let (isNarrow, isShy) = (oneIn(3), oneIn(3))
        world.concurrency = isNarrow ? 2 : 16
        world.perHost = isShy ? 1 : 4
        var faults = World.Faults()
        if oneIn(2) { faults.crash = Int.random(in: 20...400, using: &random) }
        if oneIn(3) { faults.lostAnswer = Int.random(in: 2...20, using: &random) }
        if oneIn(3) { faults.refusal = Int.random(in: 2...10, using: &random) }
        if oneIn(3) { faults.slowAnswer = Int.random(in: 2...10, using: &random) }
        if oneIn(4) { faults.slowWrite = Int.random(in: 3...30, using: &random) }
        if oneIn(4) { faults.refusedCommit = Int.random(in: 30...200, using: &random) }
        if oneIn(3) { faults.longestDowntime = .hours(Int64.random(in: 1...60, using: &random)) }
        world.faults = faults
        if oneIn(5) {
            world.receiver = { attempt, _ in
                World.Reply(attempt.delivery.subscriberID == "s1" ? .gone : .delivered)
            }
        }
        let syncs: [ClockSync] = [.synchronized, .synchronized, .unsynchronized, .unknown]
        let sync = syncs[Int.random(in: 0..<4, using: &random)]
        world.sync = sync
    }

    // MARK: The course

    public mutating func run() {
        world.start()
        for _ in 0..<days {
            let (before, after) = (
                Int64.random(in: 1...1440, using: &random), Int64.random(in: 1...720, using: &random)
            )
            world.run(for: .minutes(before))
            happen()
            world.run(for: .minutes(after))
        }
        let series = world.series
        heal()
        // What never went out in any cycle is taken out of the files, so that the series end.
        for (before, after) in zip(series, world.series) {
            let kept = Set(after.points.map(\.id))
            odd.formUnion(before.points.map(\.id).filter { !kept.contains($0) })
        }
        world.checkSettled()
        for one in series where !isReordered && !one.shadow {
            world.checkOrder(one, except: odd)
            if one.atEnd == .stop, one.join != .fromStart { world.checkNothingSkipped(one, except: odd) }
        }
    }

    private mutating func happen() {
        if kinds.contains(.steps), oneIn(8) { step(atMost: 3 * 3600) }
        if kinds.contains(.leaps), oneIn(20) { step(atMost: 4 * 86_400) }
        if kinds.contains(.suspends), oneIn(8) { suspend() }
        if kinds.contains(.crashes), oneIn(12), world.isUp {
            tell("crash")
            let downtime = Span.hours(Int64.random(in: 0...90, using: &random))
            world.crash(for: downtime)
        }
        if kinds.contains(.people), oneIn(8) { changePeople() }
        if kinds.contains(.moves), oneIn(8) { move() }
        if kinds.contains(.times), oneIn(15) {
            let time = Course.time(&random)
            world.series[0].at = time
            tell("at \(time)")
            world.reload()
        }
        if kinds.contains(.edits), oneIn(8) { edit() }
        if kinds.contains(.operators), oneIn(6) { operate() }
        if kinds.contains(.corrections), oneIn(8) { correct() }
        if kinds.contains(.deadEndpoints), oneIn(10) { dieOrRise() }
        if kinds.contains(.reloads), oneIn(5) { world.reload() }
    }

    /// The wall clock is set, and not always so that the kernel tells.
    private mutating func step(atMost seconds: Int64) {
        let span = Span.seconds(Int64.random(in: -seconds...seconds, using: &random))
        tell("step \(span.seconds) s")
        let isNoticed = oneIn(2)
        world.step(span, isNoticed: isNoticed)
        if oneIn(3) { world.operate(.acceptClock) }
    }

    private mutating func suspend() {
        let span = Span.minutes(Int64.random(in: 1...3000, using: &random))
        tell("suspend \(span.seconds) s")
        world.suspend(for: span)
    }

    private mutating func changePeople() {
        if oneIn(2) || world.roster.count < 2 {
            people += 1
            let start = world.series[0].start
            let person = Course.drawPerson(people, zones, start, &random)
            world.roster.append(person)
            tell("+ \(person.id)")
        } else {
            let place = Int.random(in: 0..<world.roster.count, using: &random)
            let gone = world.roster.remove(at: place)
            tell("- \(gone.id)")
            if oneIn(2) { world.reload(); world.roster.append(gone) }
        }
        world.reload()
    }

    private mutating func move() {
        let place = Int.random(in: 0..<world.roster.count, using: &random)
        let zone = zones[Int.random(in: 0..<zones.count, using: &random)]
        let time = Course.time(&random)
        world.roster[place].zone = zone
        if oneIn(2) { world.roster[place].at = time }
        let id = world.roster[place].id
        tell("\(id) moves to \(zone)")
        world.reload()
    }

    /// Somebody edits the points.
    private mutating func edit() {
        var ids = world.series[0].points.map(\.id)
        points += 1
        let fresh = "p\(points)"
        switch Int.random(in: 0..<4, using: &random) {
        case 0: ids.append(fresh)
        case 1:
            ids.insert(fresh, at: Int.random(in: 0...ids.count, using: &random))
            isReordered = true
        case 2 where ids.count > 1:
            ids.remove(at: Int.random(in: 0..<ids.count, using: &random))
            isReordered = true
        default:
            let place = Int.random(in: 0..<ids.count, using: &random)
            ids[place] = fresh
            isReordered = true
        }
        tell("points \(ids.joined(separator: " "))")
        let bodies = Dictionary(
            world.series[0].points.map { ($0.id, $0.body) }, uniquingKeysWith: { first, _ in first })
        world.series[0].reorder(ids)
        for place in world.series[0].points.indices {
            let id = world.series[0].points[place].id
            if let body = bodies[id] { world.series[0].points[place].body = body }
        }
        world.reload()
    }

    private mutating func operate() {
        let series = world.series[Int.random(in: 0..<world.series.count, using: &random)]
        let point = series.points[Int.random(in: 0..<series.points.count, using: &random)].id
        let person = world.roster[Int.random(in: 0..<world.roster.count, using: &random)].id
        let today = TestZones.rules(series.zone.name).local(of: world.clock.wall).date
        let until = oneIn(2) ? nil : today + Int.random(in: 1...5, using: &random)
        let commands: [OperatorCommand] = [
            .start(series: series.id, on: nil, after: nil), .pause(series: series.id, until: until),
            .resume(series: series.id, withMissed: oneIn(2)), .resume(series: series.id, withMissed: false),
            .skip(series: series.id, point: point), .unskip(series: series.id, point: point),
            .releaseNow(series: series.id, point: point), .pauseSubscriber(person, until: until),
            .resumeSubscriber(person, withMissed: oneIn(2)), .acceptClock,
        ]
        let command = commands[Int.random(in: 0..<commands.count, using: &random)]
        switch command {
        case .skip, .unskip, .releaseNow: odd.insert(point)
        default: break
        }
        tell("\(command)")
        world.operate(command)
    }

    private mutating func correct() {
        let place = Int.random(in: 0..<world.series[0].points.count, using: &random)
        let point = world.series[0].points[place].id
        if oneIn(4) {
            odd.insert(point)
            tell("withdraw \(point)")
            world.operate(.withdraw(series: "s", point: point))
        } else {
            world.series[0].points[place].body += " Better."
            world.reload()
            world.run(for: .seconds(1))
            tell("revise \(point)")
            world.operate(.revise(series: "s", point: point))
        }
    }

    private mutating func dieOrRise() {
        let dead = oneIn(2) ? nil : "s\(Int.random(in: 1...people, using: &random))"
        tell("dead: \(dead ?? "nobody")")
        world.receiver = { attempt, _ in
            World.Reply(attempt.delivery.subscriberID == dead ? .retry : .delivered)
        }
    }

    /// Everything is mended; within the age at which deliveries expire all must settle.
    private mutating func heal() {
        tell("heals")
        world.faults = World.Faults()
        world.receiver = { _, _ in World.Reply(.delivered) }
        world.sync = .synchronized
        if !world.isUp { world.run(for: .hours(100)) }
        world.run(for: .minutes(1))
        for series in world.series { world.operate(.resume(series: series.id, withMissed: false)) }
        world.run(for: .days(12))
        // No further release: those of today may still be on their way.
        for place in world.series.indices {
            let id = world.series[place].id
            world.series[place].atEnd = .stop
            world.series[place].points.removeAll { point in
                !world.store.releases.contains { $0.info.series == id && $0.point == point.id }
            }
        }
        world.reload()
        world.run(for: .days(12))
        // A cohort that is behind may be at today's release just now.
        for _ in 0..<48 where world.store.unsettled > 0 { world.run(for: .hours(1)) }
    }

    private mutating func tell(_ words: @autoclosure () -> String) {
        if tellsStory { story.append("\(world.clock.wall) \(words())") }
    }

    private mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 1...count, using: &random) == 1 }
}
