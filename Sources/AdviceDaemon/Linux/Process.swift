import CLinux
import Glibc

/// The memory that the C library keeps for later.
public enum ProcessMemory {
    /// One arena for all threads: the C library would make one for each, and what one thread has freed is of
    /// no use to another. There are few threads here, and little contention.
    public static func shareArena() { _ = mallopt(M_ARENA_MAX, 1) }

    /// Gives back what was needed once, such as to read a roster.
    static func giveBack() { _ = malloc_trim(0) }
}

/// What the process forbids itself.
public enum ProcessHardening {
    /// Fills standard descriptors that were closed before us: the next file to be opened would get their
    /// number, and a log line would be written into the lock or the database.
    public static func occupyStandardDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is given, which is this one.
            _ = open("/dev/null", O_RDWR)
        }
    }

    /// A receiver that closes its end, and a file that may not grow, are errors of one call, not our end. To
    /// be called before anything is written.
    public static func outliveWrites() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    /// No core file, and no memory to be read by others of the same user: both would hold secrets (P13).
    public static func forbidDumps() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = advice_forbid_dumps()
    }
}
