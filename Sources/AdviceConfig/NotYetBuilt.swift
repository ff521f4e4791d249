import AdviceCore

extension Configuration {
    /// What the files ask for and this version does not do yet: said at start and by `check`, never passed
    /// over in silence.
    public var notYetBuilt: [String] {
        var notices: [String] = []
        func note(_ condition: Bool, _ what: String) {
            if condition { notices.append("not built yet in this version, and without effect: \(what)") }
        }
        note(publicPages.address != .off, "public pages")
        return notices
    }
}
