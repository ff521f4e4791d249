import Foundation
import Testing

@testable import AdviceCore

/// Python's `zoneinfo` reads the same files by other code; where the two differ, one of them is wrong.
@Suite("Zone rules against Python's zoneinfo")
struct ZoneRulesOracleTests {
    @Test("every zone of the system agrees with zoneinfo around every change of 2025 to 2040")
    func everyZone() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Oracle/zone_oracle.py").path
        let lines = try SystemProgram.output(of: "python3", [script]).split(separator: UInt8(ascii: "\n"))
        var comparison = OracleComparison()
        for line in lines { try comparison.take(line) }
        #expect(comparison.wrong.prefix(20) == [])
        #expect(comparison.wrong.isEmpty, "\(comparison.wrong.count) of \(lines.count) lines differ")
        #expect(comparison.names == SystemZones.names)
        #expect(comparison.isComplete)
        #expect(comparison.walls > 200_000)
        #expect(comparison.moments > 19_000)
        #expect(comparison.skippedDates >= 5)
    }
}

/// Holds each line of the script against the rules of the zone it is about.
private struct OracleComparison {
    private(set) var names: [String] = []
    private(set) var wrong: [String] = []
    private(set) var walls = 0
    private(set) var moments = 0
    private(set) var skippedDates = 0
    private(set) var isComplete = false
    private var lines = 0
    private var rules = ZoneRules.utc

    mutating func take(_ line: Data.SubSequence) throws {
        let fields = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        let kind = try #require(fields.first)
        if kind == "Z" {
            names.append(fields[1])
            rules = try SystemZones.rules(fields[1])
        } else {
            let numbers = try fields.dropFirst().map { try #require(Int($0)) }
            if !agrees(kind, numbers) {
                wrong.append("\(names.last ?? "?"): \(fields.joined(separator: " "))")
            }
        }
        lines += 1
    }

    private mutating func agrees(_ kind: String, _ numbers: [Int]) -> Bool {
        switch kind {
        case "L":
            walls += 1
            return agrees(CivilDate(day: numbers[0]), second: numbers[1], epoch: numbers[2])
        case "U":
            moments += 1
            let local = rules.local(of: Instant(seconds: Int64(numbers[0])))
            let wall = local.date.day * 86_400 + local.time.secondsOfDay
            return wall == numbers[1] && local.offsetSeconds == numbers[2]
        case "X":
            skippedDates += numbers[1] == 0 ? 1 : 0
            return rules.exists(CivilDate(day: numbers[0])) == (numbers[1] == 1)
        default:
            isComplete = kind == "E" && numbers == [lines]
            return isComplete
        }
    }

    /// The moment agrees, and so do its kind and offset with what the wall clock shows at that moment.
    private func agrees(_ date: CivilDate, second: Int, epoch: Int) -> Bool {
        guard let time = TimeOfDay(secondsOfDay: second) else { return false }
        let resolution = rules.resolve(date, time)
        guard resolution.instant == Instant(seconds: Int64(epoch)) else { return false }
        let local = rules.local(of: resolution.instant)
        guard local.offsetSeconds == resolution.offsetSeconds else { return false }
        let shown = local.date.day * 86_400 + local.time.secondsOfDay
        guard case .gap(let length) = resolution.kind else { return shown == date.day * 86_400 + second }
        return shown == date.day * 86_400 + second + length
    }
}
