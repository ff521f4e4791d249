import Crypto
import Foundation
import Synchronization

/// SHA-256 over the files of a configuration: by it daemons that share a store know whether they were given
/// the same.
public final class FilesDigest: Sendable {
    private let state = Mutex<State>(.nothing)
    private let settings = Mutex<String?>(nil)

    private enum State {
        case nothing
        /// The settings name no store that is shared: a large roster is not gone through for nothing.
        case unasked
        case hashing(Sum)
    }

    /// The files up to here, and what has come of the one that is being read.
    private struct Sum {
        var whole = SHA256()
        var path: String
        var file = SHA256()

        /// Its folder may be another on each machine; its name counts.
        var digest: SHA256 {
            var digest = whole
            digest.update(data: Array("\((path as NSString).lastPathComponent)\0".utf8))
            digest.update(data: Array(file.finalize()))
            return digest
        }
    }

    public init() {}

    /// Takes the next file, or the next piece of the same. The settings come first, and as one piece.
    public func add(_ path: String, _ bytes: [UInt8]) {
        settings.withLock { $0 = $0 ?? FilesDigest.hexadecimal(SHA256.hash(data: bytes)) }
        state.withLock { state in
            var sum: Sum
            switch state {
            case .unasked: return
            case .hashing(let begun): sum = begun
            case .nothing:
                guard String(decoding: bytes, as: UTF8.self).contains("postgres") else {
                    state = .unasked
                    return
                }
                sum = Sum(path: path)
            }
            if sum.path != path { sum = Sum(whole: sum.digest, path: path) }
            sum.file.update(data: bytes)
            state = .hashing(sum)
        }
    }

    /// In hexadecimal digits; nil where it is not asked for.
    public var text: String? {
        state.withLock { state in
            guard case .hashing(let sum) = state else { return nil }
            return FilesDigest.hexadecimal(sum.digest.finalize())
        }
    }

    /// Of the settings alone; nil where they could not be read.
    public var settingsText: String? { settings.withLock { $0 } }

    static func hexadecimal(_ digest: SHA256.Digest) -> String {
        digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
