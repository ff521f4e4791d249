internal import AdviceCore

/// A host name or address literal, perhaps with a port: `hooks.slack.com`, `[::1]:8443`.
struct HostText: CustomStringConvertible {
    var host: String
    var port: Int?

    var description: String { port.map { "\(host):\($0)" } ?? host }

    init?(_ text: String) {
        var host = text[...]
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return nil }
            guard case .v6 = IPAddress(String(host[host.index(after: host.startIndex)..<end])) else {
                return nil
            }
            let rest = host[host.index(after: end)...]
            if !rest.isEmpty {
                guard rest.hasPrefix(":"), let port = Self.port(rest.dropFirst()) else { return nil }
                self.port = port
            }
            host = host[...end]
        } else {
            let parts = host.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2, Self.isName(parts[0]) else { return nil }
            if parts.count == 2 {
                guard let port = Self.port(parts[1]) else { return nil }
                self.port = port
            }
            host = parts[0]
        }
        self.host = String(host)
    }

    private static func port(_ digits: Substring) -> Int? {
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy(isDigit), let port = Int(digits),
            (1...65_535).contains(port)
        else { return nil }
        return port
    }

    private static func isName(_ text: Substring) -> Bool {
        (1...253).contains(text.utf8.count) && text.utf8.allSatisfy(isNameByte)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
            }
    }
}

/// Where a server listens: `off`, `HOST:PORT`, or `unix:PATH`.
struct ListenText {
    var address: Configuration.Listen.Address

    /// What a Unix socket's address holds on Linux, in bytes, without its NUL.
    private static let unixPathLength = 107

    init?(_ text: String) {
        if text == "off" {
            address = .off
        } else if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard (1...Self.unixPathLength).contains(path.utf8.count) else { return nil }
            address = .unix(path)
        } else {
            guard let host = HostText(text), let port = host.port else { return nil }
            address = .tcp(host: host.host, port: port)
        }
    }
}
