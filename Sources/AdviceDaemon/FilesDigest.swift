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
        case hashing(SHA256)
    }

    public init() {}

    /// Takes the next file, the settings first. Its folder may be another on each machine; its name counts.
    public func add(_ path: String, _ bytes: [UInt8]) {
        // The settings come first.
        settings.withLock { $0 = $0 ?? FilesDigest.hexadecimal(SHA256.hash(data: bytes)) }
        state.withLock { state in
            var hash: SHA256
            switch state {
            case .unasked: return
            case .hashing(let begun): hash = begun
            case .nothing:
                guard String(decoding: bytes, as: UTF8.self).contains("postgres") else {
                    state = .unasked
                    return
                }
                hash = SHA256()
            }
            hash.update(data: Array("\((path as NSString).lastPathComponent)\0\(bytes.count)\0".utf8))
            hash.update(data: bytes)
            state = .hashing(hash)
        }
    }

    /// In hexadecimal digits; nil where it is not asked for.
    public var text: String? {
        state.withLock { state in
            guard case .hashing(let hash) = state else { return nil }
            return FilesDigest.hexadecimal(hash.finalize())
        }
    }

    /// Of the settings alone; nil where they could not be read.
    public var settingsText: String? { settings.withLock { $0 } }

    static func hexadecimal(_ digest: SHA256.Digest) -> String {
        digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
