import Foundation
import Testing

@testable import AdviceCore

@Suite("Reader of zone files")
struct TZifReaderTests {
    /// Files of different makes: fat with a footer, without daylight saving, a table to 2087, many old
    /// changes.
    private static let samples = ["Europe/Berlin", "Asia/Tokyo", "Africa/Casablanca", "Pacific/Apia", "UTC"]

    /// Zones whose last changes differ from the footer: zic 2.36 (glibc's) leaves some of those changes out
    /// of its slim files. zoneinfo and glibc read these files as we do, so the loss is in the files.
    private static let cutShortByZic: Set = ["America/Ojinaga", "Asia/Gaza", "Asia/Hebron"]

    @Test("every zone of the system is read")
    func everyZone() throws {
        #expect(SystemZones.names.count > 400)
        for name in SystemZones.names {
            #expect(throws: Never.self, "\(name)") { try SystemZones.rules(name) }
        }
    }

    @Test("a file cut off anywhere is refused, never misread", arguments: samples)
    func cutOff(name: String) throws {
        let bytes = try SystemZones.bytes(name)
        for length in 0..<bytes.count {
            #expect(throws: ZoneError.self, "\(length) bytes") {
                try ZoneRules(tzif: Array(bytes[..<length]))
            }
        }
    }

    @Test("a file of version 1 cut off anywhere is refused")
    func cutOffVersion1() {
        let bytes = TZifBytes(transitions: [(0, 1), (100, 0)], offsets: [0, 3600], version: 0).bytes
        #expect(throws: Never.self) { try ZoneRules(tzif: bytes) }
        for length in 0..<bytes.count {
            #expect(throws: ZoneError.self, "\(length) bytes") {
                try ZoneRules(tzif: Array(bytes[..<length]))
            }
        }
    }

    @Test("what is wrong with a file is said")
    func errors() throws {
        let good = TZifBytes(transitions: [(0, 1), (100, 0)], offsets: [0, 3600], footer: "UTC0")
        #expect(throws: Never.self) { try ZoneRules(tzif: good.bytes) }
        // The second header begins after the first and its empty block: six bytes of a type, one of a name.
        let second = 44 + 7
        func broken(_ change: (inout [UInt8]) -> Void) -> ZoneError? {
            var bytes = good.bytes
            change(&bytes)
            do throws(ZoneError) {
                _ = try ZoneRules(tzif: bytes)
                return nil
            } catch {
                return error
            }
        }
        #expect(broken { $0 = [] } == .truncated(needed: 44, length: 0))
        #expect(broken { $0[0] = 0 } == .notTZif)
        #expect(broken { $0[second] = 0 } == .notTZif)
        #expect(broken { $0[4] = 0x31 } == .unknownVersion(0x31))
        #expect(broken { $0[second + 31] = 1 } == .leapSeconds)
        #expect(broken { $0[second + 39] = 0 } == .counts("0 local time types, where 1 to 256 can be"))
        #expect(broken { $0[second + 43] = 0 } == .counts("no names of local time types"))
        #expect(broken { $0[second + 23] = 1 } == .counts("1 indicators for 2 local time types"))
        #expect(
            broken { $0[second + 32] = 0xFF }
                == .counts("4278190082 transitions, where 2000 are the most"))
        #expect(broken { $0[32] = 0xFF } == .truncated(needed: 21_390_950_495, length: good.bytes.count))
        let block = second + 44
        #expect(broken { $0[block + 15] = 0 } == .unorderedTransitions(index: 1))
        #expect(broken { $0[block + 17] = 2 } == .unknownType(index: 1, type: 2, count: 2))
        #expect(
            broken { $0[block + 18] = 0x80 }
                == .localTimeType(type: 0, "is -2147483648 seconds east of UTC"))
        #expect(
            broken { $0[block + 22] = 2 }
                == .localTimeType(type: 0, "says daylight saving 2, neither 0 nor 1"))
        #expect(broken { $0[block + 23] = 1 } == .localTimeType(type: 0, "has its name beyond the names"))
        #expect(broken { $0[block + 31] = 0 } == .footer("", problem: "it does not begin with a line feed"))
        #expect(
            broken { $0[block + 32] = 0xFF }
                == .footer("?TC0", problem: "a name has fewer than three characters"))
        #expect("\(ZoneError.truncated(needed: 44, length: 3))".contains("3 bytes"))
    }

    @Test("the zones that count leap seconds are refused by name")
    func leapSeconds() throws {
        let bytes = try SystemZones.bytes("right/Europe/Berlin")
        #expect(throws: ZoneError.leapSeconds) { try ZoneRules(tzif: bytes) }
        #expect(ZoneError.leapSeconds.description.contains("right/"))
    }

    @Test("a file without a footer, or of version 1, keeps its last offset")
    func noFooter() throws {
        let far = try #require(Instant(rfc3339: "2200-07-01T00:00:00Z"))
        for version: UInt8 in [0, 0x32, 0x33, 0x34] {
            let file = TZifBytes(
                transitions: [(0, 1), (100, 0), (200, 1)], offsets: [75, 3600], footer: "", version: version)
            let rules = try ZoneRules(tzif: file.bytes)
            #expect(rules.offsetSeconds(at: far) == 3600)
            #expect(rules.offsetSeconds(at: Instant(seconds: 150)) == 75)
            #expect(rules.offsetSeconds(at: Instant(seconds: -1)) == 75)
        }
    }

    @Test("after the last transition the footer applies, from that moment on")
    func footerAfterTable() throws {
        let last = try #require(Instant(rfc3339: "2026-06-01T00:00:00Z"))
        let file = TZifBytes(
            transitions: [(last.seconds, 1)], offsets: [0, 3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3")
        let rules = try ZoneRules(tzif: file.bytes)
        #expect(rules.offsetSeconds(at: last - .seconds(1)) == 0)
        #expect(rules.offsetSeconds(at: last) == 7200)
        #expect(rules.offsetSeconds(at: last + .days(200)) == 3600)
    }

    @Test("a fat file's 32-bit block gives what its 64-bit block gives, as far as it reaches")
    func version1() throws {
        for name in Self.samples {
            var bytes = try SystemZones.bytes(name)
            let whole = try ZoneRules(tzif: bytes)
            bytes[4] = 0
            let old = try ZoneRules(tzif: bytes)
            let start = try #require(Instant(rfc3339: "1920-01-01T00:00:00Z"))
            let end = try #require(Instant(rfc3339: "2037-12-31T00:00:00Z"))
            #expect(
                old.transitions(from: start, to: end) == whole.transitions(from: start, to: end), "\(name)")
        }
    }

    @Test("slim files, unrolled from their footers, are equal to fat ones")
    func slimAndFat() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "zones-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = "\(SystemZones.folder)/tzdata.zi"
        for form in ["slim", "fat"] {
            let made = folder.appendingPathComponent(form).path
            // zic is in /usr/sbin, which is not on everyone's path.
            _ = try SystemProgram.output(of: "/usr/sbin/zic", ["-b", form, "-d", made, source])
        }
        let (slim, fat) = (folder.path + "/slim", folder.path + "/fat")
        let names = SystemZones.names(in: slim)
        #expect(names.count > 400)
        var (slimBytes, fatBytes) = (0, 0)
        var different: [String] = []
        for name in names {
            let (small, large) = (try SystemZones.bytes(name, in: slim), try SystemZones.bytes(name, in: fat))
            (slimBytes, fatBytes) = (slimBytes + small.count, fatBytes + large.count)
            let isEqual = try ZoneRules(tzif: small) == ZoneRules(tzif: large)
            if !isEqual { different.append(name) }
        }
        #expect(Set(different).subtracting(Self.cutShortByZic) == [])
        #expect(slimBytes * 2 < fatBytes, "zic made two different forms")
    }

    @Test("a damaged file is refused or gives rules that keep their word", arguments: samples)
    func damaged(name: String) throws {
        let handmade = TZifBytes(
            transitions: [(0, 1), (100, 0)], offsets: [0, 3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3")
        var generator = Scramble(state: 20_260_701)
        var accepted = 0
        for bytes in [try SystemZones.bytes(name), handmade.bytes] {
            for _ in 0..<1500 {
                let damaged = generator.damage(bytes)
                guard let rules = try? ZoneRules(tzif: damaged) else { continue }
                accepted += 1
                let broken = brokenPromises(of: rules, &generator)
                #expect(broken == [], "\(damaged)")
                if !broken.isEmpty { return }
            }
        }
        #expect(accepted > 100, "most damage was refused before it was tried")
    }

    /// What must hold for any rules at all, tried at a few hundred places.
    private func brokenPromises(of rules: ZoneRules, _ generator: inout Scramble) -> [String] {
        var broken: [String] = []
        let changes = rules.transitions(from: Instant(nanoseconds: .min), to: Instant(nanoseconds: .max))
        var instants = changes.map(\.instant).filter { _ in Int.random(in: 0..<8, using: &generator) == 0 }
        for _ in 0..<40 {
            instants.append(Instant(nanoseconds: .random(in: .min ... .max, using: &generator)))
        }
        for instant in instants {
            let local = rules.local(of: instant)
            for date in [local.date, local.date.next] where ZoneRules.dates.contains(date) {
                let resolution = rules.resolve(date, local.time)
                let shown = rules.local(of: resolution.instant)
                if shown.offsetSeconds != resolution.offsetSeconds {
                    broken.append("offset of \(resolution)")
                }
                if case .gap(let length) = resolution.kind {
                    if length <= 0 { broken.append("length of \(resolution)") }
                } else if shown.date != date || shown.time != local.time {
                    broken.append("\(date) \(local.time) is shown as \(shown)")
                }
                let end = rules.endOfDay(date)
                if rules.local(of: end).date <= date { broken.append("\(end) is not after \(date)") }
                if rules.local(of: end - .seconds(1)).date > date {
                    broken.append("\(end) is late for \(date)")
                }
            }
        }
        return broken
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same damage on every run.
private struct Scramble: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// One to four bytes changed; now and then four in a row set high, or a piece of the end replaced.
    mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            let index = Int.random(in: 0..<damaged.count, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0:
                for place in index..<min(index + 4, damaged.count) { damaged[place] = 0xFF }
            case 1:
                let place = max(0, damaged.count - 1 - index % 30)
                damaged[place] = Array("0123456789,./:<>+-JMABC\n".utf8).randomElement(using: &self) ?? 0
            default:
                damaged[index] = UInt8.random(in: 0...255, using: &self)
            }
        }
        return damaged
    }
}
