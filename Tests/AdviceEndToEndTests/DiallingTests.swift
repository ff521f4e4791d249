import Testing

/// What is dialled, seen on the wire of a network of its own: no URL and no name server gets us to send so
/// much as a packet to an address that is denied.
@Suite(.timeLimit(.minutes(3)))
struct DiallingTests {
    @Test("hostile URLs are refused as the configuration is read, each by its line")
    func refused() async throws {
        try await Site.with { site in
            let island = try await site.island()
            try site.write(settings(HostileURL.refused))
            let run = try await site.advised("run", "--once")
            #expect(run.ending == .exited(78))
            let lines = run.errors.split(separator: "\n").filter { $0.contains("subscribers.yaml:") }
            #expect(lines.count == HostileURL.refused.count)
            for (place, row) in HostileURL.refused.enumerated() {
                guard case .refused(let words) = row.fate else { continue }
                // An entry has three lines, of which the second is the URL's.
                let line = lines.first { $0.contains("subscribers.yaml:\(place * 3 + 2):8: error: 'url'") }
                #expect(
                    line?.contains(words) == true || words.isEmpty && line != nil, "\(row): \(line ?? "")")
            }
            #expect(try island.dials == [])
        }
    }

    @Test("no denied address is dialled, however it is written and whoever says it is a name's")
    func blocked() async throws {
        try await Site.with { site in
            let island = try await site.island(own: HostileURL.own)
            let rows = HostileURL.blocked + HostileURL.delivered + HostileURL.waiting
            try site.write(settings(rows))
            let run = try await site.advised("run", "--once", within: .seconds(60))
            #expect(run.ending == .exited(1), "\(run.errors.suffix(2000))")
            let log = try await entries(of: site)
            for (place, row) in rows.enumerated() { try check(row, log["h\(place)"]) }
            // What is asked for and nothing else: a public address that refuses has its dial too.
            let public4 = "45.33.9"
            let allowed = Set(HostileURL.delivered.map(\.arrival))
            for dial in try island.dials {
                let isAsked = dial.to.hasPrefix(public4) || allowed.contains(dial.to)
                #expect(isAsked, "\(dial.to):\(dial.port) was dialled")
            }
            let arrived = try Set(island.receiver.requests.map(\.host))
            for row in HostileURL.delivered { #expect(arrived.contains(row.arrival), "\(row)") }
            #expect(try island.receiver.requestCount == Set(island.receiver.requests.map(\.id)).count)
        }
    }

    private func check(_ row: HostileURL, _ entry: JSON?) throws {
        let entry = try #require(entry, "\(row) has no delivery")
        let error = entry["error"]?.string ?? ""
        switch row.fate {
        case .refused: Issue.record("\(row) does not load")
        case .blocked(let words, _, _):
            #expect(entry["state"] == .string("exhausted") && entry["attempts"] == .number(1), "\(row)")
            #expect(error.hasPrefix("address "), "\(row): \(error)")
            #expect(error.hasSuffix(" is \(words); add it to allow_networks"), "\(row): \(error)")
            #expect(entry["attempt_log"]?[0]?["address"] == .null, "\(row)")
        case .delivered:
            #expect(entry["state"] == .string("delivered"), "\(row): \(error)")
        case .waits(let words):
            #expect(entry["state"] == .string("waiting") && entry["attempts"] == .number(1), "\(row)")
            #expect(error.contains(words), "\(row): \(error)")
        }
    }

    @Test("the same URLs arrive where the address is opened: the wire shows what is dialled")
    func opened() async throws {
        try await Site.with { site in
            let island = try await site.island(own: HostileURL.own)
            let rows = HostileURL.blocked
            var settings = settings(rows)
            let blocks = Set(rows.compactMap(\.opening)).sorted()
            settings.allowNetworks = blocks.map { "\"\($0)\"" }.joined(separator: ", ")
            try site.write(settings)
            let run = try await site.advised("run", "--once", within: .seconds(60))
            #expect(run.ending == .exited(1), "\(run.errors.suffix(2000))")
            let log = try await entries(of: site)
            let dials = try Set(island.dials.map(\.to))
            for (place, row) in rows.enumerated() {
                let error = log["h\(place)"]?["error"]?.string ?? ""
                #expect(!error.contains("allow_networks"), "\(row): \(error)")
                guard case .blocked(_, _, let dialled?) = row.fate else { continue }
                #expect(dials.contains(dialled), "\(row)")
                // Whoever answers over TLS here has no certificate.
                guard !row.url.hasPrefix("https:") else { continue }
                #expect(log["h\(place)"]?["state"] == .string("delivered"), "\(row): \(error)")
            }
        }
    }

    @Test("a name that has become private is not dialled at the next attempt")
    func rebound() async throws {
        try await Site.with { site in
            let island = try await site.island()
            let names = ["v4-45-33-99-1.then.v4-10-0-0-1", "v6-2606x4700xx1.then.v6-xxffffx10-0-0-1"]
            var settings = Settings(
                names.enumerated().map { place, name in
                    .init(id: "h\(place)", url: "http://\(name).test/x?503")
                })
            settings.allowNetworks = ""
            settings.delivery = ["retries: [1s]"]
            try site.write(settings)
            _ = try await site.daemon()
            try await site.awaitState("exhausted", of: names.count)
            let log = try await entries(of: site)
            for place in names.indices {
                let attempts = log["h\(place)"]?["attempt_log"]?.elements
                #expect(attempts?.map { $0["status"] } == [.number(503), .null], "\(names[place])")
                let error = attempts?.last?["error"]?.string
                #expect(error?.hasSuffix("is private; add it to allow_networks") == true, "\(error ?? "")")
            }
            #expect(try Set(island.dials.map(\.to)) == ["45.33.99.1", "2606:4700::1"])
        }
    }

    @Test("this host's own addresses are read anew at each release, for kept connections too")
    func becameOwn() async throws {
        try await Site.with { site in
            let island = try await site.island()
            let urls = ["45.33.99.1", "45.33.99.1", "45.33.99.2", "[2606:4700::1]", "45.33.99.3"]
            var settings = Settings(
                urls.enumerated().map { place, host in
                    .init(id: "h\(place)", url: "http://\(host)/", more: ["series: [daily, later]"])
                })
            settings.allowNetworks = ""
            let due = settings.wall.at(in: 8)
            settings.later = due.text
            try site.write(settings)
            _ = try await site.daemon()
            try await island.receiver.requests(urls.count)
            for address in ["45.33.99.1/32", "45.33.99.2/32", "2606:4700::1/128"] {
                try await site.ip("address", "add", address, "dev", "lo", on: island)
            }
            #expect(WallTime.nanosecondsNow() < due.nanoseconds, "this machine is too slow for the test")
            let dialled = try island.dials.count
            try await site.awaitState("exhausted", of: urls.count - 1)
            try await site.awaitDelivered(urls.count + 1)
            let log = try await entries(of: site)
            for place in urls.indices.dropLast() {
                let error = log["h\(place)"]?["error"]?.string
                #expect(error?.contains("is this host's own") == true, "\(urls[place]): \(error ?? "")")
            }
            #expect(try island.receiver.requests.dropFirst(urls.count).map(\.host) == ["45.33.99.3"])
            #expect(try island.dials.dropFirst(dialled).map(\.to) == ["45.33.99.3"])
        }
    }

    // MARK: What they share

    private func settings(_ rows: [HostileURL]) -> Settings {
        var settings = Settings(
            rows.enumerated().map { place, row in .init(id: "h\(place)", url: row.yaml) })
        settings.allowNetworks = ""
        return settings
    }

    /// The newest delivery of each subscriber.
    private func entries(of site: Site) async throws -> [String: JSON] {
        let log = try await site.advised("log", "--json", "--limit", "1000").json.elements
        return Dictionary(log.map { ($0["subscriber"]?.string ?? "", $0) }) { newest, _ in newest }
    }
}

extension HostileURL {
    /// Where it is to arrive, as the wire has it.
    fileprivate var arrival: String { if case .delivered(let address) = fate { address } else { "" } }

    fileprivate var opening: String? { if case .blocked(_, let block, _) = fate { block } else { nil } }

    /// In double quotes, with what YAML would not take as it is escaped.
    fileprivate var yaml: String {
        let parts = url.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case "\u{20}"..."\u{7e}", "\u{a0}"...: String(scalar)
            default: "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            }
        }
        return "\"\(parts.joined())\""
    }
}
