import CPostgres
import Glibc

/// A thin driver over libpq: prepared statements, kept, and errors in the store's words. Calls block, on the
/// queue of its owner.
///
/// A server that is lost is no fault of the disk: the call throws `unreachable`, and the next one connects
/// anew. What was on its way then was committed or was not.
final class PostgresConnection: SQLDatabase {
    /// Host, port and name of the database, as errors name it.
    private(set) var path: String
    let howToGoOn = "restore a backup of the database"
    /// Is called when a connection was made, before anything else is done on it.
    var greet: (() throws(StoreError) -> Void)?
    private let parameters: [(name: String, value: String)]
    private var handle: OpaquePointer?
    private var statements: [String: PostgresStatement] = [:]
    private var insertions: [SQLInsertion: PostgresInsertion] = [:]
    private var isClosed = false
    /// How many statements were prepared: their names.
    private var prepared = 0

    /// `string` is libpq's: `host=a,b dbname=advised`, or a URL. What it does not say of time-outs is said
    /// here: 5 s for each host to connect, 15 s for what was sent to be acknowledged, 60 s for a statement.
    init(_ string: String) throws(StoreError) {
        parameters = try PostgresConnection.parsed(string)
        path = PostgresConnection.name(parameters)
    }

    /// Another connection to the same database, made when it is used.
    init(like other: PostgresConnection) {
        (parameters, path) = (other.parameters, other.path)
    }

    deinit { close() }

    func close() {
        isClosed = true
        drop()
    }

    private func drop() {
        if let handle { PQfinish(handle) }
        handle = nil
        statements = [:]
        insertions = [:]
    }

    // MARK: Connecting

    private static func parsed(_ string: String) throws(StoreError) -> [(name: String, value: String)] {
        var reason: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(string, &reason) else {
            // libpq's words quote the string, which may hold a password.
            PQfreemem(reason)
            throw .refused("store.postgres: is no connection string as libpq knows them")
        }
        defer { PQconninfoFree(options) }
        var given: [(name: String, value: String)] = []
        var place = options
        while let name = place.pointee.keyword {
            if let value = place.pointee.val {
                given.append((String(cString: name), String(cString: value)))
            }
            place += 1
        }
        let usual = [
            ("connect_timeout", "5"), ("tcp_user_timeout", "15000"), ("keepalives_idle", "15"),
            ("target_session_attrs", "read-write"), ("application_name", "advised"),
        ]
        let known = Set(given.map(\.name))
        return given + usual.filter { !known.contains($0.0) }.map { (name: $0.0, value: $0.1) }
    }

    private static func name(_ parameters: [(name: String, value: String)]) -> String {
        func value(_ name: String) -> String? { parameters.last { $0.name == name }?.value }
        let host = value("host") ?? value("hostaddr") ?? "this machine"
        return "PostgreSQL \(value("dbname") ?? "") at \(host)"
    }

    var isConnected: Bool { handle.map { PQstatus($0) == CONNECTION_OK } ?? false }

    /// Connects where there is no connection.
    func connect() throws(StoreError) {
        guard !isClosed else { throw .internalFault("\(path): the database was closed") }
        if let handle, PQstatus(handle) == CONNECTION_OK { return }
        drop()
        let names = parameters.map { strdup($0.name) } + [nil]
        let values = parameters.map { strdup($0.value) } + [nil]
        defer { for text in names + values { free(text) } }
        handle = PQconnectdbParams(names.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 0)
        guard let handle, PQstatus(handle) == CONNECTION_OK else {
            let reason = said()
            drop()
            throw .unreachable("\(path): \(reason)")
        }
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        do throws(StoreError) {
            try settle()
            try greet?()
        } catch {
            drop()
            throw error
        }
    }

    /// Plans as SQLite makes them: from table to table in the order of the text, by keys. Tables may grow by
    /// a million rows between two looks of the statistics.
    private func settle() throws(StoreError) {
        try run(
            """
            SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '30s';
            SET join_collapse_limit = 1; SET enable_hashjoin = off; SET enable_mergejoin = off;
            SET enable_seqscan = off; SET enable_bitmapscan = off; SET random_page_cost = 1.1;
            SET jit = off; SET max_parallel_workers_per_gather = 0; SET client_encoding = 'UTF8';
            SET bytea_output = 'hex'; SET client_min_messages = 'warning'
            """)
        // The role or the database may have it off: what was recorded would be lost with the server.
        if try row("SHOW synchronous_commit") == ["off"] { try run("SET synchronous_commit = on") }
        guard let handle, PQserverVersion(handle) >= 150_000 else {
            throw .refused("\(path): is older than PostgreSQL 15")
        }
    }

    /// The first row of what the last statement of a script gives; a NULL is an empty text.
    private func row(_ script: String) throws(StoreError) -> [String] {
        let result = try done(PQexec(handle, script))
        defer { PQclear(result) }
        guard PQntuples(result) > 0 else { return [] }
        return (0..<PQnfields(result)).map { String(cString: PQgetvalue(result, 0, $0)) }
    }

    // MARK: Statements

    func statement(_ sql: String) throws(StoreError) -> any SQLStatement {
        try connect()
        if let statement = statements[sql] { return statement }
        let text = sql.replacing("CROSS JOIN", with: "JOIN")
        let statement = try prepare(text)
        statements[sql] = statement
        return statement
    }

    private func prepare(_ text: String) throws(StoreError) -> PostgresStatement {
        prepared += 1
        let name = "s\(prepared)"
        PQclear(try done(PQprepare(handle, name, text, 0, nil)))
        let description = try done(PQdescribePrepared(handle, name))
        defer { PQclear(description) }
        return PostgresStatement(name: name, parameters: Int(PQnparams(description)), connection: self)
    }

