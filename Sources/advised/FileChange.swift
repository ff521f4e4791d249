import Foundation
import Glibc

/// A change to one file and the new ones beside it, which can be undone as long as it is not known to be
/// right. Each file is there whole or not at all; what is new belongs to whom the file belongs to.
struct FileChange {
    private let path: String
    private let folder: String
    private var before: String?
    private var added: [String] = []
    private var addedFolder: String?

    /// `path` is the file; names of others are from its folder.
    init(besides path: String) {
        // A link is followed: it stays, and what it leads to is changed.
        self.path =
            realpath(path, nil).map { resolved in
                defer { free(resolved) }
                return String(cString: resolved)
            } ?? path
        folder = (path as NSString).deletingLastPathComponent
    }

    static func read(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else { throw FileChange.failure(path) }
        return String(decoding: data, as: UTF8.self)
    }

    /// A new file, mode 640, with the folders above it. One that is there is left alone, and is a mistake.
    mutating func add(_ name: String, _ text: String) throws {
        let place = folder.isEmpty ? name : "\(folder)/\(name)"
        let above = (place as NSString).deletingLastPathComponent
        if !above.isEmpty, access(above, F_OK) != 0 {
            guard mkdir(above, 0o750) == 0 else { throw FileChange.failure(above) }
            addedFolder = above
            give(above)
        }
        guard access(place, F_OK) != 0 else {
            Output.note("advised: \(place) is there already: take another --id, or remove it")
            throw Exits.no
        }
        try write(text, to: place, mode: 0o640)
        added.append(place)
    }

    mutating func replace(with text: String) throws {
        before = try FileChange.read(path)
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileChange.failure(path) }
        try write(text, to: path, mode: status.st_mode & 0o777)
    }

    func undo() {
        var status = stat()
        if let before, stat(path, &status) == 0 {
            try? write(before, to: path, mode: status.st_mode & 0o777)
        }
        for file in added { unlink(file) }
        if let addedFolder { rmdir(addedFolder) }
    }

    private func write(_ text: String, to place: String, mode: mode_t) throws {
        let new = "\(place).new"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileChange.failure(place) }
        defer { close(descriptor) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                unlink(new)
                throw FileChange.failure(place)
            }
            bytes = bytes.dropFirst(count)
        }
        give(new)
        guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0, rename(new, place) == 0 else {
            unlink(new)
            throw FileChange.failure(place)
        }
    }

    /// To the owner and the group of the file that is changed. Who is not root can give nothing away, and
    /// need not: what he makes is his, like that file.
    private func give(_ place: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        if chown(place, status.st_uid, status.st_gid) != 0 { _ = chown(place, .max, status.st_gid) }
    }

    private static func failure(_ path: String) -> any Error {
        Output.note("advised: \(path): \(String(cString: strerror(errno)))")
        return Exits.unavailable
    }
}
