/// Metrics in Prometheus' text format, version 0.0.4.
struct MetricsText {
    enum Kind: String { case counter, gauge, histogram }

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    private(set) var text = ""

    struct Sample {
        var labels: [(String, String)]
        var value: Int

        init(_ labels: [(String, String)], _ value: Int) {
            self.labels = labels
            self.value = value
        }
    }

    /// One metric, with a sample for each set of labels.
    mutating func add(
        _ name: String, _ kind: Kind, _ help: String,
        _ samples: [Sample]
    ) {
        begin(name, kind, help)
        for sample in samples { line(name, sample.labels, Double(sample.value)) }
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        begin(name, kind, help)
        line(name, [], value)
    }

    mutating func add(_ name: String, _ help: String, _ lateness: Counters.Lateness) {
        begin(name, .histogram, help)
        var count = 0
        for (place, bound) in Counters.Lateness.bounds.enumerated() {
            count += lateness.counts[place]
            line(name + "_bucket", [("le", MetricsText.number(bound))], Double(count))
        }
        line(name + "_bucket", [("le", "+Inf")], Double(lateness.count))
        line(name + "_sum", [], lateness.sum)
        line(name + "_count", [], Double(lateness.count))
    }

    private mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let inner = labels.map { "\($0.0)=\"\(MetricsText.escaped($0.1))\"" }.joined(separator: ",")
        text += name + (inner.isEmpty ? "" : "{\(inner)}") + " \(MetricsText.number(value))\n"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
