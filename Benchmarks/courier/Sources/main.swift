import AdviceCore
import AdviceCourier
import Dispatch
import Glibc
import Synchronization

/// Drives the courier as the daemon does, with the work that `bare.c` gives to libcurl alone:
///     courier-bench many|one|kept PORT DELIVERIES CONCURRENCY
/// where `kept` is `many` with the settings taken away that keep it linear, and prints
/// `rate CPU-us-per-delivery not-delivered`.

struct Work {
    let isManyHosts: Bool
    let keepsConnections: Bool
    let port: Int
    let deliveries: Int
    let concurrency: Int
}

/// Keeps `concurrency` attempts in flight: as many go out as come back.
final class Run: Sendable {
    struct State {
        var sent = 0
        var back = 0
        var notDelivered = 0
        var courier: CurlCourier?
    }

    let work: Work
    let body = SharedBody([UInt8](repeating: UInt8(ascii: "x"), count: 1536))
    let state = Mutex(State())
    let done = DispatchSemaphore(value: 0)

    init(_ work: Work) { self.work = work }

    func begin(_ courier: CurlCourier) {
        state.withLock { $0.courier = courier }
        more(work.concurrency)
    }

    func receive(_ replies: [CourierReply]) {
        let isOver = state.withLock { state in
            state.back += replies.count
            state.notDelivered += replies.count { $0.outcome != .delivered }
            return state.back == work.deliveries
        }
        if isOver { done.signal() } else { more(replies.count) }
    }

    func more(_ wanted: Int) {
        let (first, count, courier) = state.withLock { state in
            let count = min(wanted, work.deliveries - state.sent)
            defer { state.sent += count }
            return (state.sent, count, state.courier)
        }
        guard count > 0 else { return }
        courier?.send((first..<first + count).map(request))
    }

    func request(_ number: Int) -> CourierRequest {
        let host =
            work.isManyHosts
            ? "127.\(1 + number / 62_500).\(number / 250 % 250).\(1 + number % 250)" : "127.0.0.1"
        var request = CourierRequest(
            token: UInt64(number), url: "http://\(host):\(work.port)/hook",
            headers: [
                "content-type: application/json",
                "user-agent: advised/1.0 (+ops@example.org)",
                "webhook-id: msg_2KWPBgLlAfxdpx2AI54pPJ85f4W\(number)",
                "webhook-timestamp: 1782997200",
                "webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
                "webhook-attempt: 1",
            ],
            body: body, connectTimeout: .seconds(5), timeout: .seconds(15))
        request.allowHTTP = true
        request.allowNetworks = [AddressBlock(around: .v4(127 << 24), prefixLength: 8)]
        request.keepsConnection = work.keepsConnections
        return request
    }
}

func cpuMicroseconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let user = Double(usage.ru_utime.tv_sec) * 1e6 + Double(usage.ru_utime.tv_usec)
    return user + Double(usage.ru_stime.tv_sec) * 1e6 + Double(usage.ru_stime.tv_usec)
}

let arguments = CommandLine.arguments
guard arguments.count == 5, let port = Int(arguments[2]), let deliveries = Int(arguments[3]),
    let concurrency = Int(arguments[4])
else {
    print("usage: courier-bench many|one|kept PORT DELIVERIES CONCURRENCY")
    exit(64)
}
let run = Run(
    Work(
        isManyHosts: arguments[1] != "one", keepsConnections: arguments[1] != "many", port: port,
        deliveries: deliveries, concurrency: concurrency))
let clock = ContinuousClock()
let cpuBefore = cpuMicroseconds()
let start = clock.now
let courier = CurlCourier(addressGuard: AddressGuard(ownAddresses: [])) { run.receive($0) }
run.begin(courier)
run.done.wait()
let elapsed = start.duration(to: clock.now)
let cpu = cpuMicroseconds() - cpuBefore
courier.close()
let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
let notDelivered = run.state.withLock { $0.notDelivered }
print("\(Int(Double(deliveries) / seconds)) \(cpu / Double(deliveries)) \(notDelivered)")
