public import AdviceCore

/// The store on a PostgreSQL server, which several daemons share. None leads: a release is made by whoever
/// comes first, and batches and deliveries are handed out by lock.
///
/// What is handed out is *owned* by a daemon (a row of `daemon`), and that holds a lease, by the server's
/// clock: 60 s, renewed by every claim and by `renewLease`. Whose lease has run out loses what it owned to
/// the next claim of any other.
///
/// Claims, releases and records of what touches one delivery alone run beside each other (`Access.shared`);
/// everything else runs alone. Who is alone is said by an advisory lock of the transaction's.
public final class PostgresStore: SQLStore, SharedStore {
    let connection: PostgresConnection
    public let instance: String
    public var files: String?
    public private(set) var clockSkew: Span?

    /// Whose time it is by which deliveries are due and leases run out.
    public enum Clock: Sendable {
        /// The server's, read in each transaction. A daemon that is further off than `greatestSkew` neither
        /// releases nor claims.
        case server
        /// That of who calls: for tests and simulations, whose time is not the world's.
        case caller
    }

    /// How far this machine's clock may be off the server's.
    public static let greatestSkew = Span.seconds(60)
    /// How long a daemon has what it claimed, from when it was heard of last.
    public static let leaseTime = Span.seconds(60)
    /// How often `renewLease` is to be called while anything is in flight.
    public static let renewalInterval = Span.seconds(20)

    private let clock: Clock
    /// This daemon's number in `daemon`.
    var me: Int64 = 0
    /// When its lease runs out, as the database has it.
    var leaseEnd: Instant?
    /// The mark that this process wrote last.
    private var mark: Instant?
    /// By how far what is kept of releases has come.
    private var epoch = ""
    /// Of whom something may be held; nil where it was not asked.
    var heldAmong: Set<Int64>?

    /// Connects to the database that `string` says (as libpq reads it), and makes its tables where it has
    /// none. `instance` is this daemon's name among all that share the database, the same at every start:
    /// what an earlier run of it had in flight is set free.
    ///
    /// Throws `unreachable` where no server answers, `refused` where the database is another program's, or
    /// was written by a newer version, or the string is none.
    /// Only `forCopy` is one opened that a copy is being made into.
    public init(
        _ string: String, instance: String, clock: Clock = .server, forCopy: Bool = false
    ) throws(StoreError) {
        connection = try PostgresConnection(string)
        self.instance = instance
        self.clock = clock
        super.init(engine: "postgres", connection)
        do throws(StoreError) {
            try connection.connect()
            try PostgresSchemaVersion.make(connection)
            if !forCopy { try connection.refuseUnfinishedCopy() }
            // The lease begins with the first claim: by whose clock is not known here.
            connection.greet = { [unowned self] () throws(StoreError) in try self.reconcile() }
            try reconcile()
        } catch {
            connection.close()
            throw error
        }
    }

    public override func close() {
        // Where the server is lost the lease runs out by itself.
        if connection.isConnected { try? freeLease() }
        super.close()
    }

    public override func claim(limit: Int, now: Instant) throws(StoreError) -> Claim {
        try claimShared(limit: limit, now: now)
    }

    @discardableResult
    public override func record(_ group: OutcomeGroup, now: Instant) throws(StoreError) -> Instant? {
        try recordShared(group, now: now)
    }

    override func subjectsInFlight(of subscriber: Int64) throws(StoreError) -> [Int64] {
        try allSubjectsInFlight(of: subscriber)
    }

    override func subscribersInFlight() throws(StoreError) -> Set<Int64> {
        try allSubscribersInFlight()
    }

    override func isInFlight(_ key: DeliveryKey) throws(StoreError) -> Bool {
        if inFlight[key] != nil { return true }
        return try allSubjectsInFlight(of: key.subscriber).contains(key.subject)
    }

    override func inFlightFromBatches(
        of release: Int64, _ subject: Int64
    ) throws(StoreError) -> [(key: DeliveryKey, slot: Int64, owner: Int64?)] {
        try allInFlightFromBatches(of: release, subject)
    }

    override func note(_ owner: Int64, of key: DeliveryKey, _ slot: Int64) throws(StoreError) {
        try writeOwner(owner, of: key, slot)
    }

    override var lifeKey: String { "life of \(instance)" }

    override var notOwned: String { "AND d.owner IS NULL" }

    // MARK: Transactions

    override func writeOrNothing<Result>(
        _ now: Instant, _ access: Access, _ body: () throws(StoreError) -> Result?
    ) throws(StoreError) -> Result? {
        // What is written beside others and not by a claim or a record is a release.
        let commit =
            switch access {
            case .alone: PostgresListener.knowledge
            case .shared: PostgresListener.work
            case .unheard, .aloneUnheard: "COMMIT"
            }
        return try transaction(now, access, commit: commit) { (at) throws(StoreError) -> Result? in
            guard let result = try body() else { return nil }
            try raiseMark(at)
            return result
        }
    }

