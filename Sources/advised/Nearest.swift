import AdviceConfig
import AdviceCore
import AdviceDaemon

/// The known name that somebody may have meant.
extension Configuration {
    /// `; did you mean 'build-trust'?` for the first of the names that the files do not have; empty where
    /// they have all, or nothing is near.
    func hint(series: String? = nil, point: String? = nil, subscriber: String? = nil) -> String {
        if let series, !self.series.contains(where: { $0.id == series }) {
            return suggestion(for: series, among: self.series.map(\.id))
        }
        let points = self.series.filter { series == nil || $0.id == series }.flatMap(\.points)
        if let point, !points.contains(where: { $0.id == point || "\($0.number)" == point }) {
            return suggestion(for: point, among: points.map(\.id))
        }
        guard let subscriber, !subscribers.contains(where: { $0.id == subscriber }) else { return "" }
        return suggestion(for: subscriber, among: subscribers.lazy.map(\.id))
    }

    func hint(_ request: ControlRequest) -> String {
        let series = request.series.flatMap { $0.isEmpty ? nil : $0 }
        return hint(series: series, point: request.point ?? request.after, subscriber: request.subscriber)
    }
}

extension Installation {
    /// As the files have it now, which is where a person reads the names.
    func hint(_ request: ControlRequest) -> String { load().configuration?.hint(request) ?? "" }

    /// The subscriber of that id; exit 1 with the nearest known one.
    func subscriber(_ id: String, in configuration: Configuration) throws -> Subscriber {
        if let found = configuration.subscribers.first(where: { $0.id == id }) { return found }
        Output.note("advised: there is no subscriber '\(id)'" + configuration.hint(subscriber: id))
        throw Exits.no
    }
}
