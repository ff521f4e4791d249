import CSQLite

/// A prepared statement. Its parameters are written `$1`, `$2`, ... and bound by that name, so that one text
/// serves PostgreSQL too, where they are numbers.
final class SQLiteStatement: SQLStatement {
    private let handle: OpaquePointer
    private unowned let connection: SQLiteConnection
    /// SQLite's own index of each `$n`, from `$1`: by the order in which they stand in the text, mostly `n`.
    private let positions: [Int32]
    private let isInOrder: Bool

    init(handle: OpaquePointer, connection: SQLiteConnection) {
        self.handle = handle
        self.connection = connection
        let count = Int(sqlite3_bind_parameter_count(handle))
        positions = (0..<count).map { sqlite3_bind_parameter_index(handle, "$\($0 + 1)") }
        precondition(!positions.contains(0), "parameters are $1, $2, ... without a gap")
        isInOrder = positions.enumerated().allSatisfy { $0 + 1 == Int($1) }
    }

    /// Ends the statement. It is not used again.
    func finalize() {
        sqlite3_finalize(handle)
    }

    // MARK: Values in

    private func position(_ number: Int) -> Int32 {
        isInOrder ? Int32(truncatingIfNeeded: number) : positions[number - 1]
    }

    func bind(_ number: Int, _ value: Int64) {
        expect(sqlite3_bind_int64(handle, position(number), value))
    }

    func bind(_ number: Int, text: String) {
        var value = text
        let code = value.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                sqlite3_bind_text(handle, position(number), text.baseAddress, Int32(text.count), copied)
            }
        }
        // An empty Swift string may have no address, which SQLite would take for NULL.
        expect(value.isEmpty ? sqlite3_bind_text(handle, position(number), "", 0, copied) : code)
    }

    func bind(_ number: Int, _ value: [UInt8]) {
        guard !value.isEmpty else { return expect(sqlite3_bind_zeroblob(handle, position(number), 0)) }
        expect(
            sqlite3_bind_blob64(handle, position(number), value, sqlite3_uint64(value.count), copied))
    }

    func bindNull(_ number: Int) {
        expect(sqlite3_bind_null(handle, position(number)))
    }

    func bind(_ number: Int, real: Double) {
        expect(sqlite3_bind_double(handle, position(number), real))
    }

    var parameterCount: Int { positions.count }

    private func expect(_ code: Int32) {
        precondition(code == SQLITE_OK, "a value can be bound to an idle statement")
    }

    // MARK: Running

    func step() throws(StoreError) -> Bool {
        try connection.check()
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw connection.fault(code)
        }
    }

    func reset() {
        sqlite3_reset(handle)
    }

    func run() throws(StoreError) {
        defer { reset() }
        while try step() {}
    }

    // Each run has put its row into the table.
    func expect(_ rows: Int) {}
    func finish() {}

    // MARK: Values out, of the row it stands on; columns count from 0

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func text(_ column: Int32) -> String { String(decoding: utf8(column), as: UTF8.self) }

    func utf8(_ column: Int32) -> UnsafeBufferPointer<UInt8> {
        let start = sqlite3_column_text(handle, column)
        return UnsafeBufferPointer(
            start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
    }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }

    func row() -> [SQLValue] {
        (0..<sqlite3_column_count(handle)).map { column in
            switch sqlite3_column_type(handle, column) {
            case SQLITE_INTEGER: .integer(integer(column))
            case SQLITE_FLOAT: .real(sqlite3_column_double(handle, column))
            case SQLITE_TEXT: .text(text(column))
            case SQLITE_BLOB: .bytes(bytes(column))
            default: .null
            }
        }
    }
}

/// SQLITE_TRANSIENT: SQLite copies what is bound. (The header's macro is a cast that Swift does not import.)
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
