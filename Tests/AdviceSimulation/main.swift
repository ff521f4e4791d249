// Runs courses of the simulated world and says what breaks. For scripts/simulate.
//
//     advice-simulation SEED COUNT DAYS [BUG]
//
// With one seed its whole story is told.

import AdviceCore
import AdviceTesting
import Foundation

let arguments = CommandLine.arguments.dropFirst().map { $0 }
guard arguments.count >= 3, let seed = UInt64(arguments[0]), let count = Int(arguments[1]),
    let days = Int(arguments[2])
else {
    FileHandle.standardError.write(Data("usage: advice-simulation SEED COUNT DAYS [BUG]\n".utf8))
    exit(64)
}
let bug = arguments.count > 3 ? PlantedBug(rawValue: arguments[3]) : nil
var broken = 0
var simulated = 0
for number in 0..<UInt64(count) {
    var course = Course(seed: seed + number, days: days, bug: bug, tellsStory: count == 1)
    course.run()
    simulated += Int(course.world.lived.seconds / 86_400)
    if count == 1 {
        for line in course.story { print(line) }
        for series in course.world.series {
            print(
                "series \(series.id): \(series.zone) \(series.at) \(series.catchUp) \(series.join) "
                    + "\(series.atEnd) window \(series.window.map { "\($0)" } ?? "-") "
                    + "spread \(series.spread.seconds) "
                    + "shadow \(series.shadow) points \(series.points.map(\.id).joined(separator: " "))")
        }
        for cohort in course.world.store.cohorts {
            print("cohort \(cohort.number) \(cohort.series) \(cohort.cohort) members \(cohort.members)")
            for row in course.world.store.rows(cohort.series, cohort: cohort.number) {
                print(
                    "  \(row.sequence) \(row.point) \(row.slotDate) \(row.kind) \(row.releasedAt) "
                        + (row.why ?? "")
                )
            }
        }
        for words in course.world.store.openWords { print("open \(words)") }
        for telling in course.world.tellings.suffix(4000) { print("told \(telling)".prefix(230)) }
        for receipt in course.world.ledgerOfReceivers.firsts { print("got \(receipt)") }
    }
    for problem in course.world.problems.prefix(5) {
        print("seed \(seed + number): \(problem)")
    }
    if !course.world.problems.isEmpty { broken += 1 }
}
print("\(count) courses, \(simulated) days, \(broken) broken")
exit(broken == 0 ? 0 : 1)
