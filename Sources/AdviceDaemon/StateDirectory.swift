import CLinux
import Foundation
import Glibc

/// Where the state is kept, and as whom.
public enum StateDirectory {
    /// `--state-dir`, else `$STATE_DIRECTORY`, else `/var/lib/advised` for a configuration under `/etc`, else
    /// `state/` beside the configuration.
    public static func resolve(given: String?, configuration: String, environment: [String: String]) -> String
    {
        if let given { return absolute(given) }
        // systemd separates several by colons; ours is the first.
        if let first = environment["STATE_DIRECTORY"]?.split(separator: ":").first { return String(first) }
        let path = absolute(configuration)
        if path.hasPrefix("/etc/") { return "/var/lib/advised" }
        return (path as NSString).deletingLastPathComponent + "/state"
    }

    /// Where the control socket is: `$RUNTIME_DIRECTORY`, else `/run/advised` for the system's own state,
    /// else the state directory.
    public static func controlSocket(state: String, environment: [String: String]) -> String {
        if let first = environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first {
            return "\(first)/control.sock"
        }
        let system = "/run/advised/control.sock"
        if state == "/var/lib/advised", access(system, F_OK) == 0 { return system }
        return "\(state)/control.sock"
    }

    /// As root, becomes the owner of the state directory, so that no file of root's is left there. False
    /// where the machine does not let root become someone else.
    public static func becomeOwner(of directory: String) -> Bool {
        guard geteuid() == 0 else { return true }
        var status = stat()
        guard stat(directory, &status) == 0, status.st_uid != 0 else { return true }
        // Supplementary groups are dropped where that is allowed; the user and group are what counts.
        _ = setgroups(0, nil)
        return setgid(status.st_gid) == 0 && setuid(status.st_uid) == 0
    }

    /// Whether two paths are two folders, however they are spelt. One that is not there is another.
    public static func isOther(_ path: String, than state: String) -> Bool {
        var one = stat()
        var two = stat()
        guard stat(path, &one) == 0, stat(state, &two) == 0 else {
            return absolute(path) != absolute(state)
        }
        return one.st_ino != two.st_ino || one.st_dev != two.st_dev
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return (path as NSString).standardizingPath }
        return (FileManager.default.currentDirectoryPath as NSString).appendingPathComponent(path)
    }
}
