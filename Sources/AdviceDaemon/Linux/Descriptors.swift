import Foundation
import Glibc

/// The cores that this process may use.
enum Processors {
    static let count = ProcessInfo.processInfo.activeProcessorCount
}

/// The process's file descriptors.
enum Descriptors {
    /// Raises the soft limit to the hard one and gives it back; systemd's default soft limit is 1024.
    static func raiseLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        var raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 {
            return Int(clamping: limit.rlim_max)
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// What the daemon itself needs beside its connections: database, journal, control, timers, lookups.
    static let reserve = 64
}
