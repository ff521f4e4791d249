import AdviceConfig
import AdviceCore
import AdviceCourier

/// Every parser that reads what others wrote, as a fuzzer feeds it: whatever the bytes, no trap, and what
/// comes out keeps its promises. A broken promise is a trap.
public enum FuzzedParser: String, CaseIterable, Sendable {
    case settings, roster, csv, jsonl
    case frontMatter = "front-matter"
    case tzif
    case retryAfter = "retry-after"
    case httpDate = "http-date"
    case url, duration

    public func read(_ bytes: [UInt8]) {
        switch self {
        case .settings: FuzzedFiles.shared.read(bytes, as: "advised.yaml")
        case .roster: FuzzedFiles.shared.read(bytes, as: "subscribers.yaml")
        case .csv: FuzzedFiles.shared.read(bytes, as: "subscribers.csv")
        case .jsonl: FuzzedFiles.shared.read(bytes, as: "subscribers.jsonl")
        case .frontMatter: FuzzedFiles.shared.read(bytes, as: "points/01-first.md")
        case .tzif: zone(bytes)
        case .retryAfter: wait(bytes)
        case .httpDate: date(bytes)
        case .url: endpoint(bytes)
        case .duration: span(bytes)
        }
    }

    /// 2026-06-01T00:00:00Z.
    static let now = Instant(seconds: 1_780_272_000)

    private func zone(_ bytes: [UInt8]) {
        guard let rules = try? ZoneRules(tzif: bytes) else { return }
        for year: Int64 in stride(from: -280, through: 290, by: 5) {
            let instant = Instant(seconds: year * 31_556_952)
            let local = rules.local(of: instant)
            precondition(abs(local.offsetSeconds) <= 93_600, "an offset is at most 26 hours")
            let back = rules.resolve(local.date, local.time)
            if case .gap = back.kind { preconditionFailure("what a clock shows lies in no gap") }
            precondition(back.instant <= instant, "the first of two is taken")
            _ = rules.exists(local.date)
            precondition(rules.endOfDay(local.date) > instant, "a day ends after its moments")
        }
        let changes = rules.transitions(
            from: Instant(seconds: -9_223_372_036), to: Instant(seconds: 9_223_372_036))
        for (one, next) in zip(changes, changes.dropFirst()) {
            precondition(one.instant < next.instant, "changes are in order")
            precondition(one.offsetAfter == next.offsetBefore, "each goes on from the one before")
        }
    }

    private func wait(_ bytes: [UInt8]) {
        guard let wait = RetryAfter.parse(bytes: bytes, now: FuzzedParser.now) else { return }
        precondition(wait >= .zero && wait <= RetryAfter.longest, "a wait is from nothing to 24 hours")
    }

    private func date(_ bytes: [UInt8]) {
        guard let date = HTTPDate.parse(bytes: bytes, now: FuzzedParser.now) else { return }
        precondition(date.nanoseconds % 1_000_000_000 == 0, "dates are whole seconds")
        let wait = RetryAfter.parse(bytes: bytes, now: FuzzedParser.now)
        precondition(wait != nil, "what is a date is a wait")
    }

    private func endpoint(_ bytes: [UInt8]) {
        switch parseEndpointURL(String(decoding: bytes, as: UTF8.self)) {
        case .failure(let mistake):
            precondition(!mistake.message.isEmpty, "a mistake has words")
        case .success(let url):
            precondition(["http", "https"].contains(url.scheme), "no other scheme is posted to")
            precondition((1...65_535).contains(url.port) && !url.host.isEmpty)
            let isPlain = url.host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !(0x41...0x5a).contains($0) }
            precondition(isPlain, "a host is lower-case ASCII")
        }
    }

    private func span(_ bytes: [UInt8]) {
        guard let span = Span(settings: String(decoding: bytes, as: UTF8.self)) else { return }
        precondition(span >= .zero && span <= .days(10_000), "a span is at most 10,000 days")
    }
}
