import Foundation
import Glibc
import Testing

@testable import AdviceDaemon

@Suite("The journal's native protocol")
struct JournalSinkTests {
    @Test("an entry is one datagram of fields, a value of several lines with its length before it")
    func entry() throws {
        let folder = try TemporaryFolder()
        let journal = try Journal(folder.path + "/socket")
        let sink = try #require(JournalSink(path: journal.path))
        sink.write("delivered a/b to ann", priority: 6, fields: [("subscriber", "ann"), ("status", "204")])
        #expect(
            journal.next()
                == "PRIORITY=6\nSYSLOG_IDENTIFIER=advised\nMESSAGE=delivered a/b to ann\n"
                + "ADVISED_SUBSCRIBER=ann\nADVISED_STATUS=204\n")
        sink.write("one\ntwo", priority: 3, fields: [])
        #expect(
            journal.next()
                == "PRIORITY=3\nSYSLOG_IDENTIFIER=advised\nMESSAGE\n\u{7}\0\0\0\0\0\0\0one\ntwo\n")
    }

    @Test("where there is no journal there is no sink")
    func absent() throws {
        let folder = try TemporaryFolder()
        #expect(JournalSink(path: folder.path + "/socket") == nil)
    }

    @Test(
        "a journal that takes nothing stops nobody, and is told how much it missed", .timeLimit(.minutes(1)))
    func stalled() throws {
        let folder = try TemporaryFolder()
        let journal = try Journal(folder.path + "/socket")
        let sink = try #require(JournalSink(path: journal.path))
        // More than any queue of datagrams holds.
        let line = String(repeating: "x", count: 4000)
        for _ in 0..<5000 { sink.write(line, priority: 6, fields: []) }
        var taken = 0
        while journal.next() != nil { taken += 1 }
        #expect((1..<5000).contains(taken))
        sink.write("the last", priority: 6, fields: [])
        let last = try #require(journal.next())
        #expect(last.contains("MESSAGE=(\(5000 - taken) entries were dropped"))
        #expect(last.hasSuffix(") the last\n"))
    }

    @Test("a message of any length fits")
    func long() throws {
        let folder = try TemporaryFolder()
        let journal = try Journal(folder.path + "/socket")
        let sink = try #require(JournalSink(path: journal.path))
        sink.write(String(repeating: "é", count: 1_000_000), priority: 6, fields: [])
        #expect(try #require(journal.next()).utf8.count > 40_000)
    }
}

/// The journal's end of the socket.
private final class Journal {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = try #require(UnixAddress(path))
        #expect(address.withPointer { bind(descriptor, $0, $1) } == 0)
    }

    deinit { close(descriptor) }

    /// The next datagram; nil where none has come.
    func next() -> String? {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
