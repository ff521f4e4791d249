import CCurl
import Glibc

/// libcurl's multi handle over an epoll set of our own: the set's descriptor stands for all sockets, so that
/// one Dispatch source serves them.
///
/// A Dispatch source for each socket would be wrong: libdispatch knows registrations by the descriptor's
/// number, and libcurl's resolver closes its own without asking, whereupon the number comes back as another.
/// A thread in `epoll_wait` in the one source's place was no cheaper: 38-54 us of CPU a delivery to one host,
/// against 38-49.
///
/// Neither callback below calls libcurl; `act` and `expire` are called from outside of callbacks alone.
final class CurlLoop {
    /// CLOCK_MONOTONIC nanoseconds at which libcurl wants to be called; `.max` for never.
    private(set) var deadline = UInt64.max
    let epoll: Int32

    private let multi: UnsafeMutableRawPointer
    private var events = [epoll_event](repeating: epoll_event(), count: 256)
    /// For each descriptor number: how often libcurl has let go of it, and whether it watches it now. An
    /// event read before a descriptor was closed and reused carries an older count and is dropped.
    private var watched: [(generation: UInt32, isWatched: Bool)] = []

    private static let isReady: Bool = {
        // OpenSSL writes without MSG_NOSIGNAL.
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()

    init(keptConnections: Int) {
        precondition(Self.isReady, "libcurl starts")
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "an engine is made while descriptors are left")
        guard let multi = curl_multi_init() else { preconditionFailure("no memory for an engine") }
        self.multi = multi
        let context = Unmanaged.passUnretained(self).toOpaque()
        let watch: curl_socket_callback = { _, descriptor, what, context, _ in
            CurlLoop.at(context).watch(descriptor, what)
            return 0
        }
        let time: curl_multi_timer_callback = { _, milliseconds, context in
            CurlLoop.at(context).setDeadline(milliseconds)
            return 0
        }
        Self.check(ccurl_multi_set_socket_watcher(multi, watch, context))
        Self.check(ccurl_multi_set_timer_watcher(multi, time, context))
        Self.check(ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, keptConnections))
    }

    /// Closes libcurl's connections. The epoll descriptor is left to the caller, whose Dispatch source must
    /// have let go of it first. Every handle must have been removed.
    func close() {
        Self.check(ccurl_multi_set_socket_watcher(multi, nil, nil))
        Self.check(ccurl_multi_set_timer_watcher(multi, nil, nil))
        Self.check(curl_multi_cleanup(multi))
    }

    /// libcurl starts it at the next `expire`, which it asks for at once.
    func add(_ handle: EasyHandle) {
        Self.check(curl_multi_add_handle(multi, handle.easy))
    }

    func remove(_ handle: EasyHandle) {
        Self.check(curl_multi_remove_handle(multi, handle.easy))
    }

    /// Tells libcurl of every socket that is ready, and calls `reap` after each. Returns whether there may be
    /// more: the caller's turn is bounded.
    func act(reap: () -> Void) -> Bool {
        let count = events.withUnsafeMutableBufferPointer {
            epoll_wait(epoll, $0.baseAddress, Int32($0.count), 0)
        }
        guard count > 0 else { return false }
        for index in 0..<Int(count) {
            let event = events[index]
            let descriptor = Int32(truncatingIfNeeded: event.data.u64)
            let generation = UInt32(truncatingIfNeeded: event.data.u64 >> 32)
            guard watched[Int(descriptor)].generation == generation else { continue }
            socketAction(descriptor, mask(event.events))
            reap()
        }
        return count == events.count
    }

    /// Lets libcurl do what its deadline was for, if that has come. Its callback may set it to now again and
    /// again: the rounds are bounded, and the caller looks at `deadline`.
    func expire(reap: () -> Void) {
        for _ in 0..<8 where deadline <= clock_gettime_nsec(CLOCK_MONOTONIC) {
            deadline = .max
            socketAction(CURL_SOCKET_TIMEOUT, 0)
            reap()
        }
    }

    /// The next transfer that has ended, removed from libcurl.
    func nextFinished() -> (handle: EasyHandle, code: CURLcode)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else {
                continue
            }
            let code = message.pointee.data.result
            let handle = EasyHandle.at(ccurl_get_private(easy))
            // The message is libcurl's and gone after this.
            remove(handle)
            return (handle, code)
        }
        return nil
    }

    private func socketAction(_ descriptor: curl_socket_t, _ mask: Int32) {
        var running: Int32 = 0
        Self.check(curl_multi_socket_action(multi, descriptor, mask, &running))
    }

    private func mask(_ events: UInt32) -> Int32 {
        var mask: Int32 = 0
        if events & EPOLLIN.rawValue != 0 { mask |= CURL_CSELECT_IN }
        if events & EPOLLOUT.rawValue != 0 { mask |= CURL_CSELECT_OUT }
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { mask |= CURL_CSELECT_ERR }
        return mask
    }

    private func setDeadline(_ milliseconds: Int) {
        deadline =
            milliseconds < 0
            ? .max : clock_gettime_nsec(CLOCK_MONOTONIC) + UInt64(milliseconds) * 1_000_000
    }

    /// libcurl wants to hear of `descriptor` (CURL_POLL_IN, OUT, INOUT) or no longer (REMOVE).
    private func watch(_ descriptor: curl_socket_t, _ what: Int32) {
        let number = Int(descriptor)
        while watched.count <= number { watched.append((0, false)) }
        if what == CURL_POLL_REMOVE {
            watched[number].generation &+= 1
            watched[number].isWatched = false
            // Fails where libcurl has closed it: then the kernel has dropped it by itself.
            _ = epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
            return
        }
        var event = epoll_event()
        if what & CURL_POLL_IN != 0 { event.events |= EPOLLIN.rawValue }
        if what & CURL_POLL_OUT != 0 { event.events |= EPOLLOUT.rawValue }
        event.data.u64 = UInt64(watched[number].generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        // What we remember may be outdated, for libcurl may have closed a number and got it back.
        let guess = watched[number].isWatched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD
        if epoll_ctl(epoll, guess, descriptor, &event) != 0 {
            let other = guess == EPOLL_CTL_MOD ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
            let code = epoll_ctl(epoll, other, descriptor, &event)
            precondition(code == 0, "epoll watches libcurl's socket (errno \(errno))")
        }
        watched[number].isWatched = true
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> CurlLoop {
        guard let context else { preconditionFailure("libcurl lost the loop's context") }
        return Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue()
    }

    private static func check(_ code: CURLMcode) {
        precondition(code == CURLM_OK, "libcurl's multi handle is sound, but said \(code.rawValue)")
    }
}
