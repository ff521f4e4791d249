import AdviceTesting
import Testing

/// A simulation that does not catch what is wrong proves nothing: each bug is planted, and each is caught.
@Suite("Planted bugs")
struct PlantedBugTests {
    /// Courses in which a bug may hide at most.
    private static let mostSeeds: UInt64 = 300

    @Test("each planted bug is caught", arguments: PlantedBug.allCases)
    func caught(bug: PlantedBug) {
        let seed = (0..<PlantedBugTests.mostSeeds).first { seed in
            var course = Course(seed: seed, bug: bug)
            course.run()
            // By the check that is there for it.
            return course.world.problems.contains { bug.sign.map($0.hasPrefix) ?? true }
        }
        #expect(seed != nil, "\(bug.rawValue) is not caught in \(PlantedBugTests.mostSeeds) courses")
        guard let seed else { return }
        // It is the bug that is caught: without it the course is clean.
        var clean = Course(seed: seed)
        clean.run()
        #expect(clean.world.problems == [], "\(bug.rawValue), seed \(seed)")
    }
}
