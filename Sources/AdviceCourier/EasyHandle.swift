import AdviceCore
import CCurl
import Glibc

/// One libcurl transfer handle with what its callbacks note. Pooled: between attempts only what differs is
/// set anew, and the handle is never reset (see `Options`).
///
/// Lives on the engine's queue. libcurl holds it unretained; the engine retains it until it has left libcurl.
final class EasyHandle {
    /// The bytes of an answer's body after which we hang up: nobody reads them.
    static let bodyLimit = 16 * 1024
    /// The bytes of its headers, over all lines and 1xx answers, after which we hang up.
    static let headerLimit = 32 * 1024
    /// The first bytes of a body, kept for the log.
    static let keptLimit = 1024

    let easy: UnsafeMutableRawPointer
    /// Where the engine has put it among those in flight.
    var position = 0
    /// A kept connection had died and libcurl went on with a new one. 7.88.1 counts these over a handle's
    /// whole life and gives an attempt up at the sixth: such a handle is not for another attempt.
    private(set) var isSpent = false
    private(set) var token: UInt64 = 0
    /// CLOCK_MONOTONIC, nanoseconds.
    private(set) var startedAt: UInt64 = 0

    private let caBundle: String
    /// The last attempt had a TLS of its own.
    private var hasOwnTLS = false
    /// The last attempt's.
    private var proxy: String?
    private var addressGuard: AddressGuard
    private var allowNetworks: [AddressBlock] = []
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// What libcurl is told of names: the last one forgotten, this one's addresses.
    private var names: UnsafeMutablePointer<curl_slist>?
    private var lastName: String?
    /// libcurl reads the body where it lies, so that it must outlive the transfer.
    private var body: SharedBody?
    private var timeout = Span.zero
    private var connectTimeout = Span.zero

    private var exchange = Exchange()
    private var refusal: (address: IPAddress, kind: String)?
    /// The attempt's own request began to be sent. A proxy is sent something of ours before.
    private var hasRequested = false
    private var dialled: IPAddress?
    private var bodyBytes = 0
    private var headerBytes = 0
    private var prefix: [UInt8] = []
    private var date: Instant?
    private var allowedOrigin: [UInt8]?

