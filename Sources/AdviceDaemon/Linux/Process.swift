import CLinux
import Glibc

/// What the process forbids itself.
public enum ProcessHardening {
    /// No core file, and no memory to be read by others of the same user: both would hold secrets (P13).
    public static func forbidDumps() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = advice_forbid_dumps()
    }
}
