import AdviceCore

/// A thin driver: prepared statements, kept, and transactions. Confined to the queue of its owner.
///
/// One text of SQL serves both engines: parameters are `$1`, `$2`, ..., text is compared as bytes, and what
/// the two say differently is left to the driver: SQLite keeps to the order of a `CROSS JOIN`, and each has
/// an `ON`, for to PostgreSQL it is a `JOIN`.
protocol SQLDatabase: AnyObject {
    /// The database as errors name it; holds no password.
    var path: String { get }
    /// What a person does about one that is damaged.
    var howToGoOn: String { get }

    /// The prepared form of `sql`, made once and kept.
    func statement(_ sql: String) throws(StoreError) -> any SQLStatement

    /// A statement that inserts a row each time it is run. The rows are in the table when it is finished.
    func insertion(_ insertion: SQLInsertion) throws(StoreError) -> any SQLStatement

    /// Runs several statements without parameters, as a schema is.
    func execute(_ script: String) throws(StoreError)

    /// Runs `body` in one transaction that is on the disk when this returns. An error undoes all of it, and
    /// so does a result of nil.
    func transactionOrNothing<Result>(
        _ body: () throws(StoreError) -> Result?
    ) throws(StoreError) -> Result?

    /// Several reads of one moment, whatever others commit meanwhile.
    func moment<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result

    func close()
}

extension SQLDatabase {
    /// Runs one statement and gives all its rows.
    @discardableResult
    func query(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) -> [[SQLValue]] {
        let statement = try statement(sql)
        statement.bind(values)
        var rows: [[SQLValue]] = []
        try statement.walk { () throws(StoreError) in
            rows.append(statement.row())
            return true
        }
        return rows
    }

    func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        let result = try transactionOrNothing { () throws(StoreError) -> Result? in try body() }
        guard let result else { preconditionFailure("a body that must give a result gave one") }
        return result
    }
}

/// Rows for one table, by column; `conflict` is what follows the values.
struct SQLInsertion: Hashable {
    enum Kind: String, Hashable { case integer, text, bytes, truth }

    var table: String
    var columns: [Column]
    /// So many of the columns are the table's key, by which rows that come again replace those before.
    var key = 0
    var conflict = ""

    struct Column: Hashable {
        var name: String
        var kind: Kind
        init(_ name: String, _ kind: Kind = .integer) {
            self.name = name
            self.kind = kind
        }
    }

    var names: String { columns.map(\.name).joined(separator: ", ") }
}

/// A prepared statement. Parameters are numbered from 1, columns from 0.
protocol SQLStatement: AnyObject {
    func bind(_ number: Int, _ value: Int64)
    func bind(_ number: Int, text: String)
    func bind(_ number: Int, _ value: [UInt8])
    func bind(_ number: Int, real: Double)
    func bindNull(_ number: Int)
    var parameterCount: Int { get }

    /// Moves to the next row; false where there is none.
    func step() throws(StoreError) -> Bool
    /// Ready for the next use. An error of the last step is not told again.
    func reset()
    /// Of an insertion: so many rows are going to be run, and then `finish` is called. What an earlier run
    /// that was broken off has left is forgotten.
    func expect(_ rows: Int)
    /// Of an insertion: what was run is in the table after this.
    func finish() throws(StoreError)

    // Values of the row it stands on.
    func isNull(_ column: Int32) -> Bool
    func integer(_ column: Int32) -> Int64
    func text(_ column: Int32) -> String
    func bytes(_ column: Int32) -> [UInt8]
    /// A text where it lies: it is there until the statement moves on.
    func utf8(_ column: Int32) -> UnsafeBufferPointer<UInt8>
    func row() -> [SQLValue]

    /// Runs a statement that gives no rows, with what is bound now.
    func run() throws(StoreError)
}

extension SQLStatement {
    func bind(_ number: Int, _ value: Int64?) {
        guard let value else { return bindNull(number) }
        bind(number, value)
    }

    func bind(_ number: Int, _ value: String?) {
        guard let value else { return bindNull(number) }
        bind(number, text: value)
    }

    func bind(_ values: [SQLValue]) {
        precondition(values.count == parameterCount, "every parameter has a value")
        for (index, value) in values.enumerated() {
            switch value {
            case .null: bindNull(index + 1)
            case .integer(let value): bind(index + 1, value)
            case .real(let value): bind(index + 1, real: value)
            case .text(let value): bind(index + 1, text: value)
            case .bytes(let value): bind(index + 1, value)
            }
        }
    }

    /// Calls `body` at each row until it says false.
    func walk(_ body: () throws(StoreError) -> Bool) throws(StoreError) {
        defer { reset() }
        while try step() {
            guard try body() else { return }
        }
    }

    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }
    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
}
