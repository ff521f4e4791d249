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

/// A number with three digits after its point.
func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

func say(_ name: String, _ usage: Usage, _ more: String = "") {
    print(
        "\(name): \(rounded(usage.cpu)) s of CPU, \(rounded(usage.wall)) s, "
            + "\(usage.written / 1_000_000) MB written\(more.isEmpty ? "" : ", ")\(more)")
    fflush(nil)
}
