import Crypto
import Foundation
import Synchronization

/// SHA-256 over the files of a configuration: by it daemons that share a store know whether they were given
/// the same, and a start whether a roster is the one that it took before.
public final class FilesDigest: Sendable {
    private let files = Mutex<[File]>([])

    private struct File {
        var path: String
        var hash = SHA256()

        var text: String { FilesDigest.hexadecimal(hash.finalize()) }
    }

    public init() {}

    /// Takes the next file, or the next piece of the same. The settings come first.
    public func add(_ path: String, _ bytes: [UInt8]) {
        files.withLock { files in
            if files.last?.path != path { files.append(File(path: path)) }
            files[files.count - 1].hash.update(data: bytes)
        }
    }

    /// Of all in hexadecimal digits. A file's folder may be another on each machine; its name counts.
    public var text: String {
        var whole = SHA256()
        for file in files.withLock({ $0 }) {
            whole.update(data: Array("\((file.path as NSString).lastPathComponent)\0".utf8))
            whole.update(data: Array(file.hash.finalize()))
        }
        return FilesDigest.hexadecimal(whole.finalize())
    }

    /// Of the settings; nil where they could not be read.
    public var settingsText: String? { files.withLock { $0.first }.map(\.text) }

    /// Of one file; nil where it was not taken.
    public func text(of path: String) -> String? {
        files.withLock { files in files.last { $0.path == path } }.map(\.text)
    }

    /// Of the bytes of the file at a path; nil where it cannot be read.
    public static func text(ofFileAt path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        var hash = SHA256()
        do {
            while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
        } catch {
            return nil
        }
        return hexadecimal(hash.finalize())
    }

    static func hexadecimal(_ digest: SHA256.Digest) -> String {
        digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