    init(addressGuard: AddressGuard, caBundle: String) {
        guard let easy = curl_easy_init() else { preconditionFailure("no memory for a transfer handle") }
        self.easy = easy
        self.caBundle = caBundle
        self.addressGuard = addressGuard
        Options.setOnce(easy, caBundle: caBundle)
        installCallbacks()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headers)
        curl_slist_free_all(names)
    }

    /// Makes the handle ready for one attempt that began at `startedAt`: its time runs from then on. `place`
    /// is where its host is; nil where the host is an address itself.
    func prepare(
        _ request: CourierRequest, at place: Place?, addressGuard: AddressGuard, startedAt: UInt64,
        now: UInt64
    ) {
        token = request.token
        self.startedAt = startedAt
        self.addressGuard = addressGuard
        allowNetworks = request.allowNetworks
        body = request.body
        timeout = request.timeout
        connectTimeout = request.connectTimeout
        exchange = Exchange()
        exchange.allowHTTP = request.allowHTTP
        exchange.connectsOnly = request.connectsOnly
        exchange.format = request.format
        exchange.proxy = request.proxy.map { .init(isSecure: $0.lowercased().hasPrefix("https:")) }
        // libcurl leaves such a connection to the handle: it goes with it.
        if request.connectsOnly { isSpent = true }
        refusal = nil
        hasRequested = false
        dialled = nil
        bodyBytes = 0
        headerBytes = 0
        date = nil
        allowedOrigin = nil
        Options.set(easy, for: request, used: Span(nanoseconds: Int64(now - startedAt)))
        setTLS(request.tls)
        setProxy(request.proxy)
        setNames(place)
        setHeaders(request.headers)
        Options.check(
            ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, Int(request.body.bytes.count)),
            CURLOPT_POSTFIELDSIZE_LARGE)
        Options.check(
            ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, request.body.pointer), CURLOPT_POSTFIELDS)
        if request.method.isBare { Options.setGetting(easy) }
    }

    /// What the attempt came to, and the handle is free for another.
    func finish(code: CURLcode, now: UInt64) -> CourierReply {
        note(code)
        exchange.body = prefix
        var reply = CourierReply(
            token: token,
            outcome: CurlOutcome.outcome(of: exchange),
            status: exchange.finalStatus ?? 0,
            error: CurlOutcome.words(for: exchange, timeout: timeout, connectTimeout: connectTimeout),
            latency: Span(nanoseconds: Int64(now - startedAt)),
            address: dialled?.description,
            replyPrefix: prefix,
            date: date,
            // Bytes of the request have left us, and nobody has said what became of them.
            mayHaveArrived: exchange.finalStatus == nil && hasRequested && long(CURLINFO_REQUEST_SIZE) > 0)
        reply.isDark = CurlOutcome.isDark(exchange)
        reply.rest = ServiceAnswer.rest(exchange)
        reply.allowedOrigin = allowedOrigin.map { String(decoding: $0, as: UTF8.self) }
        release()
        return reply
    }

    /// Lets go of what the attempt held. libcurl must have let go of the handle before.
    func release() {
        curl_slist_free_all(headers)
        headers = nil
        body = nil
        allowNetworks = []
        prefix = []
        exchange.location = []
        exchange.body = []
    }

    private func note(_ code: CURLcode) {
        exchange.code = Int(code.rawValue)
        exchange.status = long(CURLINFO_RESPONSE_CODE)
        if exchange.finalStatus != nil { return }
        if exchange.proxy != nil {
            exchange.proxy?.isConnected = offset(CURLINFO_CONNECT_TIME_T) > 0
            exchange.proxy?.connectStatus = long(CURLINFO_HTTP_CONNECTCODE)
            exchange.proxy?.socksError = long(CURLINFO_PROXY_ERROR)
        }
        if exchange.osErrno == 0 { exchange.osErrno = Int32(long(CURLINFO_OS_ERRNO)) }
        if code == CURLE_PEER_FAILED_VERIFICATION { exchange.verifyResult = long(CURLINFO_SSL_VERIFYRESULT) }
        if let refusal, dialled == nil { exchange.blockedAddress = "\(refusal.address) is \(refusal.kind)" }
    }

    private func long(_ info: CURLINFO) -> Int {
        var value = 0
        return ccurl_get_long(easy, info, &value) == CURLE_OK ? value : 0
    }

    private func offset(_ info: CURLINFO) -> Int64 {
        var value: curl_off_t = 0
        return ccurl_get_offset(easy, info, &value) == CURLE_OK ? Int64(value) : 0
    }

    private func setProxy(_ wanted: String?) {
        guard wanted != proxy else { return }
        Options.setProxy(easy, wanted)
        proxy = wanted
    }

    /// Nothing to do for most, who have none and follow one who had none.
    private func setTLS(_ tls: CourierRequest.TLS?) {
        guard tls != nil || hasOwnTLS else { return }
        Options.setTLS(easy, tls, caBundle: caBundle)
        hasOwnTLS = tls != nil
    }

    /// libcurl keeps these in its own cache of names until it is told to forget them: by the next attempt of
    /// this handle, so that there are never more than handles.
    private func setNames(_ place: Place?) {
        curl_slist_free_all(names)
        names = nil
        var lines = lastName.map { ["-\($0)"] } ?? []
        lastName = place?.name
        if let place { lines.append("\(place.name):\(place.addresses)") }
        for line in lines {
            guard let longer = curl_slist_append(names, line) else {
                preconditionFailure("no memory for a host's addresses")
            }
            names = longer
        }
        Options.check(ccurl_set_names(easy, names), CURLOPT_RESOLVE)
    }

    /// `Expect:` without a value takes the header away: libcurl would wait a second for a 100 on larger
    /// bodies.
    private func setHeaders(_ lines: [String]) {
        headers = curl_slist_append(nil, "Expect:")
        for line in lines {
            guard let longer = curl_slist_append(headers, line) else {
                preconditionFailure("no memory for a request's headers")
            }
            headers = longer
        }
        Options.check(ccurl_set_headers(easy, headers), CURLOPT_HTTPHEADER)
    }
}

