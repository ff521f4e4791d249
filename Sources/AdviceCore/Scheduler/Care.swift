/// The care that is taken where a delivery may be what kills the daemon: without it that one would be sent
/// first in each life, and nobody behind it ever.
///
/// After `Limits.startsInVain` starts that came to nothing, attempts are written down before they are made,
/// 32 at a time. If it dies then, those are made one by one in its next life, and one that is alone on the
/// list of a life that ended has failed: `crashed`. Care ends when nothing is left to do, or after as many as
/// may have been on the wire when it died.
struct Care: Sendable {
    private(set) var isTaken = false
    private var suspects: Set<DeliveryKey> = []
    private var culprit: DeliveryKey?
    /// How many more are watched, where none is suspected.
    private var left = Limits.carefulAttempts
    /// Written down, and without an outcome.
    private var attempted: Set<DeliveryKey> = []

    /// How many attempts may be on the wire at once; nil where that is not care's to say.
    var width: Int? {
        guard isTaken else { return nil }
        return suspects.isEmpty ? Limits.carefulGroup : 1
    }

    /// - Returns: whether care is taken from now on.
    mutating func start(_ life: Life) -> Bool {
        isTaken = life.starts > Limits.startsInVain || !life.attempted.isEmpty
        if life.attempted.count == 1 {
            culprit = life.attempted[0]
        } else {
            suspects = Set(life.attempted)
        }
        return isTaken
    }

    /// Whether the daemon died in the last attempt of this delivery, which has not been recorded yet.
    mutating func takeCulprit(_ key: DeliveryKey) -> Bool {
        guard culprit == key else { return false }
        culprit = nil
        return true
    }

    /// All that is to stand on the list before these are sent.
    mutating func list(_ attempts: [Attempt]) -> [DeliveryKey] {
        attempted.formUnion(attempts.map(\.delivery.key))
        return attempted.sorted { ($0.subject, $0.subscriber) < ($1.subject, $1.subscriber) }
    }

    /// It is to be recorded, tried or not, and the daemon has not died of it: the store strikes it off too.
    mutating func survived(_ key: DeliveryKey) {
        attempted.remove(key)
        suspects.remove(key)
        if culprit == key { culprit = nil }
        guard isTaken else { return }
        left -= 1
        if left <= 0, suspects.isEmpty { rest() }
    }

    /// Nothing is left to do.
    mutating func rest() {
        isTaken = false
        suspects = []
        culprit = nil
    }
}
