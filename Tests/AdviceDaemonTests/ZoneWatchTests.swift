import Dispatch
import Foundation
import Glibc
import Synchronization
import Testing

@testable import AdviceDaemon

@Suite("The watch on the zones", .timeLimit(.minutes(2)))
struct ZoneWatchTests {
    struct Change: CustomStringConvertible, Sendable {
        var description: String
        var act: @Sendable (Place) throws -> Void

        init(_ description: String, _ act: @escaping @Sendable (Place) throws -> Void) {
            self.description = description
            self.act = act
        }
    }

    static let changes = [
        Change("tzdata.zi is replaced, as dpkg does it") { place in
            try place.write("zoneinfo/tzdata.zi.dpkg-new")
            try place.move("zoneinfo/tzdata.zi.dpkg-new", "zoneinfo/tzdata.zi")
        },
        Change("a file of the root is written over") { try $0.write("zoneinfo/UTC") },
        Change("a file of the root is removed") { try $0.remove("zoneinfo/tzdata.zi") },
        Change("the folder is removed") { try $0.remove("zoneinfo") },
        Change("the folder is renamed") { try $0.move("zoneinfo", "zoneinfo.old") },
        Change("the link localtime is replaced, as timedated does it") { place in
            try place.link("etc/localtime.tmp")
            try place.move("etc/localtime.tmp", "etc/localtime")
        },
        Change("the link localtime is removed") { try $0.remove("etc/localtime") },
    ]

    @Test("a change matters, and is then done with", arguments: changes)
    func matters(_ change: Change) throws {
        let place = try Place()
        let events = try #require(place.events())
        defer { events.close() }
        #expect(!events.readAll(), "nothing has changed yet")
        try change.act(place)
        #expect(events.readAll())
        #expect(!events.readAll())
    }

    @Test("localtime as a file of its own, written over, matters")
    func file() throws {
        let place = try Place()
        try place.remove("etc/localtime")
        try place.write("etc/localtime")
        let events = try #require(place.events())
        defer { events.close() }
        try place.write("etc/localtime")
        #expect(events.readAll())
    }

    @Test(
        "neighbours do not matter",
        arguments: [
            "etc/resolv.conf", "etc/localtime.dpkg-new", "etc/zoneinfo", "zoneinfo.bak", "localtime",
            "zoneinfo/Europe/Berlin",
        ])
    func neighbours(_ name: String) throws {
        let place = try Place()
        let events = try #require(place.events())
        defer { events.close() }
        try place.write(name)
        #expect(!events.readAll())
    }

    @Test("a folder that comes back is watched again, and the one that was moved away no longer")
    func comesBack() throws {
        let place = try Place()
        let events = try #require(place.events())
        defer { events.close() }
        try place.move("zoneinfo", "zoneinfo.old")
        #expect(events.readAll())
        events.watch()
        #expect(!events.readAll(), "that the old watch is gone is no change")
        try place.make("zoneinfo")
        #expect(events.readAll())
        events.watch()
        try place.write("zoneinfo/tzdata.zi")
        #expect(events.readAll())
        try place.write("zoneinfo.old/tzdata.zi")
        #expect(!events.readAll())
        let watches = try String(contentsOfFile: "/proc/self/fdinfo/\(events.descriptor)", encoding: .utf8)
        #expect(watches.split(separator: "\n").count { $0.hasPrefix("inotify wd:") } == 3)
    }

    @Test("a folder whose parent is missing too is found when the watch is renewed")
    func renewed() throws {
        let place = try Place()
        #expect(place.events(root: "share/zoneinfo") == nil, "there is nothing that could be watched")
        try place.make("share/zoneinfo")
        let events = try #require(place.events(root: "share/zoneinfo"))
        defer { events.close() }
        try place.remove("share")
        #expect(events.readAll())
        events.watch()
        try place.make("share/zoneinfo")
        #expect(!events.readAll(), "nobody watches the place where it came to be")
        events.watch()
        try place.write("share/zoneinfo/tzdata.zi")
        #expect(events.readAll())
    }

