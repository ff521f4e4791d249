import AdviceCore
import AdviceStore
import Glibc

/// What SQLite takes: `store-bench sqlite FOLDER SUBSCRIBERS RELEASES`.
func sqlite(_ folder: String, _ count: Int, _ releases: Int) throws {
    let path = folder + "/advised.db"
    var store = try SQLiteStore(path: path)
    store.trustsClock = true
    func measure(_ name: String, _ body: () throws -> Void) rethrows {
        let before = Usage.now
        try body()
        say(name, Usage.now - before)
    }
    func size() -> Int {
        var file = stat()
        return stat(path, &file) == 0 ? Int(file.st_size) : 0
    }
    var cohort = CohortRecord(number: 0, series: "s", cohort: World.cohort, members: 0)
    do {
        let roster = World.roster(count)
        try measure("import of \(count)") { cohort = try World.take(roster, into: store) }
    }
    do {
        let roster = World.roster(count, changed: count / 100)
        try measure("reload with 1 % changed") { cohort = try World.take(roster, into: store) }
    }
    for number in 1...releases {
        try measure("release \(number): the step") { try World.release(number, cohort, from: store) }
        let before = size()
        var courier = NullCourier(store, now: World.instant(of: number))
        let start = Usage.now
        _ = try courier.run()
        let each = max(0, size() - before) / max(1, courier.delivered)
        say(
            "release \(number): deliveries", Usage.now - start,
            "\(courier.delivered), \(each) bytes kept for each")
    }
    try World.release(releases + 1, cohort, from: store)
    var courier = NullCourier(store, now: World.instant(of: releases + 1))
    _ = try courier.run(limit: count / 2)
    store.close()
    try measure("recovery up to the first claim") {
        store = try SQLiteStore(path: path)
        _ = try store.load()
        _ = try store.claim(limit: 256, now: World.instant(of: releases + 1))
    }
    store.close()
}

/// Makes the roster and a release: `store-bench release ADDRESS SUBSCRIBERS NUMBER`.
func release(_ address: String, _ count: Int, _ number: Int) throws {
    let store = try PostgresStore(address, instance: "bench", clock: .caller)
    store.trustsClock = true
    var before = Usage.now
    let cohort = try World.take(World.roster(count), into: store)
    say("import of \(count)", Usage.now - before)
    before = Usage.now
    try World.release(number, cohort, from: store)
    say("release \(number): the step", Usage.now - before)
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
    print("\(courier.delivered) \(before.wall) \(before.wall + used.wall) \(rounded(used.cpu))")
    store.close()
}

let words = CommandLine.arguments
switch words.count > 4 ? words[1] : "" {
case "sqlite": try sqlite(words[2], Int(words[3]) ?? 1_000_000, Int(words[4]) ?? 1)
case "release": try release(words[2], Int(words[3]) ?? 1_000_000, Int(words[4]) ?? 1)
case "send": try send(words[2], words[3], Int(words[4]) ?? 1)
default: print("usage: store-bench sqlite|release|send ...: see Benchmarks/store/run")
}
