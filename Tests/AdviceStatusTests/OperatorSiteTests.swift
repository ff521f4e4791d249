import AdviceConfig
import AdviceCore
import AdviceStore
import Foundation
import Synchronization
import Testing

@testable import AdviceListener
@testable import AdviceStatus

/// What monitors ask every few seconds, while the store is slow.
@Suite("The operator's site", .timeLimit(.minutes(1)))
struct OperatorSiteTests {
    private static func source(
        _ openStore: @escaping @Sendable () -> (any StoreReader)?
    ) -> PageSource {
        let configuration = Configuration(series: [], subscribers: [])
        return PageSource(
            view: {
                DaemonView(
                    configuration: configuration, subscribers: 0, clock: "trusted", degraded: [],
                    isStarted: true, isStoreLost: false, isLastReloadTaken: true, counters: Counters())
            }, openStore: openStore, rules: { _ in .utc }, wall: { Instant(seconds: 1_782_997_200) },
            boot: { .zero })
    }

    /// The answer to `text`, which may come later.
    private func ask(_ site: OperatorSite, _ text: String) throws -> Later<Response> {
        let request = ReceivedRequest(
            method: "GET", path: "/" + text, headers: [], body: [], remoteAddress: "127.0.0.1")
        let path = try #require(WebPath(request))
        return Later {
            let answer = Mutex<Response?>(nil)
            let done = DispatchSemaphore(value: 0)
            site.answer(path) { response in
                answer.withLock { $0 = response }
                done.signal()
            }
            done.wait()
            return answer.withLock { $0 } ?? .notFound
        }
    }

    @Test("says that it lives and is ready while every page waits for the store")
    func slowStore() throws {
        let (gate, isWaiting) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let site = OperatorSite(
            OperatorSiteTests.source {
                isWaiting.signal()
                gate.wait()
                gate.signal()
                return nil
            })
        let pages = try ["metrics", "status.json", ""].map { try ask(site, $0) }
        isWaiting.wait()
        for _ in 1...5 {
            #expect(try ask(site, "healthz").value.status == 200)
            let ready = try ask(site, "readyz").value
            #expect(ready.status == 200 && ready.body == Array("ready\n".utf8))
        }
        #expect(pages.allSatisfy { !$0.isThere }, "they wait still, or this shows nothing")
        gate.signal()
        for page in pages { #expect(try page.value.status == 503) }
    }
}

/// Counts that are kept, on a real database and by a clock of the test's own.
@Suite("A kept count", .timeLimit(.minutes(1)))
final class KeptCountTests: Sendable {
    private let path = "/tmp/advised-count-\(UUID().uuidString).db"
    private let counts = Mutex(0)
    /// Time since boot, and how much of it a count takes.
    private let clock = Mutex((now: Span.days(1), count: Span.zero))
    /// Open, but for who closes it.
    private let gate = DispatchSemaphore(value: 1)
    private let desk: CountingDesk

    init() { desk = CountingDesk { [path] in try? SQLiteReader.open(path: path) } }

    deinit { for ending in ["", "-wal", "-shm", ".lock"] { unlink(path + ending) } }

    /// The count counts how often it was made.
    private func kept(patience: Span) -> KeptCount<Int> {
        let boot: @Sendable () -> Span = { [self] in clock.withLock { $0.now } }
        return KeptCount(on: desk, boot: boot, patience: patience) {
            [self] (_) throws(StoreError) in
            gate.wait()
            gate.signal()
            clock.withLock { $0.now = $0.now + $0.count }
            return counts.withLock { count in
                count += 1
                return count
            }
        }
    }

    private func write(_ store: SQLiteStore) throws {
        try store.note(nil, decision: "written", now: Instant(seconds: 1_782_997_200))
    }

    @Test("is counted again when something was written, and not before")
    func again() throws {
        let store = try SQLiteStore(path: path)
        let kept = kept(patience: .seconds(20))
        #expect(kept.latest()?.value == 1)
        #expect(kept.latest()?.value == 1)
        try write(store)
        let second = try #require(kept.latest())
        #expect(second.value == 2 && second.age == nil)
        store.close()
    }

    @Test("that took long rests for twenty times as long, and is given as it was meanwhile")
    func rests() throws {
        let store = try SQLiteStore(path: path)
        let kept = kept(patience: .seconds(20))
        clock.withLock { $0.count = .seconds(100) }
        #expect(kept.latest()?.value == 1)
        try write(store)
        for wait in [Span.zero, .seconds(1000), .seconds(999)] {
            clock.withLock { $0.now = $0.now + wait }
            let told = try #require(kept.latest())
            #expect(told.value == 1 && told.age != nil)
        }
        clock.withLock { $0 = ($0.now + .seconds(1), .zero) }
        #expect(kept.latest()?.value == 2)
        store.close()
    }

    @Test("that takes long keeps nobody waiting: it is given as it was, and counted behind the scenes")
    func long() throws {
        let store = try SQLiteStore(path: path)
        let kept = kept(patience: .milliseconds(20))
        #expect(kept.latest()?.value == 1)
        try write(store)
        gate.wait()
        for _ in 1...3 {
            let told = try #require(kept.latest())
            #expect(told.value == 1 && told.age != nil)
        }
        gate.signal()
        desk.queue.sync {}
        #expect(counts.withLock { $0 } == 2)
        #expect(kept.latest()?.value == 2)
        store.close()
    }

    @Test("is none where the store cannot be read")
    func none() {
        let boot: @Sendable () -> Span = { .zero }
        let kept = KeptCount(on: CountingDesk { nil }, boot: boot) { (_) throws(StoreError) in 1 }
        #expect(kept.latest() == nil)
    }
}
