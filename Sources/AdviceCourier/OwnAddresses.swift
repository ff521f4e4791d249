public import AdviceCore
import CCurl
import Glibc

/// The addresses of this host's interfaces as they are now, loopback among them.
///
/// Empty where the kernel does not tell (a unit without AF_NETLINK): the guard's table still holds then.
public func readOwnAddresses() -> [IPAddress] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var addresses: [IPAddress] = []
    var next = list
    while let entry = next {
        if let socketAddress = entry.pointee.ifa_addr, let address = IPAddress(socketAddress) {
            addresses.append(address)
        }
        next = entry.pointee.ifa_next
    }
    return addresses
}

extension IPAddress {
    /// The address inside a `sockaddr` of AF_INET or AF_INET6, nil for other families.
    init?(_ socketAddress: UnsafePointer<sockaddr>) {
        let raw = UnsafeRawPointer(socketAddress)
        switch Int32(socketAddress.pointee.sa_family) {
        case AF_INET:
            self = .v4(UInt32(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6:
            let address = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self = withUnsafeBytes(of: address) { bytes in
                .v6(UInt128(bigEndian: bytes.loadUnaligned(as: UInt128.self)))
            }
        default: return nil
        }
    }
}
