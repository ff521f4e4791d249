/// What may stand in a row, and what is said of what may not.
enum RowKeys {
    /// Keys whose value is a list: joined by spaces in CSV.
    static let lists: Set<String> = ["series", "secret"]
    /// Keys whose value is a truth in JSON.
    static let flags: Set<String> = ["paused"]

    /// Keys whose value may be given by name elsewhere.
    static let secrets: Set<String> = ["url", "secret"]

    private static let reason = "a row is data from elsewhere and trusted less than the settings"
    static let namesNothing =
        "a row names no file, credential or variable of this machine: it is data from elsewhere and trusted "
        + "less than the settings"

    /// What is wrong with a key, and the known one that was most likely meant; nil where it is known.
    static func mistake(in key: String) -> (message: String, meant: String?)? {
        if Keys.row.contains(key) { return nil }
        let known = Keys.row.joined(separator: ", ")
        if Keys.subscriber.contains(key) {
            return ("'\(key)' may not stand in a row: \(reason); a row may set \(known)", nil)
        }
        if let near = nearest(to: key, among: Keys.row) {
            return ("unknown key \(quoted(key)); did you mean '\(near)'?", near)
        }
        return ("unknown key \(quoted(key)); a row may set \(known)", nil)
    }
}
