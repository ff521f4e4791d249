import Testing

@testable import AdviceCore

@Suite("Network health")
struct NetworkHealthTests {
    private func health(
        dark: Int, answered: Int = 0, hosts: Int, over span: Span = .seconds(10)
    ) -> NetworkHealth {
        var health = NetworkHealth()
        let all = dark + answered
        for number in 0..<all {
            health.note(
                host: "h\(number % hosts)", isDark: number >= answered,
                at: .hours(1) + Span(nanoseconds: span.nanoseconds * Int64(number) / Int64(all)))
        }
        return health
    }

    @Test(
        "an outage takes five hosts, ten attempts within a minute, and nine in ten of them dark",
        arguments: [
            (10, 0, 5, 10, true), (10, 0, 4, 10, false), (9, 0, 9, 10, false), (18, 2, 10, 10, true),
            (17, 3, 10, 10, false), (10, 0, 5, 100, false), (100, 0, 1, 10, false),
        ])
    func outage(dark: Int, answered: Int, hosts: Int, seconds: Int64, isOut: Bool) {
        let health = health(dark: dark, answered: answered, hosts: hosts, over: .seconds(seconds))
        #expect((health.outage(at: .hours(1) + .seconds(seconds)) != nil) == isOut)
    }

    @Test("it lasts until enough is answered again, and a lull says nothing")
    func end() {
        var health = health(dark: 20, hosts: 10)
        let since = health.outage(at: .hours(1) + .seconds(10))
        #expect(since != nil)
        health.note(host: "h1", isDark: true, at: .hours(2))
        #expect(health.outage(at: .hours(2)) == since)
        for number in 0..<10 { health.note(host: "h\(number)", isDark: false, at: .hours(3)) }
        #expect(health.outage(at: .hours(3)) == nil)
    }

    @Test("after a day everything is charged again")
    func longest() {
        let health = health(dark: 20, hosts: 10)
        #expect(health.outage(at: .hours(24)) != nil)
        #expect(health.outage(at: .hours(25) + .seconds(11)) == nil)
    }
}

@Suite("Clock skew")
struct ClockSkewTests {
    private func skew(_ hosts: [Span]) -> ClockSkew {
        var skew = ClockSkew()
        for (number, span) in hosts.enumerated() {
            skew.note(host: "h\(number)", skew: span, at: .hours(1) + .seconds(Int64(number)))
        }
        return skew
    }

    @Test("ten hosts that agree that our clock is off by more than a minute are believed")
    func believed() {
        let off = skew(Array(repeating: .seconds(400), count: 10))
        #expect(off.skewedSince != nil && off.words == "400 s behind")
        #expect(skew(Array(repeating: .seconds(-61), count: 10)).words == "61 s ahead")
        #expect(skew(Array(repeating: .seconds(400), count: 9)).skewedSince == nil)
        #expect(skew(Array(repeating: .seconds(60), count: 10)).skewedSince == nil)
    }

    @Test("a few hostile dates stop nobody, however far they are off")
    func hostile() {
        let mixed = skew(
            Array(repeating: .zero, count: 30) + Array(repeating: .days(9000), count: 20))
        #expect(mixed.skewedSince == nil)
        #expect(!mixed.excuses(.days(9000), at: .hours(1)))
    }

    @Test("it excuses those who disagree with us, and for an hour")
    func excuses() {
        let off = skew(Array(repeating: .seconds(400), count: 12))
        #expect(off.excuses(.seconds(390), at: .hours(1) + .seconds(20)))
        #expect(!off.excuses(.seconds(5), at: .hours(1) + .seconds(20)))
        #expect(!off.excuses(nil, at: .hours(1) + .seconds(20)))
        #expect(!off.excuses(.seconds(390), at: .hours(2) + .seconds(20)))
    }
}

@Suite("Alerts")
struct AlertsTests {
    private let t0 = Moment(wall: Instant(seconds: 1_782_900_000), boot: .hours(5))

    private func after(_ span: Span) -> Moment { Moment(wall: t0.wall + span, boot: t0.boot + span) }

    private func alarm(_ kind: AlertKind = .exhausted, _ id: String = "ann", _ point: String = "p1") -> Alarm
    {
        Alarm(kind, subscriber: id, series: "s", point: point, words: "\(point) to \(id) was given up.")
    }

    @Test("the first goes out at once, what follows within ten minutes is counted in the next")
    func storm() {
        var alerts = Alerts()
        alerts.want(AlertKind.allCases)
        alerts.note(alarm(), at: t0)
        let first = alerts.take(at: t0)
        #expect(first.map(\.count) == [1])
        #expect(first.first?.subscribers == ["ann"] && first.first?.point == "p1")
        for number in 1...500 {
            alerts.note(alarm(.exhausted, "s\(number)", "p2"), at: after(.seconds(Int64(number))))
            #expect(alerts.take(at: after(.seconds(Int64(number)))).isEmpty)
        }
        #expect(alerts.nextLook(at: after(.seconds(500)).boot) == .seconds(100))
        let second = alerts.take(at: after(.minutes(10)))
        #expect(second.map(\.count) == [500])
        #expect(second.first?.subscribers.count == Alert.mostSubscribers)
        #expect(second.first?.text.contains("And 499 more") ?? false)
        #expect(second.first?.since == after(.seconds(1)).wall)
        #expect(alerts.take(at: after(.hours(9))).isEmpty)
    }

    @Test("kinds keep none of each other, and one that nobody wants is not told")
    func kinds() {
        var alerts = Alerts()
        alerts.want([.exhausted, .closed])
        for kind in [AlertKind.exhausted, .closed, .refused] { alerts.note(alarm(kind), at: t0) }
        #expect(alerts.take(at: t0).map(\.kind) == [.exhausted, .closed])
    }

    @Test("two alerts of one kind have names of their own")
    func names() {
        var alerts = Alerts()
        alerts.want([.clock])
        var names: Set<String> = []
        for minutes in [0, 10, 20] {
            alerts.note(alarm(.clock), at: after(.minutes(Int64(minutes))))
            for alert in alerts.take(at: after(.minutes(Int64(minutes)))) { names.insert(alert.subject) }
        }
        #expect(names.count == 3)
    }
}
