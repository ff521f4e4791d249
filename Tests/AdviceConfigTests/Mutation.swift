import AdviceCore

/// A file with one to three changes somewhere: bytes taken out, `pieces` put in, bytes replaced or repeated.
func mutated(_ bytes: [UInt8], by pieces: [[UInt8]], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
        let start = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, start + Int.random(in: 0...4, using: &random))
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            bytes.removeSubrange(start..<end)
        case 1:
            bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &random)], at: start)
        case 2:
            bytes.replaceSubrange(start..<end, with: [UInt8.random(in: 0...255, using: &random)])
        default:
            let from = Int.random(in: 0...bytes.count, using: &random)
            let copied = bytes[from..<min(bytes.count, from + Int.random(in: 0...40, using: &random))]
            bytes.insert(contentsOf: Array(copied), at: start)
        }
    }
    return bytes
}
