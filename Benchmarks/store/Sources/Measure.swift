import Glibc

/// What the process has used so far.
struct Usage {
    /// Seconds of the processor, in user and system mode.
    var cpu: Double
    /// Seconds on the wall.
    var wall: Double
    /// Bytes handed to write calls.
    var written: Int

    static var now: Usage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        var wall = timespec()
        clock_gettime(CLOCK_MONOTONIC, &wall)
        return Usage(
            cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            wall: Double(wall.tv_sec) + Double(wall.tv_nsec) / 1e9, written: writtenBytes())
    }

    static func - (later: Usage, earlier: Usage) -> Usage {
        Usage(
            cpu: later.cpu - earlier.cpu, wall: later.wall - earlier.wall,
            written: later.written - earlier.written)
    }

    /// What `body` uses.
    static func of(_ body: () throws -> Void) rethrows -> Usage {
        let before = Usage.now
        try body()
        return Usage.now - before
    }

    /// `wchar` of /proc/self/io.
    private static func writtenBytes() -> Int {
        guard let file = fopen("/proc/self/io", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        while fgets(&line, 128, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("wchar: ") { return Int(text.dropFirst(7).dropLast()) ?? 0 }
        }
        return 0
    }
}

/// A number with so many digits after its point.
func digits(_ value: Double, _ count: Int = 2) -> String {
    let scale = (0..<count).reduce(1.0) { scale, _ in scale * 10 }
    let whole = Int((abs(value) * scale).rounded())
    let sign = value < 0 && whole > 0 ? "-" : ""
    guard count > 0 else { return "\(sign)\(whole)" }
    let fraction = "\(whole % Int(scale))"
    return "\(sign)\(whole / Int(scale))." + String(repeating: "0", count: count - fraction.count) + fraction
}

/// A line of a Markdown table.
func row(_ cells: String...) {
    print("| " + cells.joined(separator: " | ") + " |")
    fflush(nil)
}
