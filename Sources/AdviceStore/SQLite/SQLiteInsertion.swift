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
    /// What the next row is bound to, and what its first parameter's number is less one there.
    private var target: SQLiteStatement
    private var base = 0

    private static let rows = 32

    init(_ insertion: SQLInsertion, on connection: SQLiteConnection) throws(StoreError) {
        parameterCount = insertion.columns.count
        many = try connection.prepared(SQLiteInsertion.text(insertion, rows: SQLiteInsertion.rows))
        one = try connection.prepared(SQLiteInsertion.text(insertion, rows: 1))
        target = one
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
        aim()
    }

    /// Chooses where the next row goes: one of many while so many are to come.
    private func aim() {
        let isMany = left > 0 && left >= SQLiteInsertion.rows - bound
        target = isMany ? many : one
        base = isMany ? bound * parameterCount : 0
    }

    func bind(_ number: Int, _ value: Int64) { target.bind(base + number, value) }
    func bind(_ number: Int, text: String) { target.bind(base + number, text: text) }
    func bind(_ number: Int, _ value: [UInt8]) { target.bind(base + number, value) }
    func bind(_ number: Int, real: Double) { target.bind(base + number, real: real) }
    func bindNull(_ number: Int) { target.bindNull(base + number) }

    func run() throws(StoreError) {
        guard target === many else { return try one.run() }
        bound += 1
        left -= 1
        if bound == SQLiteInsertion.rows {
            bound = 0
            try many.run()
        }
        aim()
    }

    func finish() {
        precondition(bound == 0, "as many rows came as were expected")
        left = 0
        aim()
    }

    // MARK: It gives no rows

    func step() throws(StoreError) -> Bool { preconditionFailure("an insertion is run and finished") }
    func reset() {}
    func isNull(_ column: Int32) -> Bool { true }
    func integer(_ column: Int32) -> Int64 { 0 }
    func text(_ column: Int32) -> String { "" }
    func bytes(_ column: Int32) -> [UInt8] { [] }
    func utf8(_ column: Int32) -> UnsafeBufferPointer<UInt8> { .init(start: nil, count: 0) }
    func row() -> [SQLValue] { [] }
}
