import AdviceConfig
import AdviceCore
import Foundation
import Testing

/// What the case with every key comes to, value for value.
@Suite("The values that the files give")
struct ValuesTests {
    private let configuration: Configuration

    init() throws {
        let (loaded, _) = try Case(name: "good-every-key").load()
        configuration = try #require(loaded.configuration)
    }

    private func subscriber(_ id: String) throws -> Subscriber {
        try #require(configuration.subscribers.first { $0.id == id })
    }

    @Test("a series")
    func series() throws {
        let series = configuration.series[0]
        #expect(configuration.series.map(\.id) == ["calm", "list"])
        #expect(series.title == "Calm")
        #expect(series.start == CivilDate("2026-07-01"))
        #expect(series.at == TimeOfDay("07:30:15"))
        #expect(series.zone == .subscriber(fallback: "Europe/Berlin"))
        #expect(series.days == [.mon, .wed, .fri])
        #expect(
            series.blackout.map { "\($0.lowerBound) \($0.upperBound)" } == [
                "2026-07-06 2026-07-06", "2026-12-24 2026-12-26",
            ])
        #expect(series.window?.description == "07:00-21:00")
        #expect(series.catchUp == .latest)
        #expect(series.join == .fromStart)
        #expect(series.atEnd == .loop)
        #expect(series.maxAge == .hours(36))
        #expect(series.spread == .minutes(30))
        #expect(series.shadow)
        #expect(series.lang == "pt-BR")
        #expect(series.notice == "General information.")
    }

    @Test("local is this machine's zone")
    func localZone() {
        #expect(configuration.series[1].zone == .named("Europe/Berlin"))
    }

    @Test("points of a folder take id and order from their files' names")
    func folder() {
        let points = configuration.series[0].points
        #expect(points.map(\.id) == ["first", "second"])
        #expect(points.map(\.number) == [1, 2])
        #expect(points[0].body == "Drink water.\n")
    }

    @Test("points of a list are ordered by their numbers")
    func list() {
        let points = configuration.series[1].points
        #expect(points.map(\.id) == ["two", "one"])
        #expect(points.map(\.number) == [1, 2])
        #expect(points[0].date == CivilDate("2026-08-01"))
        #expect(points[0].tags == ["a", "b"])
        #expect(points[0].url == "https://example.org/x")
        #expect(points[0].sources == [.init(title: "T", publisher: "P", url: "https://example.org/y")])
        #expect(points[1].body == "*Breathe* & rest: it is **fine**.\n\n- one\n")
    }

    @Test("delivery")
    func delivery() {
        let delivery = configuration.delivery
        #expect(delivery.concurrency == 64)
        #expect(delivery.perHost == 4)
        #expect(delivery.hosts.map(\.host) == ["hooks.slack.com", "example.org:8443"])
        #expect(delivery.hosts.map(\.perHost) == [64, 1])
        #expect(delivery.connectTimeout == .milliseconds(500))
        #expect(delivery.timeout == .seconds(30))
        #expect(delivery.retries == [.seconds(1), .minutes(2)])
        #expect(
            delivery.allowNetworks.map(\.description) == ["10.0.0.0/8", "fd12:3456::/32", "169.254.169.254"])
        #expect(delivery.allowHTTP)
        #expect(delivery.proxy == .inline("socks5h://proxy.example.org:1080"))
        #expect(delivery.contact == "https://example.org/about")
    }

    @Test("the other settings")
    func others() {
        #expect(configuration.alerts.to == ["ops"])
        #expect(configuration.alerts.on == [.exhausted, .clock])
        #expect(configuration.heartbeat == .environment("GOOD_HEARTBEAT"))
        #expect(configuration.store == .sqlite("other.db"))
        guard case .unix(let path) = configuration.status.address else {
            Issue.record("the status server listens on a Unix socket")
            return
        }
        #expect(path.hasPrefix("/") && path.hasSuffix("/status.sock"))
        #expect(configuration.status.hosts == ["status.example.org"])
        #expect(configuration.publicPages.address == .tcp(host: "[::1]", port: 8080))
        #expect(configuration.log.level == .debug)
        #expect(configuration.log.format == .json)
        #expect(configuration.retention.deliveries == .days(30))
        #expect(configuration.retention.replies == .days(1))
        #expect(configuration.retention.removed == .days(2))
    }

    @Test("a subscriber")
    func subscriber() throws {
        let ann = try subscriber("ann")
        guard case .file(let url) = ann.url, case .file(let secret)? = ann.secrets.first else {
            Issue.record("URL and secret are in files")
            return
        }
        #expect(url.hasPrefix("/") && url.hasSuffix("/secrets/url"))
        #expect(secret.hasPrefix("/") && secret.hasSuffix("/secrets/ann"))
        #expect(ann.secrets.last == .inline("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        #expect(ann.format == .standard)
        #expect(ann.series == ["calm", "list"])
        #expect(ann.zone == "Europe/London")
        #expect(ann.at == TimeOfDay("06:00"))
        #expect(ann.joined == CivilDate("2026-07-05"))
        #expect(ann.paused)
    }

    @Test("a subscriber's options")
    func options() throws {
        let options = try subscriber("ann").options
        #expect(options.alsoSign == ["github"])
        #expect(options.headers?.map(\.name) == ["X-Team", "Authorization"])
        #expect(options.headers?.first?.value == .inline("a"))
        #expect(options.allowNetworks == ["192.168.0.0/16"])
        #expect(options.allowHTTP == true)
        #expect(options.timeout == .seconds(5))
        #expect(options.rate == 0.5)
        #expect(options.retries == [.seconds(5)])
        #expect(options.http2 == true)
        #expect(options.tls?.ca?.hasSuffix("/tls/ca.pem") == true)
        #expect(options.tls?.cert?.hasSuffix("/tls/client.pem") == true)
        guard case .file(let key)? = options.tls?.key else {
            Issue.record("a plain text is the key's file")
            return
        }
        #expect(key.hasSuffix("/tls/client.key"))
        #expect(options.confirm == true)
    }

    @Test("what the formats need")
    func formats() throws {
        #expect(try subscriber("ops").secrets.isEmpty)
        #expect(try subscriber("ops").series.isEmpty)
        #expect(try subscriber("ops").options.isEmpty)
        #expect(try subscriber("Broker_1").options.mode == .binary)
        #expect(try subscriber("tg").url == .inline("https://api.telegram.org"))
        #expect(try subscriber("tg").options.to == "-100123")
        #expect(try subscriber("z").options.user == "b@example.org")
        #expect(try subscriber("z").options.topic == "advice")
        #expect(try subscriber("t1").options.template?.preset == "gotify")
        let template = try #require(try subscriber("t2").options.template)
        #expect(template.file?.hasSuffix("/t.mustache") == true)
        #expect(template.text == "{{title}}\n", "its text is kept: the file is read at each reload alone")
        #expect(template.method == "PUT")
        #expect(template.contentType == "text/plain")
    }

    @Test("without optional keys the defaults hold")
    func defaults() throws {
        let (loaded, _) = try Case(name: "good-minimal").load()
        let read = try #require(loaded.configuration)
        let start = try #require(CivilDate("2026-07-01"))
        var series = Series(id: "advice", title: "Advice", start: start, zone: .named("Europe/Berlin"))
        series.points = read.series[0].points
        #expect(read.series == [series])
        #expect(read.subscribers[0].series == ["advice"])
        #expect(read.delivery == Configuration.Delivery())
        #expect(read.store == .sqlite("advised.db"))
        #expect(read.status.address == .tcp(host: "127.0.0.1", port: 8330))
        #expect(read.publicPages.address == .off)
        #expect(read.retention == Configuration.Retention())
    }

    @Test("scalars are what is written: no truths, no numbers, no nothing")
    func implicitTypes() throws {
        let (loaded, _) = try Case(name: "good-implicit-types").load()
        let read = try #require(loaded.configuration)
        #expect(read.subscribers.map(\.id) == ["no", "0123", "1e3", "null"])
        #expect(read.publicPages.address == .off)
        #expect(read.status.address == .off)
    }
}
