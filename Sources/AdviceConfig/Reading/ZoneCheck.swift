internal import AdviceCore

/// Why a name is not taken for a zone, in words to follow `'zone'`.
struct ZoneMistake: Error, Hashable {
    var message: String
}

extension Reading {
    /// The rules of a zone that a file names. Offsets and abbreviations are refused though files of such
    /// names may exist: they know nothing of summer time, or are not what they seem (`EST` has none).
    func zone(_ name: String) -> Result<ZoneRules, ZoneMistake> {
        if let known = zones[name] { return known }
        let result = judge(name)
        zones[name] = result
        return result
    }

    private func judge(_ name: String) -> Result<ZoneRules, ZoneMistake> {
        if name == "UTC" { return .success(environment.zone(name) ?? .utc) }
        if name.uppercased() == "UTC" { return .failure(ZoneMistake(message: "writes UTC in capitals")) }
        if let hint = ZoneHint(name) { return .failure(ZoneMistake(message: hint.message)) }
        if let rules = environment.zone(name) { return .success(rules) }
        let names = zoneNames
        let wanted = name.replacing(" ", with: "_").lowercased()
        let place = names.first { $0.lowercased().hasSuffix("/" + wanted) }
        let near = place ?? nearest(to: wanted, among: names.lazy.filter { ZoneHint($0) == nil })
        let hint = near.map { "; did you mean '\($0)'?" } ?? "; expected a name such as Europe/Berlin"
        return .failure(ZoneMistake(message: "does not know \(quoted(name))\(hint)"))
    }
}

/// What to say of a name that is an offset or an abbreviation.
private struct ZoneHint {
    var message: String

    /// nil where `name` is neither.
    init?(_ name: String) {
        if name.isEmpty {
            message = "must name a place such as Europe/Berlin"
        } else if let place = Self.places[name.uppercased()] {
            message = "must name a place, not the abbreviation \(quoted(name)): perhaps \(place)"
        } else if Self.isOffset(name) {
            message = "must name a place such as Europe/Berlin, not the offset \(quoted(name))"
        } else if name.hasPrefix("posix/") || name.hasPrefix("right/") {
            message = "must name a place such as Europe/Berlin, without \(quoted(String(name.prefix(6))))"
        } else if ["localtime", "posixrules", "Factory"].contains(name) {
            // Files of the zone folder that are no places: the machine's own zone, old defaults.
            message = "must name a place such as Europe/Berlin, or local for this machine's zone"
        } else if !name.contains("/"), name.utf8.allSatisfy(Self.isCapital), name.utf8.count <= 8 {
            message = "must name a place such as Europe/Berlin, not the abbreviation \(quoted(name))"
        } else {
            return nil
        }
    }

    private static func isCapital(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || isDigit(byte) || byte == UInt8(ascii: "-")
    }

    /// `+02:00`, `UTC+2`, `GMT-5`, `Etc/GMT+5`, `Z`.
    private static func isOffset(_ name: String) -> Bool {
        var rest = name.uppercased()[...]
        if rest == "Z" { return true }
        if rest.hasPrefix("ETC/") { rest = rest.dropFirst(4) }
        if rest.hasPrefix("UTC") || rest.hasPrefix("GMT") { rest = rest.dropFirst(3) }
        let isWhole = rest.count == name.count
        guard let sign = rest.first, sign == "+" || sign == "-" || (!isWhole && sign.isNumber) else {
            return false
        }
        return rest.utf8.dropFirst().allSatisfy { isDigit($0) || $0 == UInt8(ascii: ":") }
    }

    /// Abbreviations that people write, with the place they most likely mean.
    private static let places = [
        "EST": "America/New_York", "EDT": "America/New_York", "ET": "America/New_York",
        "EST5EDT": "America/New_York", "CST": "America/Chicago", "CDT": "America/Chicago",
        "CST6CDT": "America/Chicago", "MST": "America/Denver", "MDT": "America/Denver",
        "MST7MDT": "America/Denver", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
        "PST8PDT": "America/Los_Angeles", "HST": "Pacific/Honolulu", "GMT": "UTC or Europe/London",
        "BST": "Europe/London", "GB": "Europe/London", "IST": "Asia/Kolkata or Europe/Dublin",
        "WET": "Europe/Lisbon", "WEST": "Europe/Lisbon", "CET": "Europe/Berlin", "CEST": "Europe/Berlin",
        "MET": "Europe/Berlin", "MEZ": "Europe/Berlin", "MESZ": "Europe/Berlin", "EET": "Europe/Helsinki",
        "EEST": "Europe/Helsinki", "MSK": "Europe/Moscow", "JST": "Asia/Tokyo", "KST": "Asia/Seoul",
        "PRC": "Asia/Shanghai", "ROC": "Asia/Taipei", "ROK": "Asia/Seoul", "AEST": "Australia/Sydney",
        "AEDT": "Australia/Sydney", "ACST": "Australia/Adelaide", "AWST": "Australia/Perth",
        "NZST": "Pacific/Auckland", "NZDT": "Pacific/Auckland", "NZ": "Pacific/Auckland", "UCT": "UTC",
        "ZULU": "UTC",
    ]
}
