import AdviceCore
import AdviceStore
import Glibc

/// What SQLite takes: `store-bench sqlite FOLDER SUBSCRIBERS RELEASES`. Prints the budget of a store as a
/// table, and leaves the database as a kill in mid-release does.
func sqlite(_ folder: String, _ count: Int, _ releases: Int) throws {
    let path = folder + "/advised.db"
    let store = try SQLiteStore(path: path)
    store.trustsClock = true
    func size() -> Int {
        var file = stat()
        return stat(path, &file) == 0 ? Int(file.st_size) : 0
    }
    var cohort = CohortRecord(number: 0, series: "s", cohort: World.cohort, members: 0)
    row("SQLite, \(count) subscribers", "CPU s", "wall s", "MB written", "", "budget")
    row("---", "---:", "---:", "---:", "---", "---")
    func tell(_ what: String, _ usage: Usage, _ more: String = "", budget: String = "", scale: Double = 1) {
        row(
            what, digits(usage.cpu * scale), digits(usage.wall * scale),
            digits(Double(usage.written) / 1e6 * scale, 0), more, budget)
    }
    do {
        let roster = World.roster(count)
        tell("import", try Usage.of { cohort = try World.take(roster, into: store) })
    }
    do {
        let roster = World.roster(count, changed: count / 100)
        let usage = try Usage.of { cohort = try World.take(roster, into: store) }
        tell("reload, 1 % changed", usage, budget: "3 s on the wall")
    }
    let million = 1e6 / Double(count)
    var first = 0.0
    for number in 1...max(1, releases) {
        let step = try Usage.of { try World.release(number, cohort, from: store) }
        let before = size()
        var courier = NullCourier(store, now: World.instant(of: number))
        let usage = try Usage.of { _ = try courier.run() }
        guard number == 1 || number == 2 || number % 10 == 0 else { continue }
        let kept = number == 1 ? "the first release" : "with \(number) releases kept"
        tell(
            "release step, \(kept)", step, "\(digits(step.cpu * 1000, 1)) ms of CPU", budget: "50 ms",
            scale: 1)
        if number == 1 { first = usage.cpu }
        let each = Double(max(0, size() - before)) / Double(max(1, courier.delivered))
        tell(
            "1,000,000 deliveries, \(kept)", usage,
            "\(digits(each, 1)) bytes kept for each, \(digits(usage.cpu / first)) x the first",
            budget: number == 1 ? "3 s of CPU, 40 bytes" : "1.3 x the first", scale: million)
    }
    try World.release(releases + 1, cohort, from: store)
    var courier = NullCourier(store, now: World.instant(of: releases + 1))
    _ = try courier.run(limit: count / 2)
    fflush(nil)
    // With the log as it is: nothing is put in order at the end.
    kill(getpid(), SIGKILL)
}

/// After that: `store-bench recover FOLDER RELEASES`.
func recover(_ folder: String, _ releases: Int) throws {
    var found = 0
    let usage = try Usage.of {
        let store = try SQLiteStore(path: folder + "/advised.db")
        _ = try store.load()
        let claim = try store.claim(limit: Limits.firstClaim, now: World.instant(of: releases + 1))
        found = claim.deliveries.count
        _ = try store.rendering(release: claim.deliveries[0].release.number, format: .standard)
        store.close()
    }
    row(
        "recovery after a kill -9 in mid-release, to the first \(found) to be sent", digits(usage.cpu, 3),
        digits(usage.wall, 3), digits(Double(usage.written) / 1e6, 0), "", "1 s on the wall")
}

/// What takes a fan-out, and nothing else, for counting instructions: `store-bench prepare FOLDER
/// SUBSCRIBERS`, then `store-bench deliver FOLDER 1`, which does the first, and again with 2, 3, ...
func prepare(_ folder: String, _ count: Int) throws {
    let store = try SQLiteStore(path: folder + "/advised.db")
    _ = try World.take(World.roster(count), into: store)
    store.close()
}

func deliver(_ folder: String, _ number: Int) throws {
    let store = try SQLiteStore(path: folder + "/advised.db")
    store.trustsClock = true
    try World.release(number, try store.load().cohorts[0], from: store)
    var courier = NullCourier(store, now: World.instant(of: number))
    _ = try courier.run()
    print("\(courier.delivered) delivered")
    store.close()
}

/// Makes the roster and a release: `store-bench release ADDRESS SUBSCRIBERS NUMBER`.
func release(_ address: String, _ count: Int, _ number: Int) throws {
    let store = try PostgresStore(address, instance: "bench", clock: .caller)
    store.trustsClock = true
    let cohort = try World.take(World.roster(count), into: store)
    try World.release(number, cohort, from: store)
    store.close()
}

/// One daemon of several: `store-bench send ADDRESS NAME NUMBER`. Prints how many it delivered, and when it
/// began and ended, on the machine's monotonic clock.
func send(_ address: String, _ name: String, _ number: Int) throws {
    let store = try PostgresStore(address, instance: name, clock: .caller)
    store.trustsClock = true
    let now = World.instant(of: number)
    let before = Usage.now
    var courier = NullCourier(store, now: now)
    // What others have in flight is looked at again, and is done by them.
    while try courier.run().map({ $0 < now + .seconds(1) }) ?? false {}
    let used = Usage.now - before
    print("\(courier.delivered) \(before.wall) \(before.wall + used.wall) \(used.cpu)")
    store.close()
}

let words = CommandLine.arguments
func number(_ place: Int, _ usual: Int) -> Int {
    words.count > place ? Int(words[place]) ?? usual : usual
}
switch words.count > 3 ? words[1] : "" {
case "sqlite": try sqlite(words[2], number(3, 1_000_000), number(4, 1))
case "recover": try recover(words[2], number(3, 1))
case "prepare": try prepare(words[2], number(3, 20_000))
case "deliver": try deliver(words[2], number(3, 1))
case "release": try release(words[2], number(3, 1_000_000), number(4, 1))
case "send": try send(words[2], words[3], number(4, 1))
default: print("usage: store-bench sqlite|recover|prepare|deliver|release|send ...: see Benchmarks/store/run")
}
