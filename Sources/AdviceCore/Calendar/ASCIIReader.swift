/// Reads text of a fixed form byte by byte: digits and separators, nothing lenient.
///
/// Every method either takes what it names and moves on, or gives `nil` (`false`) and stays where it is.
struct ASCIIReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    var isAtEnd: Bool { position == bytes.count }

    /// The next byte, not taken.
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Takes the next byte where it is `scalar`.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard let next, UInt32(next) == scalar.value else { return false }
        position += 1
        return true
    }

    /// Takes the bytes up to the first that is not `wanted`, and says how many those were.
    mutating func skip(while wanted: (UInt8) -> Bool) -> Int {
        let start = position
        while let next, wanted(next) { position += 1 }
        return position - start
    }

    /// Takes as many digits as there are, up to the most of `digits`; `nil` where there are fewer than its
    /// least.
    mutating func number(digits: ClosedRange<Int>) -> Int? {
        var value = 0
        var taken = 0
        while taken < digits.upperBound, position + taken < bytes.count {
            let byte = bytes[position + taken]
            guard isASCIIDigit(byte) else { break }
            value = value * 10 + Int(byte - 48)
            taken += 1
        }
        guard digits.contains(taken) else { return nil }
        position += taken
        return value
    }

    /// Takes exactly `digits` digits whose number lies in `range`.
    mutating func number(digits: Int, in range: ClosedRange<Int>) -> Int? {
        let start = position
        guard let value = number(digits: digits...digits) else { return nil }
        guard range.contains(value) else {
            position = start
            return nil
        }
        return value
    }
}

func isASCIIDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

func isASCIILetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }

extension Int {
    /// The decimal digits, with zeros before them up to `width`; the sign, if any, stands before the zeros.
    func padded(to width: Int) -> String {
        let digits = String(magnitude)
        let zeros = String(repeating: "0", count: Swift.max(0, width - digits.utf8.count))
        return (self < 0 ? "-" : "") + zeros + digits
    }
}
