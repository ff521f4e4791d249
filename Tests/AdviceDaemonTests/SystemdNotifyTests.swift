import Foundation
import Glibc
import Testing

@testable import AdviceDaemon

@Suite("The service manager")
struct SystemdNotifyTests {
    @Test("what is said arrives as datagrams, by a path and by an abstract name", arguments: [false, true])
    func arrives(_ isAbstract: Bool) throws {
        let folder = try TemporaryFolder()
        let name = isAbstract ? "@advised-\(UUID().uuidString)" : folder.path + "/notify"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = try #require(UnixAddress(name))
        #expect(address.withPointer { bind(descriptor, $0, $1) } == 0)

        let notify = SystemdNotify(environment: ["NOTIFY_SOCKET": name])
        notify.ready(status: "waiting")
        notify.status("next: a/b")
        notify.watchdog()
        notify.stopping()
        let expected = [
            "READY=1\nSTATUS=waiting", "STATUS=next: a/b", "WATCHDOG=1", "STOPPING=1\nSTATUS=stopping",
        ]
        for text in expected {
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            #expect(count > 0 && String(decoding: buffer[..<max(0, count)], as: UTF8.self) == text)
        }
    }

    @Test("the watchdog is fed at half its time, and only where it watches this process")
    func watchdog() {
        let mine = "\(getpid())"
        let half = SystemdNotify(environment: ["WATCHDOG_USEC": "180000000", "WATCHDOG_PID": mine])
        #expect(half.watchdogNanoseconds == 90_000_000_000)
        let others = SystemdNotify(environment: ["WATCHDOG_USEC": "180000000", "WATCHDOG_PID": "1"])
        #expect(others.watchdogNanoseconds == nil)
        #expect(SystemdNotify(environment: [:]).watchdogNanoseconds == nil)
    }
}
