public import AdviceConfig
public import AdviceCore
public import AdviceStore
import CLinux
import Crypto
import Glibc

extension RosterOrigin {
    /// nil where the rows must be read to know: they are not all of the roster, or the store is shared and
    /// compares every file.
    public init?(of loaded: Loaded) {
        guard let bytes = loaded.rowsDigest else { return nil }
        self.init(of: loaded, rows: bytes)
    }

    /// `rows` is the digest of their bytes.
    fileprivate init?(of loaded: Loaded, rows: String) {
        guard let rest = RosterOrigin.rest(of: loaded) else { return nil }
        self.init(file: RosterOrigin.file(of: loaded), contents: RosterOrigin.digest([rows] + rest))
    }

    fileprivate static func file(of loaded: Loaded) -> String? {
        guard let rest = rest(of: loaded) else { return nil }
        return loaded.configuration?.rows?.identity.map { digest([$0] + rest) }
    }

    /// What else the roster depends on: a zone may be unknown to other zone files, and a mistake to another
    /// version.
    private static func rest(of loaded: Loaded) -> [String]? {
        guard let settings = loaded.settingsDigest, let configuration = loaded.configuration,
            configuration.store.isFile, let rows = configuration.rows
        else { return nil }
        let zones = identity(of: SystemZones.folder + "/tzdata.zi", unlessAfter: nil) ?? "none"
        return [Version.text, settings, zones, "\(rows.isWorldReadable)"]
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
        if let file = RosterOrigin.file(of: loaded), file == origin.file { return self }
        guard let bytes = FilesDigest.text(ofFileAt: rows.path),
            let now = RosterOrigin(of: loaded, rows: bytes), now.contents == origin.contents
        else { return nil }
        var source = self
        source.origin = now
        return source
    }
}
