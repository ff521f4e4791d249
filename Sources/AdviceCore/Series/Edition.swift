/// One run of a series from its beginning: webhook-ids and the ledger's keys are unique within it.
///
/// Written `2026-07-01`; from the second cycle of a loop `2026-07-01.2`; for a rehearsal `2026-07-01.shadow`.
public struct Edition: Hashable, Sendable, CustomStringConvertible {
    public var start: CivilDate
    /// From 1.
    public var cycle: Int
    public var shadow: Bool

    public init(start: CivilDate, cycle: Int = 1, shadow: Bool = false) {
        self.start = start
        self.cycle = cycle
        self.shadow = shadow
    }

    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, let start = CivilDate(String(first)) else { return nil }
        self.init(start: start)
        for part in parts.dropFirst() {
            if part == "shadow" {
                shadow = true
            } else if let cycle = Int(part), cycle > 1 {
                self.cycle = cycle
            } else {
                return nil
            }
        }
        // One edition has one text: it is part of keys and of webhook-ids.
        guard description == text else { return nil }
    }

    public var description: String {
        "\(start)" + (cycle > 1 ? ".\(cycle)" : "") + (shadow ? ".shadow" : "")
    }
}
