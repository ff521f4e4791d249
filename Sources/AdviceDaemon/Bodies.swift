import AdviceCore
import AdviceCourier

/// The bodies of the releases that are being sent: each is one object, whoever it goes to, so that an attempt
/// costs no copy of it.
struct Bodies {
    private var kept: [(release: Int64, format: Format, body: SharedBody)] = []
    /// Releases in flight at once are few; one that was dropped is made again from the claim.
    private static let limit = 32

    mutating func body(of attempt: Attempt) -> SharedBody? {
        let release = attempt.delivery.release.number
        let format = attempt.delivery.endpoint.format
        if let known = kept.last(where: { $0.release == release && $0.format == format }) {
            return known.body
        }
        guard let bytes = attempt.delivery.body else { return nil }
        let body = SharedBody(bytes)
        if kept.count == Bodies.limit { kept.removeFirst() }
        kept.append((release, format, body))
        return body
    }
}
