import CSQLite
import Glibc

/// The database's file, before SQLite touches it: that it is ours alone and lies on a disk of this machine.
struct SQLiteFile {
    let path: String

    /// Makes the file, empty and readable to its owner alone, where there is none; otherwise judges the one
    /// that is there. A database in use under two names, or over a network, loses its locks and its journal.
    func prepare() throws(StoreError) {
        try refuseOddEntry()
        let file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .inputOutput("\(path): cannot be opened: \(errorText())") }
        defer { close(file) }
        var system = statfs()
        guard fstatfs(file, &system) == 0 else {
            throw .inputOutput("\(path): its file system is not known: \(errorText())")
        }
        if let name = SQLiteFile.networkFileSystem(UInt32(truncatingIfNeeded: system.f_type)) {
            throw .refused(
                "\(path): lies on a network file system (\(name)), where SQLite's locks and syncs do "
                    + "not hold: use a local disk, or PostgreSQL")
        }
    }

    /// An empty file of our own for a copy to be written to; one that an earlier attempt left is replaced.
    func makeEmptyCopy(named ending: String) throws(StoreError) {
        let copy = "\(path).\(ending)"
        unlink(copy)
        let file = open(copy, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .inputOutput("\(copy): cannot be made: \(errorText())") }
        close(file)
    }

    private func refuseOddEntry() throws(StoreError) {
        var entry = stat()
        guard lstat(path, &entry) == 0 else {
            guard errno == ENOENT else { throw .inputOutput("\(path): cannot be read: \(errorText())") }
            return
        }
        switch entry.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFLNK: throw .refused("\(path): is a symbolic link: give the path of the database itself")
        default: throw .refused("\(path): is not a file")
        }
        guard entry.st_nlink == 1 else {
            throw .refused("\(path): has \(entry.st_nlink) names (hard links): remove all but one")
        }
    }

    /// The name of a file system that is on another machine; nil for every other.
    ///
    /// 9p passes: it is the disk of the host under a virtual machine or a sandbox. FUSE passes: what lies
    /// behind it cannot be told from here.
    static func networkFileSystem(_ magic: UInt32) -> String? {
        switch magic {
        case 0x6969: "NFS"
        case 0x517b: "SMB"
        case 0xff53_4d42: "CIFS"
        case 0xfe53_4d42: "SMB2"
        case 0x5346_414f, 0x6b41_4653: "AFS"
        case 0x7375_7245: "Coda"
        case 0x564c: "NCP"
        case 0x00c3_6400: "Ceph"
        case 0x0bd0_0bd0: "Lustre"
        default: nil
        }
    }
}

/// What the C library says of the last call that went wrong.
func errorText() -> String {
    String(cString: strerror(errno))
}
