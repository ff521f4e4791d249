import AdviceCore
import AdviceTesting
import Foundation
import Synchronization
import Testing

/// The scheduler that the daemon runs, in simulated worlds full of bad luck (promises.md). A seed that breaks
/// a promise is named with the command that tells its whole story.
@Suite("Simulation")
struct CourseTests {
    /// Seeds that once broke a promise; what they found is mended, and stays so.
    static let regressions: [UInt64] = [
        62, 79, 169, 201, 242, 256, 271, 1137, 1166, 1274, 1776, 1435, 1756, 2105, 2114, 2421, 3067, 3328,
        4599, 7212, 10_879, 138, 175, 433, 3597, 5372, 6108, 10_414,
    ]

    @Test("no promise is broken in a million simulated days")
    func million() {
        // 60 days each, and some ten for healing.
        let broken = CourseTests.run(seeds: 0..<14_200, days: 60, atLeast: 1_000_000)
        #expect(broken == [])
    }

    @Test("what once went wrong stays mended", arguments: regressions)
    func kept(seed: UInt64) {
        var course = Course(seed: seed)
        course.run()
        #expect(course.world.problems.prefix(3) == [], "\(CourseTests.command(seed))")
    }

    @Test("the same seed gives the same course")
    func sameSeed() {
        func trace(_ seed: UInt64) -> [String] {
            var course = Course(seed: seed)
            course.run()
            return course.world.ledgerOfReceivers.firsts.map { "\($0.at) \($0.subscriber) \($0.point)" }
        }
        #expect(trace(11) == trace(11))
        #expect(trace(11) != trace(12))
    }

    @Test("in a world without faults every point reaches everyone on its day, on time")
    func noFaults() {
        let roster = (1...5).map { ToySubscriber("s\($0)") }
        var world = World(
            wall: moment("2026-06-30T12:00:00Z"), series: [.sample(points: 30)], roster: roster)
        world.start()
        world.run(for: .days(40))
        world.checkSettled()
        world.checkOrder(world.series[0])
        #expect(world.problems == [])
        for subscriber in roster {
            let receipts = world.ledgerOfReceivers.receipts(of: subscriber.id)
            #expect(receipts.map(\.point) == (1...30).map { "p\($0)" })
            #expect(receipts.map(\.slotDate) == (0..<30).map { day("2026-07-01") + $0 })
            for receipt in receipts {
                let slot = TestZones.calendar("America/New_York").slot(on: receipt.slotDate)
                #expect(receipt.at - (slot?.instant ?? receipt.at) < .seconds(1))
            }
        }
    }

    static func command(_ seed: UInt64) -> String { "scripts/simulate --seed \(seed)" }

    /// Runs courses on all cores, and names what breaks.
    private static func run(seeds: Range<UInt64>, days: Int, atLeast wanted: Int64) -> [String] {
        let found = Mutex<(broken: [String], days: Int64)>(([], 0))
        let chunk = 20
        DispatchQueue.concurrentPerform(iterations: seeds.count / chunk) { place in
            for offset in 0..<chunk {
                let seed = seeds.lowerBound + UInt64(place * chunk + offset)
                var course = Course(seed: seed, days: days)
                course.run()
                let problem = course.world.problems.first
                let lived = course.world.lived.seconds / 86_400
                found.withLock { found in
                    found.days += lived
                    if let problem { found.broken.append("\(problem): \(command(seed))") }
                }
            }
        }
        let result = found.withLock { $0 }
        print("simulated \(result.days) days in \(seeds.count) courses")
        if result.days < wanted { return ["only \(result.days) days were simulated"] }
        return result.broken.sorted()
    }
}
