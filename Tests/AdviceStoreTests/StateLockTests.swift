import AdviceStore
import Glibc
import Testing

@Suite("the state directory's lock")
struct StateLockTests {
    let scratch = ScratchDirectory()

    @Test("keeps a second daemon out, and names the first")
    func second() throws {
        let lock = try StateLock(directory: scratch.path)
        let error = #expect(throws: StoreError.self) { try StateLock(directory: scratch.path) }
        guard case .locked(let why) = error else {
            Issue.record("told as \(String(describing: error))")
            return
        }
        #expect(why.contains("process \(getpid())"))
        lock.release()
        try StateLock(directory: scratch.path).release()
    }

    @Test("can be looked at without being taken")
    func probe() throws {
        #expect(!StateLock.isHeld(directory: scratch.path))
        let lock = try StateLock(directory: scratch.path)
        #expect(StateLock.isHeld(directory: scratch.path))
        #expect(throws: StoreError.self) { try StateLock(directory: scratch.path) }
        #expect(StateLock.isHeld(directory: scratch.path))
        lock.release()
        #expect(!StateLock.isHeld(directory: scratch.path))
        #expect(!StateLock.isHeld(directory: scratch.path + "/none"))
    }

    @Test("makes the directory for its owner alone")
    func directory() throws {
        let path = scratch.path + "/other"
        let lock = try StateLock(directory: path)
        var entry = stat()
        #expect(stat(path, &entry) == 0 && entry.st_mode & 0o777 == 0o700)
        #expect(stat(path + "/lock", &entry) == 0 && entry.st_mode & 0o777 == 0o600)
        lock.release()
        unlink(path + "/lock")
        rmdir(path)
    }
}
