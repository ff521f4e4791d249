// What libFuzzer calls; linked by scripts/fuzz alone. $ADVISED_FUZZ names the parser.

import FuzzedParsers
import Glibc

private let parser: FuzzedParser = {
    guard let name = getenv("ADVISED_FUZZ"), let parser = FuzzedParser(rawValue: String(cString: name)) else {
        fputs("ADVISED_FUZZ must be one of \(FuzzedParser.allCases.map(\.rawValue))\n", stderr)
        exit(64)
    }
    return parser
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    parser.read(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
