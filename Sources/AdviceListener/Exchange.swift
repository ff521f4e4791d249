import CMicroHTTPD

/// One request on its way in. libmicrohttpd holds it from the request line until the request is over, and
/// touches it on its one thread only.
final class Exchange {
    /// As on the request line.
    let target: String
    private(set) var method = ""
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    private(set) var stage = Stage.requestLine

    enum Stage {
        case requestLine, body
        /// The connection is suspended until there is an answer.
        case asked(Question)
        /// The answer is decided, and perhaps kept back.
        case answered(Reply)
    }

    private let largestBody: Int

    init(target: String, bodyBytes: Int) {
        self.target = target
        largestBody = bodyBytes
    }

    /// The headers are complete.
    func begin(method: String, connection: OpaquePointer) {
        self.method = method
        let context = Unmanaged.passUnretained(self).toOpaque()
        MHD_get_connection_values_n(
            connection, .HEADER_KIND,
            { context, _, name, nameSize, value, valueSize in
                if let context {
                    Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue().headers.append(
                        (text(name, nameSize), text(value, valueSize)))
                }
                return .YES
            }, context)
        stage = .body
    }

    /// The length is announced and too large.
    var announcesTooMuch: Bool {
        guard let length = headers.first(where: { $0.name.lowercased() == "content-length" }) else {
            return false
        }
        return (Int(length.value) ?? 0) > largestBody
    }

    /// Takes some of the body; false where that makes it too large.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= largestBody else { return false }
        body.append(contentsOf: bytes)
        return true
    }

    func answer(_ reply: Reply) {
        stage = .answered(reply)
    }

    func wait(for question: Question) {
        stage = .asked(question)
    }

    func received(from remoteAddress: String) -> ReceivedRequest {
        ReceivedRequest(
            method: method, path: target, headers: headers, body: body, remoteAddress: remoteAddress)
    }
}

private func text(_ start: UnsafePointer<CChar>?, _ count: Int) -> String {
    start.map { String(decoding: UnsafeRawBufferPointer(start: $0, count: count), as: UTF8.self) } ?? ""
}
