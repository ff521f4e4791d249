import CPostgres
import Glibc

/// A prepared statement. Numbers and text go as text, whose types the server knows from the statement, and
/// bytes as they are.
final class PostgresStatement: SQLStatement {
    private let name: String
    private unowned let connection: PostgresConnection
    private var values: [Parameter]
    private var result: OpaquePointer?
    private var place: Int32 = -1

    enum Parameter {
        case null
        case text(String)
        case bytes([UInt8])
    }

    init(name: String, parameters: Int, connection: PostgresConnection) {
        self.name = name
        self.connection = connection
        values = Array(repeating: .null, count: parameters)
    }

    deinit { PQclear(result) }

    // MARK: Values in

    var parameterCount: Int { values.count }
    func bind(_ number: Int, _ value: Int64) { values[number - 1] = .text(String(value)) }
    func bind(_ number: Int, text: String) { values[number - 1] = .text(text) }
    func bind(_ number: Int, _ value: [UInt8]) { values[number - 1] = .bytes(value) }
    func bind(_ number: Int, real: Double) { values[number - 1] = .text("\(real)") }
    func bindNull(_ number: Int) { values[number - 1] = .null }

    // MARK: Running

    func step() throws(StoreError) -> Bool {
        if result == nil { result = try run(values) }
        place += 1
        return place < PQntuples(result)
    }

    func reset() {
        PQclear(result)
        result = nil
        place = -1
    }

    func run() throws(StoreError) {
        defer { reset() }
        _ = try step()
    }

    func expect(_ rows: Int) {}
    func finish() {}

    /// Sends all values as one block of bytes: libpq takes pointers.
    private func run(_ values: [Parameter]) throws(StoreError) -> OpaquePointer {
        var block: [UInt8] = []
        var starts: [Int?] = []
        var lengths: [Int32] = []
        var isBinary: [Int32] = []
        for value in values {
            switch value {
            case .null:
                starts.append(nil)
                lengths.append(0)
                isBinary.append(0)
            case .text(let text):
                starts.append(block.count)
                // PostgreSQL's text holds every character but NUL.
                block.append(contentsOf: text.utf8.lazy.filter { $0 != 0 })
                block.append(0)
                lengths.append(0)
                isBinary.append(0)
            case .bytes(let bytes):
                starts.append(block.count)
                block.append(contentsOf: bytes)
                block.append(0)
                lengths.append(Int32(bytes.count))
                isBinary.append(1)
            }
        }
        return try block.withUnsafeBufferPointer { (buffer) throws(StoreError) in
            let base = UnsafeRawPointer(buffer.baseAddress)
            let pointers = starts.map { start in
                start.flatMap { base?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            return try connection.execute(name, pointers, lengths, isBinary)
        }
    }

    // MARK: Values out

    func isNull(_ column: Int32) -> Bool { PQgetisnull(result, place, column) == 1 }

    /// Of a truth value, 1 or 0.
    func integer(_ column: Int32) -> Int64 {
        guard let text = PQgetvalue(result, place, column) else { return 0 }
        if text[0] == 0x74 { return 1 }
        return strtoll(text, nil, 10)
    }

    func text(_ column: Int32) -> String { String(decoding: utf8(column), as: UTF8.self) }

    func utf8(_ column: Int32) -> UnsafeBufferPointer<UInt8> {
        guard let start = PQgetvalue(result, place, column) else { return .init(start: nil, count: 0) }
        // A plain byte is a byte, signed or not.
        return UnsafeBufferPointer(
            start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self),
            count: Int(PQgetlength(result, place, column)))
    }

    /// Comes as `\x` and two digits for each byte.
    func bytes(_ column: Int32) -> [UInt8] {
        let digits = Array(text(column).utf8.dropFirst(2))
        func value(_ digit: UInt8) -> UInt8 { digit < 0x3a ? digit - 0x30 : digit - 0x57 }
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            value(digits[$0]) << 4 | value(digits[$0 + 1])
        }
    }

    func row() -> [SQLValue] {
        (0..<PQnfields(result)).map { column in
            if isNull(column) { return .null }
            switch PQftype(result, column) {
            // bool, int8, int2, int4, oid.
            case 16, 20, 21, 23, 26: return .integer(integer(column))
            case 17: return .bytes(bytes(column))
            case 700, 701: return .real(Double(text(column)) ?? 0)
            default: return .text(text(column))
            }
        }
    }
}
