import CMicroHTTPD
import Glibc
import Synchronization

/// The sockets of the connections that there are, oldest first. Only libmicrohttpd's thread tells of them.
final class Crowd: Sendable {
    private let places: Int
    private let sockets = Mutex<[Int32]>([])

    init(places: Int) { self.places = places }

    /// Shuts the oldest connection where there is one too many; libmicrohttpd then closes it. It was accepted
    /// on this same thread, so its number cannot be another's yet.
    func add(_ socket: Int32) {
        let oldest: Int32? = sockets.withLock { sockets in
            sockets.append(socket)
            return sockets.count > places ? sockets.removeFirst() : nil
        }
        if let oldest { shutdown(oldest, Int32(SHUT_RDWR)) }
    }

    func remove(_ socket: Int32) {
        sockets.withLock { sockets in
            if let place = sockets.firstIndex(of: socket) { sockets.remove(at: place) }
        }
    }
}
