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
            boot: KeptCountTests.boot)
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
        let gate = DispatchSemaphore(value: 0)
        let site = OperatorSite(
            OperatorSiteTests.source {
                gate.wait()
                gate.signal()
                return nil
            })
        let pages = try ["metrics", "status.json", ""].map { try ask(site, $0) }
        usleep(50_000)
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

/// Counts that are kept, on a real database.
@Suite("A kept count", .timeLimit(.minutes(1)))
final class KeptCountTests: Sendable {
    private let path = "/tmp/advised-count-\(UUID().uuidString).db"
    private let counts = Mutex(0)
    private let pause = Mutex(UInt32(0))

    /// Time since some moment.
    static let boot: @Sendable () -> Span = {
        Span(nanoseconds: Int64(DispatchTime.now().uptimeNanoseconds))
    }

    deinit { for ending in ["", "-wal", "-shm", ".lock"] { unlink(path + ending) } }

    /// The count counts how often it was made, and takes as long as it is told to.
    private func kept(patience: Span) -> KeptCount<Int> {
        let path = path
        let desk = CountingDesk { try? SQLiteReader.open(path: path) }
        return KeptCount(on: desk, boot: KeptCountTests.boot, patience: patience) {
            [self] (_) throws(StoreError) in
            usleep(pause.withLock { $0 } * 1000)
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

    @Test("that takes long gives what it was, at once, and rests; the first waits to the end")
    func long() throws {
        let store = try SQLiteStore(path: path)
        let kept = kept(patience: .milliseconds(20))
        pause.withLock { $0 = 100 }
        #expect(kept.latest()?.value == 1)
        for _ in 1...10 {
            try write(store)
            let begun = ContinuousClock.now
            let told = try #require(kept.latest())
            #expect(told.value == 1 && told.age != nil)
            #expect(ContinuousClock.now - begun < .milliseconds(90))
        }
        // It rests for twenty times 100 ms from the end of the first; then it is counted, behind the scenes.
        let begun = ContinuousClock.now
        while kept.latest()?.value == 1, ContinuousClock.now - begun < .seconds(30) { usleep(20_000) }
        #expect(ContinuousClock.now - begun > .seconds(1))
        #expect(counts.withLock { $0 } == 2)
        store.close()
    }

    @Test("is none where the store cannot be read")
    func none() {
        let kept = KeptCount(on: CountingDesk { nil }, boot: KeptCountTests.boot) { (_) throws(StoreError) in
            1
        }
        #expect(kept.latest() == nil)
    }
}
