internal import AdviceCore

/// The limits of what is read, in one place, each with its unit and its reason.
enum Limits {
    /// Bytes of the settings file: what a person can have written.
    static let settings = 1 << 20
    /// Bytes of a roster in YAML: some 300,000 entries; beyond 10,000 the other formats are faster.
    static let roster = 64 << 20
    /// Bytes of one row of a roster in CSV or JSONL: many times what its keys can hold. A row is the most of
    /// the file that is looked at at once, so a quote that is never closed costs no more.
    static let row = 64 << 10
    /// Subscribers of a roster: five times what must load.
    static let rows = 5_000_000
    /// Levels of JSON within each other, the outermost counted.
    static let jsonDepth = 32
    /// Mistakes shown of one file. What comes after is neither read nor judged: a file of another kind would
    /// give several for each of a million lines.
    static let mistakesOfAFile = 10_000
    /// Bytes of a list of points in one file: more than 365 points of ordinary length.
    static let pointList = 16 << 20
    /// Bytes of one point, title and front matter included: chat services take less than half of it.
    static let point = 64 << 10
    /// Bytes of a file that holds a secret, a key, a certificate bundle or a template.
    static let protected = 1 << 20
    /// Bytes of a template: what a person can have written, and each subscriber's entry holds it.
    static let template = 64 << 10
    /// Characters of a topic of Zulip.
    static let zulipTopic = 60
    /// Bytes of a secret once decoded (Standard Webhooks 1.0).
    static let secret = 24...64
    /// Active secrets of one subscriber: each adds a signature to every request.
    static let secrets = 8
    /// A longer wait would hold a connection open for nobody's good.
    static let timeoutSeconds: Int64 = 30
    /// Dates that the search for the next release day looks at (schedule.md R18).
    static let releaseDaySearch = 3660
    /// Days ahead for which gaps in local time are told.
    static let gapOutlook = 731
    /// The time that a release takes at one host is told where it is longer than this.
    static let quickFanOut = Span.minutes(1)
    /// Warnings of one kind that are shown one by one.
    static let warningsOfAKind = 10
}
