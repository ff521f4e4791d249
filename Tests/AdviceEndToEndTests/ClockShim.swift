import Foundation
import Glibc
import Synchronization

/// A wall clock of its own for programs of one test, set while they run (see Tests/Support/clockshim).
///
/// CLOCK_MONOTONIC stays the machine's, and so does the time of the receivers and of these tests.
final class ClockShim: Sendable {
    /// What adjtimex answers.
    enum Sync: Int64 {
        case refused = -1
        case real, synchronized, unsynchronized
    }

    /// The words of the control file; offsets in nanoseconds.
    private struct Words {
        var realtime: Int64 = 0
        var boottime: Int64 = 0
        var sync = Sync.real
        var generation: Int64 = 0
    }

    private let path: String
    private let library: String
    private let words = Mutex(Words())

    /// `showing` is what the wall clock shows now (ISO 8601), else it is the machine's; `sinceBoot` how long
    /// ago the machine started, in seconds.
    init(
        _ site: Site, showing: String? = nil, sinceBoot: Double? = nil, sync: Sync = .synchronized
    ) throws {
        library = try ClockShim.library()
        path = site.folder + "/clock-" + UUID().uuidString
        var first = Words(sync: sync)
        if let showing {
            first.realtime = try ClockShim.instant(showing) - ClockShim.machine(CLOCK_REALTIME)
        }
        if let sinceBoot {
            first.boottime = Int64(sinceBoot * 1e9) - ClockShim.machine(CLOCK_BOOTTIME)
        }
        let bytes = [first.realtime, first.boottime, first.sync.rawValue, first.generation]
        try bytes.withUnsafeBytes { try Data($0).write(to: URL(filePath: path)) }
        words.withLock { $0 = first }
    }

    /// For the program that is to live by this clock.
    var environment: [String: String] { ["LD_PRELOAD": library, "ADVISED_CLOCKSHIM": path] }

    /// What its wall clock is ahead of the machine's, in nanoseconds.
    var realtimeOffset: Int64 { words.withLock { $0.realtime } }

    /// What its wall clock shows, in nanoseconds since the epoch.
    var now: Int64 { ClockShim.machine(CLOCK_REALTIME) + realtimeOffset }

    // MARK: What may happen to a clock

    /// Somebody sets it.
    func step(realtime seconds: Double) throws {
        try change { $0.realtime += Int64(seconds * 1e9) }
    }

    /// The machine sleeps for so long; as it wakes, all clocks but the monotonic one have gone on.
    func suspend(_ seconds: Double) throws {
        try change {
            $0.realtime += Int64(seconds * 1e9)
            $0.boottime += Int64(seconds * 1e9)
        }
    }

    func setSync(_ sync: Sync) throws { try change { $0.sync = sync } }

    /// The generation is odd while the other words are not all of one time.
    private func change(_ body: (inout Words) -> Void) throws {
        try words.withLock { words in
            body(&words)
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            defer { try? file.close() }
            try ClockShim.write([words.generation + 1], at: 3, of: file)
            try ClockShim.write([words.realtime, words.boottime, words.sync.rawValue], at: 0, of: file)
            words.generation += 2
            try ClockShim.write([words.generation], at: 3, of: file)
        }
    }

    private static func write(_ words: [Int64], at place: UInt64, of file: FileHandle) throws {
        try file.seek(toOffset: place * 8)
        try words.withUnsafeBytes { try file.write(contentsOf: Data($0)) }
    }

    // MARK: Its parts

    /// Nanoseconds since the epoch.
    static func instant(_ text: String) throws -> Int64 {
        Int64(try Date(text, strategy: .iso8601).timeIntervalSince1970) * 1_000_000_000
    }

    private static func machine(_ clock: clockid_t) -> Int64 {
        var now = timespec()
        clock_gettime(clock, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    /// Of `$ADVISED_CLOCKSHIM_LIBRARY`, else what scripts/clock-shim built.
    private static func library() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let given = ProcessInfo.processInfo.environment["ADVISED_CLOCKSHIM_LIBRARY"]
        let path = given ?? root + "/.build/clockshim.so"
        guard FileManager.default.fileExists(atPath: path) else {
            throw Missing("there is no \(path); scripts/clock-shim makes it")
        }
        return path
    }
}
