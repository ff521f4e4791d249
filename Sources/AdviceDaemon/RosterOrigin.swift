public import AdviceConfig
public import AdviceCore
public import AdviceStore
import CLinux
import Crypto
import Glibc

extension RosterOrigin {
    /// nil where the rows must be read to know: they are not all of the roster, or the store is shared and
    /// compares every file. `rows` is the digest of their bytes where `loaded` has passed over them.
    public init?(of loaded: Loaded, rows: String? = nil) {
        guard let bytes = rows ?? loaded.rowsDigest, let settings = loaded.settingsDigest,
            let configuration = loaded.configuration, configuration.store.isFile,
            let rows = configuration.rows
        else { return nil }
        // A zone may be unknown to other zone files, and a mistake to another version.
        let zones = RosterOrigin.identity(of: SystemZones.folder + "/tzdata.zi", unlessAfter: nil) ?? "none"
        let rest = [Version.text, settings, zones, "\(rows.isWorldReadable)"]
        self.init(
            file: rows.identity.map { RosterOrigin.digest([$0] + rest) },
            contents: RosterOrigin.digest([bytes] + rest))
    }

    private static func digest(_ words: [String]) -> String {
        FilesDigest.hexadecimal(SHA256.hash(data: Array(words.joined(separator: "\n").utf8)))
    }

    /// The file's device, number, size and times. With `now`, nil for one that has changed within two
    /// seconds: times are coarse, and the next change might look the same.
    public static func identity(of path: String, unlessAfter now: Instant?) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        if let now, now.seconds - Int64(status.st_ctim.tv_sec) < 2 { return nil }
        return [
            Int64(bitPattern: UInt64(status.st_dev)), Int64(bitPattern: UInt64(status.st_ino)),
            Int64(status.st_size), Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec),
            Int64(status.st_ctim.tv_sec), Int64(status.st_ctim.tv_nsec),
        ].map(String.init).joined(separator: " ")
    }
}

extension RosterSource {
    /// This source with the origin as it is now, where the rows that `loaded` has passed over are the ones it
    /// was taken from: their file is the same, or else its bytes, which are read then.
    public func ifStill(_ loaded: Loaded) -> RosterSource? {
        guard let rows = loaded.configuration?.rows else { return nil }
        // The bytes do not matter yet.
        if let file = RosterOrigin(of: loaded, rows: "")?.file, file == origin.file { return self }
        guard let bytes = FilesDigest.text(ofFileAt: rows.path),
            let now = RosterOrigin(of: loaded, rows: bytes), now.contents == origin.contents
        else { return nil }
        var source = self
        source.origin = now
        return source
    }
}
