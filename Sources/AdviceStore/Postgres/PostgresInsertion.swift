/// An insertion of many rows by one statement: a column is an array. One round trip carries a group of
/// outcomes, and a row costs the server a fourth of what a statement of its own would.
final class PostgresInsertion: SQLStatement {
    private let insertion: SQLInsertion
    private let statement: PostgresStatement
    /// The literal of each column's array, as far as it has come.
    private var columns: [[UInt8]]
    private var values: [Value]
    private var count = 0
    /// Keys that are in the arrays: PostgreSQL replaces a row once in a statement.
    private var keys: Set<[Int64]> = []

    /// As many rows as go in one statement.
    private static let most = 4096

    private enum Value {
        case null
        case integer(Int64)
        case text(String)
        case bytes([UInt8])
    }

    init(_ insertion: SQLInsertion, statement: PostgresStatement) {
        self.insertion = insertion
        self.statement = statement
        columns = Array(repeating: [], count: insertion.columns.count)
        values = Array(repeating: .null, count: insertion.columns.count)
    }

    static func type(of kind: SQLInsertion.Kind) -> String {
        switch kind {
        case .integer: "bigint"
        case .text: "text"
        case .bytes: "bytea"
        case .truth: "boolean"
        }
    }

    var parameterCount: Int { values.count }
    func bind(_ number: Int, _ value: Int64) { values[number - 1] = .integer(value) }
    func bind(_ number: Int, text: String) { values[number - 1] = .text(text) }
    func bind(_ number: Int, _ value: [UInt8]) { values[number - 1] = .bytes(value) }
    func bind(_ number: Int, real: Double) { values[number - 1] = .text("\(real)") }
    func bindNull(_ number: Int) { values[number - 1] = .null }

    func expect(_ rows: Int) { empty() }

    /// Takes the row that is bound now.
    func run() throws(StoreError) {
        if count == PostgresInsertion.most { try finish() }
        if insertion.key > 0, !keys.insert(key()).inserted {
            try finish()
            keys.insert(key())
        }
        for place in values.indices { append(values[place], to: place) }
        count += 1
    }

    private func key() -> [Int64] {
        values.prefix(insertion.key).map { if case .integer(let value) = $0 { value } else { 0 } }
    }

    func finish() throws(StoreError) {
        guard count > 0 else { return }
        for place in columns.indices {
            columns[place].append(0x7d)
            statement.bind(place + 1, text: String(decoding: columns[place], as: UTF8.self))
        }
        empty()
        try statement.run()
    }

    func empty() {
        for place in columns.indices { columns[place].removeAll(keepingCapacity: true) }
        keys.removeAll(keepingCapacity: true)
        count = 0
    }

    private func append(_ value: Value, to place: Int) {
        columns[place].append(count == 0 ? 0x7b : 0x2c)
        switch value {
        case .null: columns[place].append(contentsOf: "NULL".utf8)
        case .integer(let number): append(number, to: place)
        case .text(let text):
            columns[place].append(0x22)
            // PostgreSQL's text holds every character but NUL.
            for byte in text.utf8 where byte != 0 {
                if byte == 0x22 || byte == 0x5c { columns[place].append(0x5c) }
                columns[place].append(byte)
            }
            columns[place].append(0x22)
        case .bytes(let bytes):
            // "\\x..." in the array is \x... to bytea.
            columns[place].append(contentsOf: [0x22, 0x5c, 0x5c, 0x78])
            for byte in bytes {
                for digit in [byte >> 4, byte & 0xf] {
                    columns[place].append(digit < 10 ? 0x30 + digit : 0x57 + digit)
                }
            }
            columns[place].append(0x22)
        }
    }

    private func append(_ number: Int64, to place: Int) {
        if number < 0 { columns[place].append(0x2d) }
        var rest = number.magnitude
        let start = columns[place].count
        repeat {
            columns[place].append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        columns[place][start...].reverse()
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
