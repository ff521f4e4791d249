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

    /// As root, becomes the owner of the state directory, so that no file of root's is left there.
    public static func becomeOwner(of directory: String) {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard stat(directory, &status) == 0, status.st_uid != 0 else { return }
        _ = setgroups(0, nil)
        guard setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
            preconditionFailure("root may become any user")
        }
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return (path as NSString).standardizingPath }
        return (FileManager.default.currentDirectoryPath as NSString).appendingPathComponent(path)
    }
}
