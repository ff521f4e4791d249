import AdviceCore

/// An iCalendar file or feed (RFC 5545, `text/calendar; charset=utf-8`) with one event for each slot.
///
/// Each has its own explicit instant in UTC. There is never an RRULE: RFC 5545 §3.3.10 has calendar programs
/// drop a repetition whose local time does not exist on a day, where the plan still has a slot.
public func calendarText(name: String, description: String? = nil, events: [CalendarEvent]) -> [UInt8] {
    precondition(
        Set(events.map(\.uid)).count == events.count,
        "of two events with one UID a calendar program shows one")
    var lines = ContentLines()
    lines.add("BEGIN", "VCALENDAR")
    lines.add("VERSION", "2.0")
    lines.add("PRODID", text: "-//advised//advised \(Version.text)//EN")
    lines.add("CALSCALE", "GREGORIAN")
    lines.add("METHOD", "PUBLISH")
    // RFC 7986 names a calendar so, and most programs read only what came before it.
    lines.add("NAME", text: name)
    lines.add("X-WR-CALNAME", text: name)
    if let description, !description.isEmpty {
        lines.add("DESCRIPTION", text: description)
        lines.add("X-WR-CALDESC", text: description)
    }
    for event in events { lines.add(event) }
    if events.isEmpty { lines.addUTC() }
    lines.add("END", "VCALENDAR")
    return lines.bytes
}

/// How long an event is shown, for a release takes no time: one without an end is drawn by some programs as
/// an hour and by others not at all. Long enough for its line in a day's grid.
private let shownLength = Span.minutes(15)

extension ContentLines {
    fileprivate mutating func add(_ event: CalendarEvent) {
        precondition(!event.uid.isEmpty, "an event is known by its UID")
        precondition((0...Int(Int32.max)).contains(event.sequence), "a SEQUENCE is an integer of 31 bits")
        add("BEGIN", "VEVENT")
        add("UID", text: event.uid)
        add("DTSTAMP", event.stamp)
        add("DTSTART", event.start)
        // Not a DURATION, which many programs do not read.
        add("DTEND", event.start + shownLength)
        add("SEQUENCE", "\(event.sequence)")
        add("STATUS", event.isCancelled ? "CANCELLED" : "CONFIRMED")
        // Nobody is busy because of it.
        add("TRANSP", "TRANSPARENT")
        add("SUMMARY", text: event.summary)
        if let description = event.description, !description.isEmpty { add("DESCRIPTION", text: description) }
        if let url = event.url, !url.isEmpty { add("URL", uri: url) }
        let categories = event.categories.filter { !$0.isEmpty }
        if !categories.isEmpty { add("CATEGORIES", texts: categories) }
        add("END", "VEVENT")
    }

    /// A calendar holds at least one component (RFC 5545 §3.4), and validators refuse one that does not:
    /// where there is no event, the zone that the others are in.
    fileprivate mutating func addUTC() {
        add("BEGIN", "VTIMEZONE")
        add("TZID", "UTC")
        add("BEGIN", "STANDARD")
        add("DTSTART", "19700101T000000")
        add("TZOFFSETFROM", "+0000")
        add("TZOFFSETTO", "+0000")
        add("END", "STANDARD")
        add("END", "VTIMEZONE")
    }
}