    func insertion(_ insertion: SQLInsertion) throws(StoreError) -> any SQLStatement {
        try connect()
        if let made = insertions[insertion] { return made }
        let arrays = insertion.columns.enumerated().map { place, column in
            "$\(place + 1)::\(PostgresInsertion.type(of: column.kind))[]"
        }
        let statement = try prepare(
            """
            INSERT INTO \(insertion.table)(\(insertion.names))
            SELECT * FROM unnest(\(arrays.joined(separator: ", "))) \(insertion.conflict)
            """)
        let made = PostgresInsertion(insertion, statement: statement)
        insertions[insertion] = made
        return made
    }

    func execute(_ script: String) throws(StoreError) {
        try connect()
        try run(script)
    }

    private func run(_ script: String) throws(StoreError) {
        PQclear(try done(PQexec(handle, script)))
    }

    func transactionOrNothing<Result>(
        _ body: () throws(StoreError) -> Result?
    ) throws(StoreError) -> Result? {
        try transaction("BEGIN") { (_) throws(StoreError) in try body() }
    }

    /// As `transactionOrNothing`. `begin` begins it, and `commit` ends it: each may do more in the same round
    /// trip. `body` is given the first row that `begin` gave last.
    func transaction<Result>(
        _ begin: String, commit: String = "COMMIT", _ body: ([String]) throws(StoreError) -> Result?
    ) throws(StoreError) -> Result? {
        do {
            try connect()
            let row = try row(begin)
            // What a broken run has left in an insertion was of another transaction.
            for insertion in insertions.values { insertion.empty() }
            let result = try body(row)
            try run(result == nil ? "ROLLBACK" : commit)
            return result
        } catch {
            if let handle, PQtransactionStatus(handle) != PQTRANS_IDLE { try? run("ROLLBACK") }
            throw error
        }
    }

    func moment<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        defer { try? run("COMMIT") }
        return try body()
    }

    // MARK: For the statements

    /// Runs a prepared statement. `values` are text unless `isBinary`.
    func execute(
        _ name: String, _ values: [UnsafePointer<CChar>?], _ lengths: [Int32], _ isBinary: [Int32]
    ) throws(StoreError) -> OpaquePointer {
        guard let handle else { throw .unreachable("\(path): the connection was lost") }
        return try done(
            PQexecPrepared(handle, name, Int32(values.count), values, lengths, isBinary, 0))
    }

    // MARK: Hearing

    var socket: Int32? {
        guard let handle, PQsocket(handle) >= 0 else { return nil }
        return PQsocket(handle)
    }

    /// The server's process that serves this connection.
    var server: Int32? { handle.map { PQbackendPID($0) } }

    /// Takes what the server has sent unasked: the words of other connections but that of process `own`.
    func takeNotices(butFrom own: Int32?) throws(StoreError) -> [String] {
        guard let handle, PQconsumeInput(handle) == 1 else { throw fault(nil) }
        var words: [String] = []
        while let notice = PQnotifies(handle) {
            if notice.pointee.be_pid != own { words.append(String(cString: notice.pointee.extra)) }
            PQfreemem(notice)
        }
        return words
    }

    /// The result, if it is one.
    private func done(_ result: OpaquePointer?) throws(StoreError) -> OpaquePointer {
        guard let result else { throw fault(nil) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return result
        default:
            let error = fault(result)
            PQclear(result)
            throw error
        }
    }

    /// What the server or the client said, as what follows from it.
    private func fault(_ result: OpaquePointer?) -> StoreError {
        let isLost = handle.map { PQstatus($0) != CONNECTION_OK } ?? true
        let code = result.flatMap { PQresultErrorField($0, 67) }.map { String(cString: $0) } ?? ""
        let primary = result.flatMap { PQresultErrorField($0, 77) }.map { String(cString: $0) }
        let text = "\(path): \(primary ?? said())\(code.isEmpty ? "" : " (SQLSTATE \(code))")"
        let error = PostgresConnection.error(code, text, isLost: isLost)
        if case .unreachable = error { drop() }
        return error
    }

    /// By SQLSTATE (PostgreSQL's appendix A), the longer first.
    static func error(_ code: String, _ text: String, isLost: Bool = false) -> StoreError {
        let passing = [
            // Lost, shutting down, starting up, in recovery; a standby; too many connections; out of time.
            "08", "57P", "57014", "25P03", "25006", "53", "55P03",
            // Two that waited for each other.
            "40",
        ]
        // A full disk of the server's passes when somebody makes room; nothing was written. What has no code
        // was said by libpq, of a connection that it may not know to be lost yet.
        if isLost || code.isEmpty || passing.contains(where: code.hasPrefix) { return .unreachable(text) }
        if code.hasPrefix("XX001") || code.hasPrefix("XX002") { return .damaged(text) }
        if ["28", "3D", "42501", "0A"].contains(where: code.hasPrefix) { return .refused(text) }
        if code.hasPrefix("58") { return .inputOutput(text) }
        return .internalFault(text)
    }

    /// What libpq said last, in one line and without what it quotes.
    private func said() -> String {
        guard let handle, let text = PQerrorMessage(handle) else { return "no reason given" }
        // What it guesses of the cause begins with a tab.
        let lines = String(cString: text).split(separator: "\n").filter { !$0.hasPrefix("\t") }
        return lines.isEmpty ? "the connection was lost" : lines.joined(separator: "; ")
    }
}
