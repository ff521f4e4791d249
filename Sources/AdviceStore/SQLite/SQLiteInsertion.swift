/// An insertion of many rows by few statements: where so many are to come, 32 go in one, for a statement
/// costs as much to begin as some rows to insert.
final class SQLiteInsertion: SQLStatement {
    private let many: SQLiteStatement
    private let one: SQLiteStatement
    let parameterCount: Int
    /// Rows that are still to come.
    private var left = 0
    /// Rows that are bound in `many`.
    private var bound = 0

    private static let rows = 32

    init(_ insertion: SQLInsertion, on connection: SQLiteConnection) throws(StoreError) {
        parameterCount = insertion.columns.count
        many = try connection.prepared(SQLiteInsertion.text(insertion, rows: SQLiteInsertion.rows))
        one = try connection.prepared(SQLiteInsertion.text(insertion, rows: 1))
    }

    private static func text(_ insertion: SQLInsertion, rows: Int) -> String {
        let width = insertion.columns.count
        let values = (0..<rows).map { row in
            "(\((1...width).map { "$\(row * width + $0)" }.joined(separator: ", ")))"
        }
        return "INSERT INTO \(insertion.table)(\(insertion.names)) VALUES "
            + "\(values.joined(separator: ", ")) \(insertion.conflict)"
    }

    func expect(_ rows: Int) {
        left = rows
        bound = 0
    }

    private var isMany: Bool { left >= SQLiteInsertion.rows - bound && left > 0 }

    func bind(_ number: Int, _ value: Int64) {
        if isMany { many.bind(bound * parameterCount + number, value) } else { one.bind(number, value) }
    }

    func bind(_ number: Int, text: String) {
        if isMany {
            many.bind(bound * parameterCount + number, text: text)
        } else {
            one.bind(number, text: text)
        }
    }

    func bind(_ number: Int, _ value: [UInt8]) {
        if isMany { many.bind(bound * parameterCount + number, value) } else { one.bind(number, value) }
    }

    func bind(_ number: Int, real: Double) {
        if isMany {
            many.bind(bound * parameterCount + number, real: real)
        } else {
            one.bind(number, real: real)
        }
    }

    func bindNull(_ number: Int) {
        if isMany { many.bindNull(bound * parameterCount + number) } else { one.bindNull(number) }
    }

    func run() throws(StoreError) {
        guard isMany else { return try one.run() }
        bound += 1
        left -= 1
        guard bound == SQLiteInsertion.rows else { return }
        bound = 0
        try many.run()
    }

    func finish() {
        precondition(bound == 0, "as many rows came as were expected")
        left = 0
    }

    // MARK: It gives no rows

    func step() throws(StoreError) -> Bool { preconditionFailure("an insertion is run and finished") }
    func reset() {}
    func isNull(_ column: Int32) -> Bool { true }
    func integer(_ column: Int32) -> Int64 { 0 }
    func text(_ column: Int32) -> String { "" }
    func bytes(_ column: Int32) -> [UInt8] { [] }
    func row() -> [SQLValue] { [] }
}
