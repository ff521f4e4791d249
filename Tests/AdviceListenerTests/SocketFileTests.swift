import AdviceListener
import Foundation
import Glibc
import Testing

/// The file of a Unix socket goes with the listener.
@Suite
struct SocketFileTests {
    private let path = "/tmp/advised-listener-\(UUID().uuidString).sock"

    private func listener() throws -> Listener {
        try Listener(at: .unix(path: path), limits: ListenerLimits()) { _ in Reply(status: 204) }
    }

    @Test("a listener that stops takes its socket's file along")
    func stops() throws {
        let listener = try listener()
        #expect(access(path, F_OK) == 0)
        listener.stop()
        #expect(access(path, F_OK) != 0)
        try self.listener().stop()
        #expect(access(path, F_OK) != 0)
    }

    @Test("what has taken the file's place stays")
    func another() throws {
        let listener = try listener()
        unlink(path)
        let later = try self.listener()
        listener.stop()
        #expect(access(path, F_OK) == 0)
        later.stop()
        #expect(access(path, F_OK) != 0)
    }
}
