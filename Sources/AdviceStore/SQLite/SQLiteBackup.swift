import Glibc

/// A consistent copy of the database, made beside a running daemon.
public enum SQLiteBackup {
    /// Writes a copy of the database at `path` as `file`, readable to its owner alone. There must be no such
    /// file: nothing is ever replaced. It has its name only when it is whole and on the disk.
    public static func write(_ path: String, to file: String) throws(StoreError) {
        var entry = stat()
        guard lstat(file, &entry) != 0 else { throw exists(file) }
        guard access(path, F_OK) == 0 else { throw .refused("\(path): there is no database yet") }
        let partial = "\(file).partial-\(getpid())"
        try SQLiteFile.makeEmpty(partial)
        do throws(StoreError) {
            let connection = try SQLiteConnection(path: path, mode: .readOnly)
            defer { connection.close() }
            guard try !SchemaVersion.isNew(connection) else {
                throw .refused("\(path): there is nothing in the database yet")
            }
            try connection.query("VACUUM INTO $1", [.text(partial)])
            try SQLiteFile.sync(partial)
            try rename(partial, file)
        } catch {
            unlink(partial)
            throw error
        }
        try SQLiteFile.syncFolder(of: file)
    }

    private static func exists(_ file: String) -> StoreError {
        .refused("\(file): is there already, and a backup replaces no file: give it another name")
    }

    /// Without replacing what came to have the name meanwhile.
    private static func rename(_ partial: String, _ file: String) throws(StoreError) {
        if link(partial, file) == 0 {
            unlink(partial)
            return
        }
        let reason = errno
        // Some file systems know one name for a file only.
        let knowsLinks = reason != EPERM && reason != EOPNOTSUPP
        guard reason != EEXIST, access(file, F_OK) != 0 else { throw exists(file) }
        guard !knowsLinks, Glibc.rename(partial, file) == 0 else {
            throw .inputOutput("\(file): cannot be given its name: \(String(cString: strerror(reason)))")
        }
    }
}

/// Putting a database in the place of another. The daemon's lock is held by who does this.
public enum SQLiteReplacement {
    /// Copies what `descriptor` reads, known as `name`, beside the database at `path`, and gives the copy's
    /// path. One that an earlier attempt left is replaced.
    public static func stage(_ descriptor: Int32, named name: String, for path: String) throws(StoreError)
        -> String
    {
        let copy = path + ".restoring"
        for ending in ["", "-wal", "-shm", "-journal"] { unlink(copy + ending) }
        let file = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .inputOutput("\(copy): cannot be made: \(errorText())") }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw .inputOutput("\(name): cannot be read: \(errorText())") }
            if count == 0 { return copy }
            var written = 0
            while written < count {
                let more = buffer[written..<count].withUnsafeBytes {
                    Glibc.write(file, $0.baseAddress, $0.count)
                }
                guard more > 0 else {
                    let reason = errorText()
                    unlink(copy)
                    throw .inputOutput("\(copy): cannot be written: \(reason)")
                }
                written += more
            }
        }
    }

    /// Removes a copy that is not wanted after all.
    public static func discard(_ copy: String) {
        for ending in ["", "-wal", "-shm", "-journal"] { unlink(copy + ending) }
    }

    /// Puts `copy` in the place of the database at `path`; without one there is none afterwards. What was
    /// there is kept beside it, whole, and its path is given: nil where nothing was there. `stamp` makes its
    /// name.
    @discardableResult
    public static func replace(_ path: String, by copy: String?, stamp: String) throws(StoreError) -> String?
    {
        if let copy, access(copy + "-wal", F_OK) == 0 {
            throw .inputOutput("\(copy): what was written to it is not all in it: is the disk full?")
        }
        let kept = "\(path).replaced-\(stamp)"
        let wasThere = access(path, F_OK) == 0
        if wasThere {
            try foldLog(path)
            guard link(path, kept) == 0 else {
                throw .inputOutput("\(kept): cannot be made: \(errorText())")
            }
            // Left only where the database is too broken to be opened.
            for ending in ["-wal", "-shm", "-journal"] { rename(path + ending, kept + ending) }
        }
        if let copy {
            try SQLiteFile.sync(copy)
            guard rename(copy, path) == 0 else {
                throw .inputOutput("\(path): cannot be replaced: \(errorText())")
            }
        } else if wasThere {
            unlink(path)
        }
        try SQLiteFile.syncFolder(of: path)
        return wasThere ? kept : nil
    }

    /// Has the write-ahead log go into the database: from then on it is one file. One that is broken is left
    /// as it is.
    private static func foldLog(_ path: String) throws(StoreError) {
        do throws(StoreError) {
            let connection = try SQLiteConnection(path: path, mode: .readWrite)
            defer { connection.close() }
            // Where somebody else has it open it stays as it is, and no error is given.
            guard try connection.query("PRAGMA journal_mode = DELETE") == [["delete"]] else {
                throw .locked("\(path): another program has the database open")
            }
        } catch {
            if case .locked = error { throw error }
        }
    }
}

extension SQLiteFile {
    /// An empty file of our own, where there is none.
    static func makeEmpty(_ path: String) throws(StoreError) {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .inputOutput("\(path): cannot be made: \(errorText())") }
        close(file)
    }

    /// SQLite does not wait for the disk when it writes a copy.
    static func sync(_ path: String) throws(StoreError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .inputOutput("\(path): cannot be opened: \(errorText())") }
        defer { close(file) }
        guard fsync(file) == 0 else { throw .inputOutput("\(path): cannot be synced: \(errorText())") }
    }

    static func syncFolder(of path: String) throws(StoreError) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let name = folder.isEmpty ? "." : folder.count == 1 ? "/" : folder.joined(separator: "/")
        try sync(name)
    }
}
