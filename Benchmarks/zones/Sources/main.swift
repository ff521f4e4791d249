// A series in every zone there is, at each subscriber's own nine o'clock: the real scheduler and the real
// SQLite store on a virtual clock, with receivers that answer at once. Says how many releases there were, how
// many of them not at their instant, and how much anonymous memory the process came to.
//
//     zones-bench import FOLDER SUBSCRIBERS      makes the store
//     zones-bench run FOLDER DAYS                runs it, and prints one line of JSON

import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStore
import Foundation

let arguments = CommandLine.arguments
guard arguments.count == 4, let count = Int(arguments[3]) else {
    FileHandle.standardError.write(Data("usage: zones-bench import|run FOLDER COUNT\n".utf8))
    exit(64)
}
let zones = SystemZones()
let names = zones.names()
guard let start = CivilDate("2026-03-27") else { exit(70) }

func configuration(subscribers: Int) -> Configuration {
    var series = Series(
        id: "everywhere", title: "Everywhere", start: start, zone: .subscriber(fallback: "UTC"),
        points: (1...30).map { Point(id: "p\($0)", number: $0, title: "Point \($0)", body: "Do \($0).") })
    series.spread = .zero
    let members = (0..<subscribers).map { number in
        var subscriber = Subscriber(
            id: "s\(number)", url: .inline("https://s\(number).example/"), secrets: [],
            series: ["everywhere"])
        subscriber.zone = names[number % names.count]
        return subscriber
    }
    return Configuration(series: [series], subscribers: members)
}

/// Of this process, now, in kB.
func anonymousMemory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? -1
}

let begin = Instant(seconds: Int64((start.day - 2) * 86_400))
do {
    let store = try SQLiteStore(path: "\(arguments[2])/advised.db")
    let isImport = arguments[1] == "import"
    var rehearsal = try Rehearsal(
        configuration(subscribers: isImport ? count : 0), zones: zones,
        secrets: SecretReader(environment: [:]), from: begin, store: store)
    if isImport {
        try rehearsal.importRoster()
        store.close()
        exit(0)
    }
    var releases = 0
    var off = 0
    var delivered = 0
    var memory = 0
    try rehearsal.run(until: begin + .days(Int64(count))) { line in
        switch line.telling {
        case .released(let draft, _):
            releases += 1
            let rules = zones.rules(draft.cohort.cohort.zone) ?? .utc
            let slot = SlotCalendar(zone: rules, at: draft.cohort.cohort.at).slot(on: draft.row.slotDate)
            if slot?.instant != line.at { off += 1 }
            memory = max(memory, anonymousMemory())
        case .delivered: delivered += 1
        default: break
        }
    }
    store.close()
    print(
        #"{"zones":\#(names.count),"releases":\#(releases),"not_at_their_instant":\#(off),"#
            + #""delivered":\#(delivered),"anonymous_kB":\#(memory)}"#)
} catch {
    FileHandle.standardError.write(Data("zones-bench: \(error)\n".utf8))
    exit(74)
}
