public import AdviceCore

extension Series {
    /// A series `s` of points `p1`, `p2`, ... at 09:00 in New York from 2026-07-01 on, unless said otherwise.
    public static func sample(
        _ id: String = "s", points count: Int = 15, start: CivilDate = day("2026-07-01"),
        at: TimeOfDay = .nine,
        zone: SeriesZone = .named("America/New_York"), change: (inout Series) -> Void = { _ in }
    ) -> Series {
        var series = Series(
            id: id, title: "Series \(id)", start: start, at: at, zone: zone,
            points: Point.samples((1...max(1, count)).map { "p\($0)" }))
        if count == 0 { series.points = [] }
        change(&series)
        return series
    }

    /// Pins the point `id` to `date`.
    public mutating func pin(_ id: String, to date: CivilDate) {
        for place in points.indices where points[place].id == id { points[place].date = date }
    }

    /// The points in this order, numbered anew.
    public mutating func reorder(_ ids: [String]) {
        let known = points
        points = Point.samples(ids).map { point in
            var point = point
            point.date = known.first { $0.id == point.id }?.date
            return point
        }
    }
}

extension Point {
    public static func sample(_ id: String, number: Int = 1, date: CivilDate? = nil) -> Point {
        Point(id: id, number: number, title: "Point \(id)", body: "Do \(id).", date: date)
    }

    public static func samples(_ ids: [String]) -> [Point] {
        ids.enumerated().map { Point.sample($1, number: $0 + 1) }
    }
}

extension LedgerRow {
    /// A row that was released on time.
    public static func sample(
        _ point: String, _ sequence: Int, on date: CivilDate, in calendar: SlotCalendar,
        kind: LedgerRow.Kind = .released, cut: Int64? = nil
    ) -> LedgerRow {
        let instant = calendar.slot(on: date)?.instant ?? Instant(seconds: 0)
        return LedgerRow(
            point: point, sequence: sequence, slotDate: date, kind: kind, scheduledFor: instant,
            releasedAt: instant, cut: cut)
    }
}

extension ClaimedDelivery {
    /// A delivery of point `p1` to `subscriber`, due at `due`.
    public static func sample(
        _ subscriber: String = "ann", number: Int64 = 1, subject: Int64 = 1, batch: Int64? = nil,
        attempts: Int = 0, due: Instant = moment("2026-07-01T13:00:00Z"),
        limitKey: String = "ann.example.com:443", format: Format = .standard,
        goneAt: Instant? = nil, standing: Standing = .active
    ) -> ClaimedDelivery {
        ClaimedDelivery(
            key: DeliveryKey(subject: subject, subscriber: number), batch: batch,
            release: ReleaseInfo(
                number: subject, type: "advice.point.released", series: "s", edition: "2026-07-01",
                subject: "p\(subject)", pointNumber: Int(subject), releasedAt: due, scheduledFor: due),
            subscriberID: subscriber, attempts: attempts, due: due, goneAt: goneAt, standing: standing,
            endpoint: Endpoint(
                url: .inline("https://\(subscriber).example.com/"), secrets: [], format: format,
                limitKey: limitKey, sharesHost: false, options: Subscriber.Options()))
    }
}