// What libcurl calls. None of these calls libcurl.
extension EasyHandle {
    private func installCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        for option in [
            CURLOPT_PRIVATE, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_OPENSOCKETDATA,
            CURLOPT_PREREQDATA,
        ] {
            Options.check(ccurl_set_pointer(easy, option, context), option)
        }
        let write: curl_write_callback = { bytes, _, count, context in
            EasyHandle.at(context).receiveBody(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        Options.check(ccurl_set_receiver(easy, CURLOPT_WRITEFUNCTION, write), CURLOPT_WRITEFUNCTION)
        let header: curl_write_callback = { bytes, _, count, context in
            EasyHandle.at(context).receiveHeader(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        Options.check(ccurl_set_receiver(easy, CURLOPT_HEADERFUNCTION, header), CURLOPT_HEADERFUNCTION)
        let open: curl_opensocket_callback = { context, _, address in
            guard let address else { return CURL_SOCKET_BAD }
            return EasyHandle.at(context).openSocket(address)
        }
        Options.check(ccurl_set_open_socket(easy, open), CURLOPT_OPENSOCKETFUNCTION)
        let prerequest: curl_prereq_callback = { context, address, _, _, _ in
            EasyHandle.at(context).mayRequest(from: address)
                ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
        Options.check(ccurl_set_prerequest(easy, prerequest), CURLOPT_PREREQFUNCTION)
    }

    /// The handle that libcurl was given as a callback's context, or as a transfer's private pointer.
    static func at(_ context: UnsafeMutableRawPointer?) -> EasyHandle {
        guard let context else { preconditionFailure("libcurl lost a callback's context") }
        return Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    }

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        bodyBytes += bytes.count
        let room = Self.keptLimit - prefix.count
        if room > 0 { prefix.append(contentsOf: bytes.prefix(room)) }
        // Any other number than the given one makes libcurl hang up.
        return bodyBytes <= Self.bodyLimit ? bytes.count : -1
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerLimit else { return -1 }
        // What follows a body is a trailer, which nobody asked for.
        if bodyBytes == 0 { read(header: bytes) }
        return bytes.count
    }

    private func read(header line: UnsafeRawBufferPointer) {
        guard let first = line.first else { return }
        switch first | 0x20 {
        case UInt8(ascii: "h") where line.starts(with: "HTTP/".utf8):
            // A final answer after a 1xx one begins afresh.
            exchange.retryAfter = nil
            exchange.limitReset = nil
            exchange.isLimitSpent = false
            exchange.location = []
            date = nil
            allowedOrigin = nil
        case UInt8(ascii: "r"):
            guard let value = HeaderLine.value(of: "retry-after", in: line) else { return }
            guard let wait = RetryAfter.parse(value, now: realtime()) else { return }
            exchange.retryAfter = max(wait, exchange.retryAfter ?? .zero)
        case UInt8(ascii: "d"):
            guard let value = HeaderLine.value(of: "date", in: line) else { return }
            date = HTTPDate.parse(value, now: realtime())
        case UInt8(ascii: "l"):
            guard let value = HeaderLine.value(of: "location", in: line) else { return }
            exchange.location = Array(value)
        case UInt8(ascii: "w"):
            guard let value = HeaderLine.value(of: "webhook-allowed-origin", in: line) else { return }
            allowedOrigin = Array(value.prefix(256))
        case UInt8(ascii: "x"):
            if let value = HeaderLine.value(of: "x-ratelimit-reset-after", in: line) {
                exchange.limitReset = ServiceAnswer.seconds(value)
            } else if let value = HeaderLine.value(of: "x-ratelimit-remaining", in: line) {
                exchange.isLimitSpent = value.elementsEqual("0".utf8)
            }
        default: return
        }
    }

    /// The guard's place: the address as resolved, before a packet is sent. libcurl tries the host's next
    /// address after a refusal, so that the first refusal is kept for the words.
    private func openSocket(_ wanted: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 0
        let raw = (UnsafeRawPointer(wanted) + offset).assumingMemoryBound(to: sockaddr.self)
        guard let address = IPAddress(raw) else { return CURL_SOCKET_BAD }
        if exchange.phase == .connected { isSpent = true }
        exchange.phase = .connecting
        guard admit(address) else { return CURL_SOCKET_BAD }
        let descriptor = socket(
            wanted.pointee.family, wanted.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
            wanted.pointee.protocol)
        if descriptor < 0 { exchange.osErrno = errno } else { dialled = address }
        return descriptor
    }

    /// Kept connections are not opened again: judge them too, in case the allowed networks have changed.
    private func mayRequest(from text: UnsafePointer<CChar>?) -> Bool {
        exchange.phase = .connected
        guard let text, let address = IPAddress(String(cString: text))
        else { return false }
        let admitted = admit(address)
        if admitted { hasRequested = true }
        dialled = admitted ? address : nil
        return admitted
    }

    private func admit(_ address: IPAddress) -> Bool {
        // It is the proxy's address: whom it dials for us is for its own filter.
        if exchange.proxy != nil { return true }
        guard case .denied(let kind) = addressGuard.judge(address, allowing: allowNetworks) else {
            return true
        }
        if refusal == nil { refusal = (address, kind) }
        return false
    }

    private func realtime() -> Instant {
        Instant(nanoseconds: Int64(clock_gettime_nsec(CLOCK_REALTIME)))
    }
}

/// Where a named host is, as `CURLOPT_RESOLVE` wants it.
struct Place {
    /// `host:port`.
    var name: String
    /// With commas between them, in the order in which they are tried.
    var addresses: String

    init(host: String, port: Int, _ addresses: [IPAddress]) {
        name = "\(host):\(port)"
        self.addresses = addresses.map { address in
            if case .v6 = address { "[\(address)]" } else { "\(address)" }
        }.joined(separator: ",")
    }
}

/// One header line as libcurl hands it over, with its line end.
enum HeaderLine {
    /// The value behind `name` (lower case) and its colon, nil where the line is another header's.
    static func value(of name: StaticString, in line: UnsafeRawBufferPointer) -> Slice<
        UnsafeRawBufferPointer
    >? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, line[length] == UInt8(ascii: ":") else { return nil }
        for index in 0..<length where line[index] | 0x20 != name.utf8Start[index] | 0x20 { return nil }
        var end = line.count
        while end > length + 1, isBlank(line[end - 1]) { end -= 1 }
        var start = length + 1
        while start < end, isBlank(line[start]) { start += 1 }
        return line[start..<end]
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a
    }
}

/// Nanoseconds on `clock`.
func clock_gettime_nsec(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
