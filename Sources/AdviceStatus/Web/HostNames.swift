import AdviceCore

/// The names that a server answers to. A page elsewhere that makes a browser's own resolver lead its name
/// here (DNS rebinding) reads nothing: its name is none of these.
public struct HostNames: Sendable {
    private let names: Set<String>

    /// `machine` is this host's name, `given` those of the settings, in lower case.
    public init(machine: String?, given: [String]) {
        var names: Set<String> = ["localhost"]
        names.formUnion(given.map { $0.lowercased() })
        if let machine = machine?.lowercased(), !machine.isEmpty { names.insert(machine) }
        self.names = names
    }

    /// Whether a Host header names one of them, or an address literal, with any port.
    public func contains(header: String) -> Bool {
        let host = header.lowercased()
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return false }
            let rest = host[host.index(after: end)...]
            guard case .v6 = IPAddress(String(host[..<end].dropFirst())) else { return false }
            return rest.isEmpty || HostNames.isPort(rest)
        }
        let name = host.prefix { $0 != ":" }
        let rest = host[name.endIndex...]
        guard rest.isEmpty || HostNames.isPort(rest) else { return false }
        // A dot at the end only says that the name is complete.
        let plain = name.hasSuffix(".") ? name.dropLast() : name
        if names.contains(String(plain)) { return true }
        if case .v4 = IPAddress(String(plain)) { return true }
        return false
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && text.dropFirst().utf8.count <= 5
            && text.dropFirst().utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