    @Test("more events than the kernel keeps are a change")
    func overflow() throws {
        let place = try Place()
        let limit = try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
        let most = try #require(Int(limit.dropLast()))
        let events = try #require(place.events())
        defer { events.close() }
        // Two events each; none of them matters by itself.
        for _ in 0..<most { try place.turn("etc/other") }
        #expect(events.readAll())
    }

    @Test("a burst is one call, on the queue, and the next change another")
    func burst() async throws {
        let place = try Place()
        let calls = Calls()
        let watch = try #require(place.watch(calls, quietMilliseconds: 1000))
        for _ in 0..<2_000 { try place.turn("zoneinfo/other") }
        #expect(await calls.next() == 1)
        try place.write("zoneinfo/UTC")
        #expect(await calls.next() == 2)
        watch.cancel()
    }

    @Test("the watch itself follows a folder that is replaced")
    func follows() async throws {
        let place = try Place()
        let calls = Calls()
        let watch = try #require(place.watch(calls, quietMilliseconds: 20))
        try place.move("zoneinfo", "zoneinfo.old")
        #expect(await calls.next() == 1)
        try place.make("zoneinfo")
        #expect(await calls.next() == 2)
        try place.write("zoneinfo/tzdata.zi")
        #expect(await calls.next() == 3)
        watch.cancel()
    }

    @Test("a watch that is cancelled lets go of its handler")
    func cancelled() async throws {
        let place = try Place()
        let (ends, end) = AsyncStream<Void>.makeStream()
        let watch = try #require(place.watch(Calls(end), quietMilliseconds: 20))
        watch.cancel()
        for await _ in ends { break }
    }
}

/// Numbers the calls of a handler.
final class Calls: Sendable {
    private let stream: AsyncStream<Int>
    private let call: AsyncStream<Int>.Continuation
    private let count = Atomic(0)
    private let end: AsyncStream<Void>.Continuation?

    init(_ end: AsyncStream<Void>.Continuation? = nil) {
        (stream, call) = AsyncStream.makeStream()
        self.end = end
    }

    deinit { end?.yield() }

    func add() { call.yield(count.add(1, ordering: .relaxed).newValue) }

    /// The number of the next call, awaited.
    func next() async -> Int? { await stream.first { _ in true } }
}

/// Folders as on a machine.
final class Place: Sendable {
    private let queue = DispatchQueue(label: "zones")
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try make("zoneinfo/Europe")
        try make("etc")
        try write("zoneinfo/tzdata.zi")
        try write("zoneinfo/UTC")
        try write("zoneinfo/Europe/Berlin")
        try link("etc/localtime")
    }

    func events(root: String = "zoneinfo") -> ZoneEvents? {
        ZoneEvents(root: path(root), localtime: path("etc/localtime"))
    }

    func watch(_ calls: Calls, quietMilliseconds: Int) -> ZoneWatch? {
        ZoneWatch(
            queue: queue, root: path("zoneinfo"), localtime: path("etc/localtime"),
            quietMilliseconds: quietMilliseconds
        ) { [queue] in
            dispatchPrecondition(condition: .onQueue(queue))
            calls.add()
        }
    }

    /// In its place, not by way of another name.
    func write(_ name: String) throws { try Data("rules".utf8).write(to: URL(filePath: path(name))) }

    func make(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    }

    func move(_ from: String, _ to: String) throws {
        guard rename(path(from), path(to)) == 0 else { throw POSIXError(.EIO) }
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    func link(_ name: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: path(name), withDestinationPath: path("zoneinfo/UTC"))
    }

    /// Makes and removes an entry.
    func turn(_ name: String) throws {
        guard mkdir(path(name), 0o700) == 0, rmdir(path(name)) == 0 else { throw POSIXError(.EIO) }
    }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }
}
