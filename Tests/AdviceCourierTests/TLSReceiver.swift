import AdviceCore
import AdviceCourier
import Foundation
import Glibc

/// An HTTPS receiver on loopback in another process and another language, with a certificate made by
/// openssl's own command. Answers every POST with 204 and closes.
struct TLSReceiver {
    enum Certificate: Sendable { case good, expired, otherHost, unknownAuthority, selfSigned }

    let port: Int
    /// Debian's authorities and the test's own.
    let bundle: String
    private let folder: URL
    private let server: Process
    private let input = Pipe()

    /// The test's own authority, with which a client may prove itself; and a certificate and key that it has
    /// signed.
    var authority: String { folder.appendingPathComponent("known.pem").path }
    var certificate: String { folder.appendingPathComponent("good.pem").path }
    var key: [UInt8] {
        get throws { [UInt8](try Data(contentsOf: folder.appendingPathComponent("key.pem"))) }
    }

    init(_ certificate: Certificate, newest: String = "TLSv1_3", asksClients: Bool = false) throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("advised-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        bundle = folder.appendingPathComponent("bundle.pem").path
        _ = try Self.run("/bin/sh", ["-euc", Self.makeCertificates], in: folder)
        let name =
            switch certificate {
            case .good: "good"
            case .expired: "expired"
            case .otherHost: "other"
            case .unknownAuthority: "unknown"
            case .selfSigned: "self"
            }
        server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        server.standardInput = input
        server.standardError = FileHandle.nullDevice
        server.arguments = ["-c", Self.serve, "\(name).pem", "key.pem", newest, asksClients ? "yes" : "no"]
        server.currentDirectoryURL = folder
        let output = Pipe()
        server.standardOutput = output
        try server.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw POSIXError(.ECONNREFUSED)
        }
        self.port = port
    }

    /// Sends `count` requests one after another, each over a connection of its own.
    func send(_ count: Int) async throws -> [CourierReply] {
        let post = Post(caBundle: bundle)
        defer { post.close() }
        var replies: [CourierReply] = []
        for token in 0..<UInt64(count) {
            var request = CourierRequest.local("https://localhost:\(port)/hook", token: token)
            request.allowHTTP = false
            replies.append(try await post.send(request))
        }
        return replies
    }

    func stop() {
        // It ends with its standard input, thus also when the tests die.
        try? input.fileHandleForWriting.close()
        server.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func run(_ path: String, _ arguments: [String], in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw POSIXError(.EIO) }
    }

    private static let makeCertificates = """
        openssl ecparam -name prime256v1 -genkey -noout -out key.pem
        authority() {
            openssl req -x509 -new -key key.pem -subj "/CN=$1" -days 30 -out "$1.pem" \
                -addext basicConstraints=critical,CA:TRUE
        }
        authority known
        openssl ecparam -name prime256v1 -genkey -noout -out stranger.key
        openssl req -x509 -new -key stranger.key -subj "/CN=stranger" -days 30 -out stranger.pem
        printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=db\\nnew_certs_dir=.\\nserial=serial\\n' > ca.conf
        printf 'default_md=sha256\\npolicy=p\\ncopy_extensions=copy\\nunique_subject=no\\n' >> ca.conf
        printf '[p]\\ncommonName=supplied\\n' >> ca.conf
        : > db
        echo 01 > serial
        issue() { # name, host, authority, its key, first day, last day
            openssl req -new -key key.pem -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -out "$1.csr"
            openssl ca -batch -config ca.conf -cert "$3.pem" -keyfile "$4" -in "$1.csr" -out "$1.pem" \
                -startdate "$5" -enddate "$6" -notext
        }
        issue good localhost known key.pem 20200101000000Z 20991231000000Z
        issue expired localhost known key.pem 20200101000000Z 20200201000000Z
        issue other other.example known key.pem 20200101000000Z 20991231000000Z
        issue unknown localhost stranger stranger.key 20200101000000Z 20991231000000Z
        openssl req -x509 -new -key key.pem -subj /CN=localhost -days 30 -out self.pem \
            -addext subjectAltName=DNS:localhost
        cat /etc/ssl/certs/ca-certificates.crt known.pem > bundle.pem
        """

    private static let serve = """
        import socket, ssl, sys, threading
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = getattr(ssl.TLSVersion, sys.argv[3])
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        if sys.argv[4] == "yes":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations("known.pem")
        def serve(plain):
            try:
                with context.wrap_socket(plain, server_side=True) as peer:
                    data = b""
                    while b"\\r\\n\\r\\n" not in data or not data.endswith(b"{}"):
                        more = peer.recv(65536)
                        if not more: return
                        data += more
                    peer.sendall(b"HTTP/1.1 204 X\\r\\n\\r\\n")
            except OSError:
                plain.close()
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        def accept():
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        print(listener.getsockname()[1], flush=True)
        sys.stdin.read()
        """
}

/// Counts how often a file is opened, by inotify.
struct OpenCount: ~Copyable {
    private let descriptor: Int32

    init(of path: String) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        // The kernel merges like events that follow each other: closings keep openings apart.
        guard inotify_add_watch(descriptor, path, UInt32(IN_OPEN | IN_CLOSE_NOWRITE)) >= 0 else {
            throw POSIXError(.ENOENT)
        }
    }

    deinit { close(descriptor) }

    /// How often it was opened since the last call.
    func count() -> Int {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let length = max(0, read(descriptor, &bytes, bytes.count))
        // Events of a watched file carry no name: each is `wd`, `mask`, `cookie` and `len` of 4 bytes.
        return stride(from: 0, to: length, by: 16).count { start in
            let mask = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self) }
            return mask & UInt32(IN_OPEN) != 0
        }
    }
}
