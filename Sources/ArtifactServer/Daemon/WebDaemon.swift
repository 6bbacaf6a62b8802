// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import Glibc
import SystemCalls

/// Serves a site on a socket with libmicrohttpd, with one epoll thread for each core.
public final class WebDaemon: @unchecked Sendable {
    // libmicrohttpd's threads use only what is immutable or locked, hence @unchecked Sendable.

    /// The limits on connections.
    public struct Limits: Sendable {
        /// The number of open connections at most.
        public var connections: UInt32 = 1024
        /// The number of open connections from one address at most.
        public var connectionsPerAddress: UInt32 = 512
        /// The time after which a silent connection is closed, in whole seconds.
        public var timeout = Duration.seconds(30)

        /// Creates the default limits.
        public init() {}
    }

    /// Bytes for the headers of a request; larger ones are refused.
    private static let memoryPerConnection = 32 * 1024
    /// With TLS, files up to this size are read whole, so that headers and body leave together.
    private static let smallSize: UInt64 = 64 * 1024

    private let site: Site
    private let socket: ListeningSocket
    private let log: AccessLogFile?
    private let isEncrypted: Bool
    private let settings: UnsafeMutablePointer<cmhd_settings>
    private var daemon: OpaquePointer?
    private let stopping = Monitor(false)

