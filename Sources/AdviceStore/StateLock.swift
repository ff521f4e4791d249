import Glibc

/// The state directory, held by one daemon: `flock` on its file `lock`. The kernel lets go when the process
/// ends, however it ends; the file stays.
public final class StateLock {
    private var file: Int32

    /// Makes the directory (0700) where it is missing, and takes the lock.
    ///
    /// Throws `locked`, naming the holder's process id, where another daemon has it.
    public init(directory: String) throws(StoreError) {
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw .inputOutput("\(directory): cannot be made: \(errorText())")
        }
        let path = StateLock.path(directory)
        file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .inputOutput("\(path): cannot be opened: \(errorText())") }
        do throws(StoreError) {
            try take(path)
        } catch {
            release()
            throw error
        }
    }

    deinit { release() }

    /// Lets go. Also done by `deinit` and by the end of the process.
    public func release() {
        if file >= 0 { close(file) }
        file = -1
    }

    /// Whether a daemon holds `directory`. Takes no lock itself, not for a moment, so that a daemon which
    /// starts meanwhile is not turned away.
    public static func isHeld(directory: String) -> Bool {
        let file = open(path(directory), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var mark = flock.wholeFile(F_RDLCK)
        return fcntl(file, getOpenFileLock, &mark) == 0 && mark.l_type != Int16(F_UNLCK)
    }

    private func take(_ path: String) throws(StoreError) {
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK:
                let holder = readHolder().map { "process \($0)" } ?? "a process that has not said its number"
                throw .locked("\(path): another daemon is running on this state directory (\(holder))")
            default: throw .inputOutput("\(path): cannot be locked: \(errorText())")
            }
        }
        // The same again in the other kind of lock, the one that can be looked at without being taken.
        var mark = flock.wholeFile(F_WRLCK)
        guard fcntl(file, setOpenFileLock, &mark) == 0 else {
            throw .inputOutput("\(path): cannot be marked: \(errorText())")
        }
        writeHolder()
    }

    /// For people who meet the lock; a pid that cannot be written keeps nobody from working.
    private func writeHolder() {
        let text = Array("\(getpid())\n".utf8)
        ftruncate(file, 0)
        pwrite(file, text, text.count, 0)
    }

    private func readHolder() -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != 10 }, as: UTF8.self))
    }

    private static func path(_ directory: String) -> String { directory + "/lock" }
}

extension flock {
    /// A lock of the given type over the whole file, however long it is or becomes.
    fileprivate static func wholeFile(_ type: Int32) -> flock {
        flock(l_type: Int16(type), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    }
}

/// F_OFD_GETLK and F_OFD_SETLK of linux/fcntl.h, which the Glibc module leaves out: locks that, as those of
/// `flock`, belong to the open file and not to the process.
private let getOpenFileLock: Int32 = 36
private let setOpenFileLock: Int32 = 37