    /// A transaction at `at`: now, by the clock that counts.
    func transaction<Result>(
        _ now: Instant, _ access: Access, commit: String = "COMMIT",
        _ body: (_ at: Instant) throws(StoreError) -> Result?
    ) throws(StoreError) -> Result? {
        let lock =
            switch access {
            case .alone, .aloneUnheard: "pg_advisory_xact_lock"
            case .shared, .unheard: "pg_advisory_xact_lock_shared"
            }
        return try connection.transaction(
            """
            BEGIN; SELECT \(lock)(\(PostgresSchemaVersion.lock));
            SELECT \(PostgresStore.serverTime), (SELECT value FROM meta WHERE key = 'epoch'),
                EXISTS (SELECT 1 FROM delivery WHERE state = 2)
            """, commit: commit
        ) { (row) throws(StoreError) in
            guard row.count == 3, let time = Int64(row[0]) else {
                throw .refused("\(connection.path): is no database of advised's any more")
            }
            if row[1] != epoch { releases = [:] }
            epoch = row[1]
            holdsSome = row[2] == "t"
            return try body(at(now, Instant(nanoseconds: time)))
        }
    }

    private static let serverTime = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000"

    private func at(_ now: Instant, _ server: Instant) -> Instant {
        guard clock == .server else { return now }
        clockSkew = server - now
        return server
    }

    /// Throws `skewed` where this machine's clock is too far off.
    func checkClock() throws(StoreError) {
        guard let skew = clockSkew, max(skew, .zero - skew) > PostgresStore.greatestSkew else { return }
        let words = skew < .zero ? "ahead of" : "behind"
        throw .skewed(
            "this machine's clock is \(abs(skew.seconds)) s \(words) that of \(connection.path): "
                + "nothing is released or sent until it is set")
    }

    override func raiseMark(_ now: Instant) throws(StoreError) {
        // Every second is enough: the row is one, and all daemons write it.
        if clock == .server, let mark, now >= mark, now - mark < .seconds(1) { return }
        try super.raiseMark(now)
        mark = now
    }

    /// What waits does so by the server's clock, however this machine's was set.
    public override func shiftWaits(now: Instant) throws(StoreError) {
        try renewLease(now: now)
        try shift(clock == .server ? now + (clockSkew ?? .zero) : now)
    }

    override func forgetReleases() throws(StoreError) {
        try super.forgetReleases()
        try database.query(
            "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'epoch'")
    }

    // MARK: Files

    override func checkFiles() throws(StoreError) {
        try checkClock()
        guard let files, let taken = try takenFiles(), taken.digest != files else { return }
        throw .outdated(
            "another daemon has taken other files into \(connection.path) (number \(taken.number)): this one "
                + "releases nothing until its own are the same and are reloaded")
    }

    public func common() throws(StoreError) -> CommonState {
        let decisions = try connection.query("SELECT coalesce(max(number), 0) FROM decision")
        return CommonState(
            files: try takenFiles(), generation: try connection.number("generation") ?? 0,
            decisions: decisions.first?[0].integer ?? 0)
    }

    public func listen() throws(StoreError) -> PostgresListener { try PostgresListener(beside: connection) }

    public var holdsSomething: Bool { !inFlight.isEmpty }

    private func takenFiles() throws(StoreError) -> TakenFiles? {
        guard let number = try connection.number("files_number"),
            let digest = try connection.query("SELECT value FROM meta WHERE key = 'files'").first?[0].text
        else { return nil }
        return TakenFiles(number: number, digest: digest)
    }

    override func tookRoster(_ now: Instant) throws(StoreError) {
        guard let files else { return }
        let taken = try takenFiles()
        if taken?.digest == files { return }
        try database.query(
            """
            INSERT INTO meta(key, value) VALUES ('files', $1), ('files_number', $2)
            ON CONFLICT(key) DO UPDATE SET value = excluded.value
            """, [.text(files), .text("\((taken?.number ?? 0) + 1)")])
    }

    // MARK: Copies

    /// Other daemons' transactions wait from now on, until this connection ends.
    override func freeze() throws(StoreError) {
        try connection.query("SELECT pg_advisory_lock(\(PostgresSchemaVersion.lock))")
    }

    override func lastNumbers() throws(StoreError) -> [String: Int64] {
        var last = try super.lastNumbers()
        for table in StoreCopy.numbered {
            let sequence = "CAST(pg_get_serial_sequence('\(table)', 'number') AS regclass)"
            let found = try connection.query("SELECT pg_sequence_last_value(\(sequence))")
            if let number = found.first?[0].integer { last[table] = max(number, last[table] ?? 0) }
        }
        return last
    }