    /// Starts the daemon.
    ///
    /// - Parameter certificate: the certificate for HTTPS; nil for plain HTTP.
    public init(
        _ site: Site, at socket: ListeningSocket, certificate: Certificate?, log: AccessLogFile? = nil,
        limits: Limits = Limits()
    ) throws {
        self.site = site
        self.socket = socket
        self.log = log
        isEncrypted = certificate != nil
        settings = .allocate(capacity: 1)
        settings.initialize(to: cmhd_settings())
        settings.pointee.socket = socket.descriptor.number
        settings.pointee.threads = UInt32(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        settings.pointee.connections = max(limits.connections, settings.pointee.threads)
        settings.pointee.connections_per_address = limits.connectionsPerAddress
        settings.pointee.timeout = UInt32(limits.timeout / .seconds(1))
        settings.pointee.memory_per_connection = WebDaemon.memoryPerConnection
        settings.pointee.context = Unmanaged.passUnretained(self).toOpaque()
        settings.pointee.begin = { context, target, _ in
            guard let context, let target else { return nil }
            return Unmanaged<WebDaemon>.fromOpaque(context).takeUnretainedValue().begin(target)
        }
        settings.pointee.handle = { context, connection, _, method, version, upload, uploaded, exchange in
            guard let context, let connection, let exchange = exchange?.pointee else { return .NO }
            return Unmanaged<WebDaemon>.fromOpaque(context).takeUnretainedValue().handle(
                connection, Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue(), method, version,
                upload, uploaded)
        }
        settings.pointee.complete = { context, connection, exchange, reason in
            guard let context, let connection, let pointer = exchange?.pointee else { return }
            exchange?.pointee = nil
            let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
            Unmanaged<WebDaemon>.fromOpaque(context).takeUnretainedValue().complete(
                connection, exchange, isWhole: reason == .REQUEST_TERMINATED_COMPLETED_OK)
        }
        try start(certificate)
        site.metrics.setConnections { [weak self] in
            self?.daemon.map { cmhd_connections($0) } ?? 0
        }
    }

    deinit {
        if let daemon { MHD_stop_daemon(daemon) }
        settings.deallocate()
    }

    private func start(_ certificate: Certificate?) throws {
        // TLS 1.2 and 1.3, ciphers of at least 128 bits, forward secrecy.
        let priorities = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-SHA1:%SERVER_PRECEDENCE"
        if let certificate {
            (certificate.pem + [0]).withUnsafeBytes { pem in
                (certificate.key + [0]).withUnsafeBytes { key in
                    priorities.withCString { priorities in
                        settings.pointee.certificate = pem.baseAddress?.assumingMemoryBound(to: CChar.self)
                        settings.pointee.key = key.baseAddress?.assumingMemoryBound(to: CChar.self)
                        settings.pointee.priorities = priorities
                        daemon = cmhd_start(settings)
                    }
                }
            }
            (settings.pointee.certificate, settings.pointee.key, settings.pointee.priorities) = (
                nil, nil, nil
            )
        } else {
            daemon = cmhd_start(settings)
        }
        guard daemon == nil else { return }
        let reason = withUnsafeBytes(of: &settings.pointee.reason) { bytes in
            String(decoding: bytes.prefix { $0 != 0 && $0 != 10 }, as: UTF8.self)
        }
        throw ServerError(
            "cannot start the web server at \(socket.address): \(reason.isEmpty ? "libmicrohttpd does not say why" : reason)"
        )
    }

    /// Accepts no more connections, waits for requests under way, and stops.
    ///
    /// - Parameter timeout: the time that requests have to end.
    /// - Returns: the number of requests that were broken off.
    public func stop(timeout: Duration) -> Int {
        guard let daemon else { return 0 }
        stopping.withLock { $0 = true }
        MHD_quiesce_daemon(daemon)
        // Resets connections that are not accepted yet.
        shutdown(socket.descriptor.number, Int32(SHUT_RDWR))
        let left = site.metrics.waitForQuiet(atMost: timeout)
        site.metrics.setConnections { 0 }
        self.daemon = nil
        MHD_stop_daemon(daemon)
        return left
    }

    // MARK: Called by the library's threads

    private func begin(_ target: UnsafePointer<CChar>) -> UnsafeMutableRawPointer {
        site.metrics.begin()
        return Unmanaged.passRetained(Exchange(target: String(cString: target))).toOpaque()
    }

    private func handle(
        _ connection: OpaquePointer, _ exchange: Exchange, _ method: UnsafePointer<CChar>?,
        _ version: UnsafePointer<CChar>?, _ upload: UnsafePointer<CChar>?,
        _ uploaded: UnsafeMutablePointer<Int>?
    ) -> MHD_Result {
        if !exchange.hasBegun {
            exchange.hasBegun = true
            exchange.method = method.map { String(cString: $0) } ?? ""
            exchange.version = version.map { String(cString: $0) } ?? ""
            let request = request(connection, exchange)
            if site.takesBody(request) {
                exchange.upload = (request, [])
                return .YES
            }
            let response = site.response(to: request)
            exchange.response = response
            // A body is not read: the connection is closed behind the response.
            return request.hasBody ? queue(response, connection, exchange, closing: true) : .YES
        }
        if let uploaded, uploaded.pointee > 0 {
            let bytes = UnsafeRawBufferPointer(start: upload, count: uploaded.pointee)
            uploaded.pointee = 0
            guard let body = exchange.upload?.body else { return .YES }
            // The library waits for the rest, which is dropped.
            exchange.upload?.body = body.count + bytes.count <= Site.largestBody ? body + bytes : body
            exchange.isTooLarge = exchange.isTooLarge || body.count + bytes.count > Site.largestBody
            return .YES
        }
        if let upload = exchange.upload {
            exchange.upload = nil
            exchange.response =
                exchange.isTooLarge
                ? .text(413, "No more than \(Site.largestBody) bytes are taken.")
                : site.objects(for: upload.request, body: upload.body)
        }
        guard let response = exchange.response else { return .NO }
        exchange.response = nil
        return queue(response, connection, exchange, closing: stopping.withLock { $0 })
    }

    private func request(_ connection: OpaquePointer, _ exchange: Exchange) -> Request {
        func header(_ name: String) -> String? {
            MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { String(cString: $0) }
        }
        var request = Request(exchange.method, exchange.target)
        request.host = header("Host")
        request.conditions.range = header("Range")
        request.conditions.ifRange = header("If-Range")
        request.conditions.ifNoneMatch = header("If-None-Match")
        request.conditions.ifModifiedSince = header("If-Modified-Since")
        request.hasBody = header("Transfer-Encoding") != nil || header("Content-Length") ?? "0" != "0"
        exchange.host = cmhd_client(connection).flatMap { SocketAddress($0) }
        request.isLocal =
            exchange.host?.isLoopback == true
            && !["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"].contains { header($0) != nil }
        if log != nil {
            exchange.referrer = header("Referer")
            exchange.agent = header("User-Agent")
        }
        return request
    }

    private func queue(
        _ response: Response, _ connection: OpaquePointer, _ exchange: Exchange, closing: Bool
    ) -> MHD_Result {
        guard let handle = handle(of: response) else { return .NO }
        defer { MHD_destroy_response(handle) }
        for (name, value) in response.headers { MHD_add_response_header(handle, name, value) }
        if closing { MHD_add_response_header(handle, "Connection", "close") }
        exchange.status = response.status
        exchange.bodyCount = exchange.method == "HEAD" ? 0 : response.bodyCount
        if case .objects(let objects) = response.body { exchange.objects = objects }
        return MHD_queue_response(connection, response.status, handle)
    }

    /// Creates libmicrohttpd's object for a response.
    private func handle(of response: Response) -> OpaquePointer? {
        switch response.body {
        case .none: return MHD_create_response_from_buffer(0, nil, .RESPMEM_PERSISTENT)
        case .bytes(let bytes): return WebDaemon.handle(of: bytes)
        case .file(let file, let offset, let count):
            guard isEncrypted else {
                // The library uses sendfile, and closes the descriptor.
                let number = fcntl(file.number, F_DUPFD_CLOEXEC, 0)
                guard number >= 0 else { return nil }
                let handle = MHD_create_response_from_fd_at_offset64(count, number, offset)
                if handle == nil { close(number) }
                return handle
            }
            if count > WebDaemon.smallSize { return FileReading.response(file, offset: offset, count: count) }
            guard let bytes = try? WebDaemon.read(file, offset, Int(count)) else { return nil }
            return WebDaemon.handle(of: bytes)
        case .objects(let stream): return stream.response()
        }
    }

    private static func handle(of bytes: [UInt8]) -> OpaquePointer? {
        bytes.withUnsafeBytes { raw in
            // Copied, so nothing is written through the pointer.
            MHD_create_response_from_buffer(
                raw.count, UnsafeMutableRawPointer(mutating: raw.baseAddress), .RESPMEM_MUST_COPY)
        }
    }

    /// Reads exactly `count` bytes; nil if the file has fewer.
    private static func read(_ file: Descriptor, _ offset: UInt64, _ count: Int) throws(SystemError)
        -> [UInt8]?
    {
        var bytes = [UInt8](repeating: 0, count: count)
        let filled = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(SystemError) in try file.fill(buffer, at: offset) }
        }
        return try filled.get() == count ? bytes : nil
    }

    private func complete(_ connection: OpaquePointer, _ exchange: Exchange, isWhole: Bool) {
        // The library itself responds to malformed requests.
        if exchange.status == 0 { exchange.status = cmhd_status(connection) }
        if let objects = exchange.objects { exchange.bodyCount = objects.sent }
        site.metrics.end(
            method: exchange.method, status: exchange.status, bytes: isWhole ? exchange.bodyCount : 0)
        log?.add(exchange.logLine(at: time(nil)))
    }
}
