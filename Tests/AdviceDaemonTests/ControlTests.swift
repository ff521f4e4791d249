import Foundation
import Glibc
import Testing

@testable import AdviceDaemon

@Suite("The control socket")
struct ControlTests {
    @Test("a request is answered, also at a path longer than a socket's may be", arguments: [10, 150])
    func answers(_ length: Int) throws {
        let folder = try TemporaryFolder()
        let deep = folder.path + "/" + String(repeating: "d", count: length)
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        let path = deep + "/control.sock"
        let server = try ControlServer(path: path) { request, reply in
            reply(ControlReply(ok: request.command == .start, text: request.series ?? ""))
        }
        defer { server.close() }
        let reply = try #require(try ControlClient.ask(ControlRequest(.start, series: "a"), at: path))
        #expect(reply.ok && reply.text == "a")
    }

    @Test("only the daemon's user and group may open it")
    func mode() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/control.sock"
        let server = try ControlServer(path: path) { _, reply in reply(ControlReply(ok: true, text: "")) }
        defer { server.close() }
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
    }

    @Test("where no daemon listens there is no answer, and a socket left behind is no obstacle")
    func nobody() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/control.sock"
        #expect(try ControlClient.ask(ControlRequest(.status), at: path) == nil)
        for _ in 0..<2 {
            let server = try ControlServer(path: path) { _, reply in reply(ControlReply(ok: true, text: "")) }
            #expect(try ControlClient.ask(ControlRequest(.status), at: path)?.ok == true)
            server.close()
            // As after a kill: the file stays and nobody listens.
            try Data().write(to: URL(filePath: path))
        }
    }

    @Test("what is no request is told so")
    func rubbish() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/control.sock"
        let server = try ControlServer(path: path) { _, reply in reply(ControlReply(ok: true, text: "")) }
        defer { server.close() }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = try #require(UnixAddress(path))
        #expect(address.withPointer { connect(descriptor, $0, $1) } == 0)
        let line = Array("rubbish\n".utf8)
        #expect(write(descriptor, line, line.count) == line.count)
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &buffer, buffer.count)
        #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self).contains("not a request"))
    }
}
