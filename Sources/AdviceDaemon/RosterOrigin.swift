public import AdviceConfig
public import AdviceCore
import CLinux
import Crypto
import Glibc

/// All that a roster in rows depends on. While it is the same, a start takes what the store has, and a
/// million rows are not read: a row names no other file.
public enum RosterOrigin {
    /// nil where the rows must be read to know: they are not all of the roster, their file has just changed,
    /// or the store is shared and compares every file.
    public static func digest(of loaded: Loaded) -> String? {
        guard let configuration = loaded.configuration, configuration.store.isFile,
            let rows = configuration.rows?.identity, let settings = loaded.settingsDigest
        else { return nil }
        // A zone may be unknown to other zone files, and a mistake to another version.
        let zones = identity(of: SystemZones.folder + "/tzdata.zi", unlessAfter: nil) ?? "none"
        let text = [Version.text, settings, rows, zones].joined(separator: "\n")
        return FilesDigest.hexadecimal(SHA256.hash(data: Array(text.utf8)))
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
