import AdviceCore

extension Configuration {
    /// What the files ask for and this version does not do yet: said at start and by `check`, never passed
    /// over in silence.
    public var notYetBuilt: [String] {
        var notices: [String] = []
        func note(_ condition: Bool, _ what: String) {
            if condition { notices.append("not built yet in this version, and without effect: \(what)") }
        }
        let formats = Set(subscribers.map(\.format)).subtracting([.standard])
        note(
            !formats.isEmpty,
            "formats other than standard: \(formats.map(\.rawValue).sorted().joined(separator: ", "))")
        note(subscribers.contains { $0.options.alsoSign?.isEmpty == false }, "also_sign")
        note(
            subscribers.contains { $0.options.confirm == true && !$0.isChallenged },
            "confirm: challenge in formats other than standard")
        return notices
    }
}
