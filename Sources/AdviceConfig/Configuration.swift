public import AdviceCore

/// Everything the files say, checked and complete: an immutable snapshot, made anew at each reload.
public struct Configuration: Sendable {
    /// In the order of the file.
    public var series: [Series]
    public var subscribers: [Subscriber]
    public var delivery: Delivery
    public var alerts: Alerts
    public var heartbeat: Protected?
    public var store: StoreChoice
    public var status: Listen
    public var publicPages: Listen
    public var log: Log
    public var retention: Retention
    /// What their file was, where the subscribers are rows of one.
    public var rows: Rows?
    /// Every file that was read, absolute, in the order read: what a reload depends on.
    public var files: [String]

    public struct Rows: Sendable, Equatable {
        public var path: String
        /// Of the file while it was read; nil where it has changed meanwhile, or just before.
        public var identity: String?
        /// Every user of the machine may read it.
        public var isWorldReadable: Bool
        /// They were not read: `subscribers` is empty.
        public var arePassedOver: Bool
    }

    public struct Delivery: Sendable, Equatable {
        /// POSTs in flight.
        public var concurrency = 256
        /// Of which to one limit key.
        public var perHost = 8
        /// Host or host:port, to its own cap.
        public var hosts: [HostLimit] = []
        public var connectTimeout = Span.seconds(5)
        public var timeout = Span.seconds(15)
        /// Waits between attempts; then exhausted.
        public var retries = RetryPolicy.defaultWaits
        public var allowNetworks: [AddressBlock] = []
        public var allowHTTP = false
        /// nil is `none`: the environment's proxies are never used.
        public var proxy: Protected?
        /// Goes into the user agent.
        public var contact: String?

        public init() {}
    }

    public struct HostLimit: Sendable, Equatable {
        public var host: String
        public var perHost: Int
        public init(host: String, perHost: Int) {
            self.host = host
            self.perHost = perHost
        }
    }

    public struct Alerts: Sendable, Equatable {
        /// Subscriber ids.
        public var to: [String] = []
        public var on: [AlertKind] = AlertKind.allCases
        public init() {}
    }

    public enum StoreChoice: Sendable, Equatable {
        /// A path, relative to the state directory unless absolute.
        case sqlite(String)
        case postgres(Protected)

        /// On this machine's disk.
        public var isFile: Bool {
            switch self {
            case .sqlite: true
            case .postgres: false
            }
        }
    }

    public struct Listen: Sendable, Equatable {
        public enum Address: Sendable, Equatable {
            case off
            case tcp(host: String, port: Int)
            case unix(String)
        }
        public var address: Address
        /// Names it answers to, beside its own address.
        public var hosts: [String] = []
        public init(_ address: Address) { self.address = address }
    }

    public struct Log: Sendable, Equatable {
        public enum Level: String, Sendable, CaseIterable {
            case trace, debug, info, notice, warning, error, critical
        }
        public enum Format: String, Sendable, CaseIterable { case auto, journal, text, json }
        public var level = Level.info
        public var format = Format.auto
        public init() {}
    }

    public struct Retention: Sendable, Equatable {
        public var deliveries = Span.days(400)
        public var replies = Span.days(14)
        public var removed = Span.days(30)
        public init() {}
    }

    public init(series: [Series], subscribers: [Subscriber]) {
        self.series = series
        self.subscribers = subscribers
        delivery = Delivery()
        alerts = Alerts()
        heartbeat = nil
        store = .sqlite("advised.db")
        status = Listen(.tcp(host: "127.0.0.1", port: 8330))
        publicPages = Listen(.off)
        log = Log()
        retention = Retention()
        rows = nil
        files = []
    }
}
