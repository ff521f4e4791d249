import CSQLite

/// A thin driver over libsqlite3: `query` and `transaction`, prepared statements kept, and errors in the
/// store's words. Confined to the queue of its owner (NOMUTEX).
///
/// Fail-stop: an fsync that failed once cannot be trusted again, since the next one "succeeds". After an
/// error of input or output, or a sign of damage, every call is refused with that first error; a restart
/// reads the disk.
final class SQLiteConnection: SQLDatabase {
    enum Mode { case readWrite, readOnly }

    let path: String
    var howToGoOn: String { SQLiteConnection.howToGoOn }
    private var handle: OpaquePointer?
    private var statements: [String: SQLiteStatement] = [:]
    private var insertions: [SQLInsertion: SQLiteInsertion] = [:]
    private var fatal: StoreError?

    /// How long another's lock is waited for, in milliseconds: whoever has it longer is stuck.
    private static let patience: Int32 = 5000

    /// Opens the database file at `path`, which exists; errors call it `name` where that is given.
    init(path: String, mode: Mode, named name: String? = nil) throws(StoreError) {
        self.path = name ?? path
        let access = mode == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        let code = sqlite3_open_v2(path, &handle, access | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK else {
            let error = fault(code)
            close()
            throw error
        }
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, SQLiteConnection.patience)
    }

    /// Runs `body`, in which another's lock is waited for no longer than so many milliseconds.
    func hurrying<Result>(
        _ milliseconds: Int32, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        sqlite3_busy_timeout(handle, milliseconds)
        defer { sqlite3_busy_timeout(handle, SQLiteConnection.patience) }
        return try body()
    }

    deinit { close() }

    func close() {
        for statement in statements.values { statement.finalize() }
        statements = [:]
        insertions = [:]
        sqlite3_close_v2(handle)
        handle = nil
        fatal = fatal ?? .internalFault("\(path): the database was closed")
    }

    func statement(_ sql: String) throws(StoreError) -> any SQLStatement { try prepared(sql) }

    func prepared(_ sql: String) throws(StoreError) -> SQLiteStatement {
        if let statement = statements[sql] { return statement }
        try check()
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw fault(code) }
        let statement = SQLiteStatement(handle: prepared, connection: self)
        statements[sql] = statement
        return statement
    }

    func insertion(_ insertion: SQLInsertion) throws(StoreError) -> any SQLStatement {
        if let made = insertions[insertion] { return made }
        let made = try SQLiteInsertion(insertion, on: self)
        insertions[insertion] = made
        return made
    }

    func execute(_ script: String) throws(StoreError) {
        try check()
        let code = sqlite3_exec(handle, script, nil, nil, nil)
        guard code == SQLITE_OK else { throw fault(code) }
    }

    func transactionOrNothing<Result>(
        _ body: () throws(StoreError) -> Result?
    ) throws(StoreError) -> Result? {
        try execute("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try execute(result == nil ? "ROLLBACK" : "COMMIT")
            return result
        } catch {
            // SQLite has rolled back by itself after some errors; after the others this does.
            if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
            throw error
        }
    }

    func moment<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try execute("BEGIN")
        defer { try? execute("ROLLBACK") }
        return try body()
    }

    // MARK: Errors

    func check() throws(StoreError) {
        if let fatal { throw fatal }
    }

    /// SQLite's code as what follows from it. Remembers what ends the connection.
    func fault(_ code: Int32) -> StoreError {
        let said = handle.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        let reason = said.map { String(cString: $0) } ?? "no reason given"
        let text = "\(path): \(reason) (SQLite code \(code))"
        let error: StoreError
        switch code & 0xff {
        case SQLITE_IOERR, SQLITE_FULL, SQLITE_READONLY, SQLITE_CANTOPEN:
            error = .inputOutput(text)
        case SQLITE_NOTADB, SQLITE_CORRUPT:
            error = .damaged("\(text): \(SQLiteConnection.howToGoOn)")
        case SQLITE_BUSY, SQLITE_LOCKED:
            return .locked("\(text): another program holds the database")
        default:
            return .internalFault(text)
        }
        fatal = fatal ?? error
        return error
    }

    /// What a person does about a database that cannot be read.
    static let howToGoOn = "restore a backup with `advised store restore`, or move the file away"
}
