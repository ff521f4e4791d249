import Foundation
import Glibc
import Testing

@testable import AdviceDaemon

@Suite("Where log lines go")
struct LogSinkTests {
    @Test(
        "a reader that has stopped reading stops nobody, and is told how much it missed",
        .timeLimit(.minutes(1)))
    func stalledReader() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let sink = LogSink(descriptor: ends[1])
        // A pipe holds 64 KiB; this is ten times as much.
        for number in 0..<10_000 { sink.write("line \(number) " + String(repeating: "x", count: 60)) }
        let first = read(ends[0], upTo: 1 << 20)
        #expect(first.hasPrefix("line 0 x"))
        sink.write("the last")
        let second = read(ends[0], upTo: 1 << 20)
        #expect(second.contains("log lines were dropped: nobody read them)\nthe last\n"))
        let kept = first.split(separator: "\n").count
        #expect(second.contains("(\(10_000 - kept) log lines"))
        sink.write("on time")
        #expect(read(ends[0], upTo: 4096) == "on time\n")
    }

    private func read(_ descriptor: Int32, upTo limit: Int) -> String {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = Glibc.read(descriptor, &buffer, limit)
        return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    }
}
