import CMicroHTTPD

/// What libmicrohttpd's callbacks lead to. Outlives the daemon, for the listener holds it until that is
/// stopped.
final class Exchanges: Sendable {
    let held = HeldConnections()
    private let ask: Asking
    private let bodyBytes: Int
    private let crowd: Crowd?

    init(_ limits: ListenerLimits, ask: @escaping Asking) {
        self.ask = ask
        bodyBytes = limits.bodyBytes
        crowd = limits.givesUpOldest ? Crowd(places: limits.connections) : nil
    }

    static func borrow(_ context: UnsafeMutableRawPointer?) -> Exchanges {
        guard let context else { preconditionFailure("the daemon was started with its context") }
        return Unmanaged<Exchanges>.fromOpaque(context).takeUnretainedValue()
    }

    /// A request line came in: libmicrohttpd keeps the exchange until `free`.
    func newExchange(_ target: UnsafePointer<CChar>?) -> UnsafeMutableRawPointer {
        let exchange = Exchange(target: target.map { String(cString: $0) } ?? "", bodyBytes: bodyBytes)
        return Unmanaged.passRetained(exchange).toOpaque()
    }

    /// A connection was opened or closed.
    func note(_ connection: OpaquePointer?, _ change: MHD_ConnectionNotificationCode) {
        guard let crowd, let connection else { return }
        let socket = advice_client_socket(connection)
        // The first of C's two values is a connection's start.
        if change.rawValue == 0 { crowd.add(socket) } else { crowd.remove(socket) }
    }

    static func free(_ exchange: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) {
        guard let exchange, let opaque = exchange.pointee else { return }
        exchange.pointee = nil
        Unmanaged<Exchange>.fromOpaque(opaque).release()
    }

    /// Called with the headers, then with each part of the body, then with none, and once more for an answer
    /// that was kept back.
    func handle(
        _ connection: OpaquePointer?, method: UnsafePointer<CChar>?, bytes: UnsafePointer<CChar>?,
        count: UnsafeMutablePointer<Int>?, exchange: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result {
        guard let connection, let count, let opaque = exchange?.pointee else { return .NO }
        let exchange = Unmanaged<Exchange>.fromOpaque(opaque).takeUnretainedValue()
        switch exchange.stage {
        case .requestLine:
            exchange.begin(method: method.map { String(cString: $0) } ?? "", connection: connection)
            guard exchange.announcesTooMuch else { return .YES }
            // Where no body is taken at all, a refusal is answered without it.
            let question = Question(held)
            if bodyBytes == 0 { ask(received(exchange, connection), question.answer) }
            return (question.reply ?? Reply(status: 413)).send(on: connection)
        case .body where count.pointee > 0:
            // Too much without having announced it: libmicrohttpd lets nothing be answered midway, so the
            // connection is dropped.
            guard exchange.take(UnsafeRawBufferPointer(start: bytes, count: count.pointee)) else {
                return .NO
            }
            count.pointee = 0
            return .YES
        case .body:
            let question = Question(held)
            ask(received(exchange, connection), question.answer)
            guard let reply = question.awaited(on: connection) else {
                exchange.wait(for: question)
                return .YES
            }
            return begin(reply, exchange, connection)
        case .asked(let question):
            return begin(question.reply ?? .stopping, exchange, connection)
        case .answered(let reply):
            return reply.send(on: connection)
        }
    }

    /// Answers, now or after the delay.
    private func begin(_ reply: Reply, _ exchange: Exchange, _ connection: OpaquePointer) -> MHD_Result {
        exchange.answer(reply)
        if reply.delay > .zero, held.hold(connection, for: reply.delay) { return .YES }
        return reply.send(on: connection)
    }

    private func received(_ exchange: Exchange, _ connection: OpaquePointer) -> ReceivedRequest {
        exchange.received(from: addressText(advice_client_address(connection)))
    }
}

extension Reply {
    static let statuses = 200...599
    /// The listener stops before there is an answer.
    static let stopping = Reply(status: 503)

    /// `.NO` closes the connection.
    fileprivate func send(on connection: OpaquePointer) -> MHD_Result {
        precondition(Reply.statuses.contains(status), "a final status is from 200 to 599")
        let sent = status == 204 || status == 304 ? [] : body
        let response = sent.withUnsafeBytes { bytes in
            MHD_create_response_from_buffer(
                bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
        }
        guard let response else { return .NO }
        defer { MHD_destroy_response(response) }
        for header in headers {
            precondition(
                MHD_add_response_header(response, header.name, header.value) == .YES,
                "a reply's header has a name, and a value without line ends")
        }
        return MHD_queue_response(connection, UInt32(status), response)
    }
}
