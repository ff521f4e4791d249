public import AdviceStore
import Foundation
import Glibc

/// The name of this state directory's daemon among those that share a store: made once, and the same at each
/// start, for by it a daemon finds what an earlier run of it had in flight.
public enum InstanceName {
    /// Reads it, or makes it where there is none. The directory's lock is held.
    public static func read(in state: String) throws(StoreError) -> String {
        let path = state + "/instance"
        if let text = try? String(contentsOfFile: path, encoding: .utf8) {
            let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard isName(name) else {
                throw .refused(
                    "\(path) does not hold the name that advised wrote there: remove it while no daemon runs"
                )
            }
            return name
        }
        guard let random = try? String(contentsOfFile: "/proc/sys/kernel/random/uuid", encoding: .utf8) else {
            throw .inputOutput("/proc/sys/kernel/random/uuid cannot be read")
        }
        let name = random.trimmingCharacters(in: .whitespacesAndNewlines)
        try write(name + "\n", to: path)
        return name
    }

    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2d }
    }

    /// All of it or nothing: half a name would be another's.
    private static func write(_ text: String, to path: String) throws(StoreError) {
        let fresh = path + ".new"
        let file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .inputOutput("\(fresh) cannot be written: \(errorText())") }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0,
            rename(fresh, path) == 0
        else { throw .inputOutput("\(path) cannot be written: \(errorText())") }
    }

    private static func errorText() -> String { String(cString: strerror(errno)) }
}