    override func take(lastNumbers last: [String: Int64]) throws(StoreError) {
        for (table, number) in last.sorted(by: { $0.key < $1.key }) where number > 0 {
            try connection.query(
                "SELECT setval(pg_get_serial_sequence('\(table)', 'number'), $1)", [.integer(number)])
        }
    }

    // MARK: Many rows

    override func reserveSubscribers(_ count: Int) throws(StoreError) -> Int64 {
        guard count > 0 else { return 0 }
        // Nobody else takes any meanwhile: an import runs alone.
        let rows = try database.query(
            """
            SELECT setval(pg_get_serial_sequence('subscriber', 'number'),
                nextval(pg_get_serial_sequence('subscriber', 'number')) + $1 - 1) - $1 + 1
            """, [.integer(Int64(count))])
        guard let first = rows.first?[0].integer else { throw .internalFault("no numbers are left") }
        return first
    }

    override func settleManyRows() throws(StoreError) {
        try database.execute("ANALYZE subscriber; ANALYZE member")
    }

    override func suspended(among subscribers: [Int64]) throws(StoreError) -> Set<Int64> {
        let rows = try database.query(
            """
            SELECT e.subscriber FROM endpoint e JOIN subscriber s ON s.number = e.subscriber
                AND s.fingerprint = e.fingerprint
            WHERE e.subscriber = ANY(CAST($1 AS bigint[])) AND e.state IN \(EndpointHealth.holding)
            """, [PostgresStore.array(subscribers)])
        return Set(rows.compactMap { $0[0].integer })
    }

    override func mayBeHeld(_ subscriber: Int64) -> Bool { heldAmong?.contains(subscriber) ?? true }

    override func finish(_ batches: [Int64]) throws(StoreError) {
        try database.query(
            "DELETE FROM batch WHERE number = ANY(CAST($1 AS bigint[]))", [PostgresStore.array(batches)])
    }

    /// As PostgreSQL writes an array.
    static func array(_ numbers: [Int64]) -> SQLValue {
        .text("{\(numbers.map { "\($0)" }.joined(separator: ","))}")
    }
}

/// The making of the tables, and which a database has.
enum PostgresSchemaVersion {
    /// The two numbers of the advisory lock: of this program, and of the schema that the tables are in.
    static let lock = "1633973865, hashtext(current_schema())"

    static func make(_ connection: PostgresConnection) throws(StoreError) {
        // Two daemons may come to an empty database at once.
        try connection.transaction { () throws(StoreError) in
            try connection.execute("SELECT pg_advisory_xact_lock(\(lock))")
            if try isNew(connection) {
                try connection.execute(PostgresSchema.tables)
            } else {
                try migrate(connection)
            }
        }
    }

    /// Brings the tables of an earlier version to this program's. What it adds is of no concern to daemons of
    /// the version before, which run on, and start again.
    private static func migrate(_ connection: PostgresConnection) throws(StoreError) {
        let found = try connection.number("schema") ?? 0
        guard found < PostgresSchema.version else { return }
        // An index over what is kept of a year takes longer than any statement of every day may.
        try connection.execute("SET LOCAL statement_timeout = 0")
        for version in (found + 1)...PostgresSchema.version {
            guard let script = PostgresSchema.migrations[version] else {
                throw .refused("\(connection.path): nothing leads to schema version \(version)")
            }
            try connection.execute(script)
        }
        try connection.query(
            """
            INSERT INTO meta(key, value) VALUES ('schema', $1), ('oldest', $2)
            ON CONFLICT(key) DO UPDATE SET value = excluded.value
            """, [.text("\(PostgresSchema.version)"), .text("\(PostgresSchema.oldest)")])
    }

    /// Whether there are no tables yet. Throws for those that are not ours or are newer than this program.
    static func isNew(_ connection: PostgresConnection) throws(StoreError) -> Bool {
        let names = try connection.query(
            "SELECT CAST(relname AS text) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        ).compactMap { $0[0].text }
        if names.isEmpty { return true }
        guard names.contains("meta"), names.contains("daemon"),
            try connection.query("SELECT value FROM meta WHERE key = 'application'") == [["advised"]]
        else {
            throw .refused(
                "\(connection.path): holds tables of another program: give advised a database of its own")
        }
        let version = try connection.number("schema") ?? 0
        guard try connection.number("oldest") ?? version <= PostgresSchema.version else {
            throw .refused(
                "\(connection.path): has schema version \(version), and this program knows up to "
                    + "\(PostgresSchema.version): run the newer advised that wrote it")
        }
        return false
    }
}
