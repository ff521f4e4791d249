import CLinux
import Dispatch
import Glibc

/// Notices that tzdata was updated, or /etc/localtime replaced. Costs nothing while nothing changes; what it
/// misses (a file bind-mounted over another), the hourly recheck finds.
///
/// Confined to the queue it is made with.
final class ZoneWatch {
    /// How long nothing may happen before the handler is called, in milliseconds: dpkg renames some 1,800
    /// files, and most of them lie in folders that are not watched. What is watched is the root, where
    /// tzdata.zi and the tables are replaced with every update.
    static let quietMilliseconds = 1000

    private let changes: ZoneEvents
    private let events: any DispatchSourceRead

    /// nil where the kernel gives no descriptor or no watch. The handler runs on `queue`.
    init?(
        queue: DispatchQueue, root: String = SystemZones.folder, localtime: String = "/etc/localtime",
        quietMilliseconds: Int = ZoneWatch.quietMilliseconds, handler: @escaping @Sendable () -> Void
    ) {
        guard let changes = ZoneEvents(root: root, localtime: localtime) else { return nil }
        // Made now: later there may be no descriptor left.
        let timer = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_NONBLOCK) | Int32(TFD_CLOEXEC))
        guard timer >= 0 else {
            changes.close()
            return nil
        }
        self.changes = changes
        events = DispatchSource.makeReadSource(fileDescriptor: changes.descriptor, queue: queue)
        let quiet = DispatchSource.makeReadSource(fileDescriptor: timer, queue: queue)
        events.setEventHandler {
            if changes.readAll() { ZoneWatch.arm(timer, milliseconds: quietMilliseconds) }
        }
        quiet.setEventHandler {
            var expirations: UInt64 = 0
            guard Glibc.read(timer, &expirations, 8) == 8 else { return }
            // Before the handler: what changes from here on is an event again.
            changes.watch()
            handler()
        }
        events.setCancelHandler {
            changes.close()
            quiet.cancel()
        }
        quiet.setCancelHandler { Glibc.close(timer) }
        events.activate()
        quiet.activate()
    }

    /// Looks for a folder that was not there before; on the queue. For the hourly recheck.
    func renew() {
        if !events.isCancelled { changes.watch() }
    }

    func cancel() { events.cancel() }

    /// Begins the wait anew.
    private static func arm(_ timer: Int32, milliseconds: Int) {
        var setting = itimerspec()
        setting.it_value = timespec(
            tv_sec: milliseconds / 1000, tv_nsec: max(1, milliseconds % 1000 * 1_000_000))
        _ = timerfd_settime(timer, 0, &setting, nil)
    }
}

/// One inotify descriptor with three watches: on all entries of the folder of zones, and on the names of that
/// folder and of localtime in the folders that hold them. Those two are replaced by rename: a watch on
/// themselves would stay with what was replaced.
final class ZoneEvents {
    private static let entry =
        UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_CLOSE_WRITE) | UInt32(IN_DELETE)
        | UInt32(IN_MOVED_FROM)
    private static let ends = UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)

    let descriptor: Int32
    private let root: String
    /// The folder and the name of an entry that matters.
    private let entries: [(folder: String, name: String)]
    private var rootWatch: Int32 = -1
    private var entryWatches: [Int32]

    init?(root: String, localtime: String) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        self.root = root
        entries = [root, localtime].map(ZoneEvents.split)
        entryWatches = entries.map { _ in -1 }
        guard descriptor >= 0 else { return nil }
        watch()
        if rootWatch < 0, entryWatches[0] < 0 {
            close()
            return nil
        }
    }

    func close() { Glibc.close(descriptor) }

    /// Watches what is there now. A watch that is in place already stays as it is.
    func watch() {
        set(&rootWatch, root, ZoneEvents.entry | ZoneEvents.ends)
        for (place, entry) in entries.enumerated() {
            set(&entryWatches[place], entry.folder, ZoneEvents.entry)
        }
    }

    private func set(_ watch: inout Int32, _ path: String, _ mask: UInt32) {
        let found = inotify_add_watch(descriptor, path, mask | UInt32(IN_ONLYDIR))
        // The folder that was here lives on elsewhere, and is none of ours.
        if watch >= 0, watch != found { _ = inotify_rm_watch(descriptor, watch) }
        watch = found
    }

    /// Takes all events that are there; whether any of them matters.
    func readAll() -> Bool {
        var matters = false
        // The kernel writes whole events, the longest of 16 + 256 bytes, at addresses that fit them.
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 8) { buffer in
            while true {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                guard count > 0 else { return }
                if judge(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { matters = true }
            }
        }
        return matters
    }

    private func judge(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let header = MemoryLayout<inotify_event>.size
        var matters = false
        var offset = 0
        while offset + header <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let end = offset + header + Int(event.len)
            // Padded with NULs.
            let name = bytes[(offset + header)..<min(end, bytes.count)].prefix { $0 != 0 }
            if isOurs(event, String(decoding: name, as: UTF8.self)) { matters = true }
            offset = end
        }
        return matters
    }

    private func isOurs(_ event: inotify_event, _ name: String) -> Bool {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
        // What the kernel says of a watch that is gone: why it went has been told.
        if event.mask & UInt32(IN_IGNORED) != 0 { return false }
        if event.wd == rootWatch { return true }
        return zip(entryWatches, entries).contains { $0 == event.wd && $1.name == name }
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = String(path[..<slash])
        return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
    }
}
