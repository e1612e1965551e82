import CBridge

/// What the library's threads call into. Free functions: a closure at top level would belong to the main actor.
final class HTTPHooks: Sendable {
    let handler: any HTTPHandler
    /// Whose word on the client's address is taken.
    let proxies: Set<String>
    let log: (@Sendable (String) -> Void)?

    init(_ handler: any HTTPHandler, proxies: Set<String>, log: (@Sendable (String) -> Void)?) {
        self.handler = handler
        self.proxies = proxies
        self.log = log
    }
}

/// The C side calls only between start and stop, while it holds a reference.
private func hooks(_ context: UnsafeMutableRawPointer?) -> HTTPHooks? {
    context.map { Unmanaged<HTTPHooks>.fromOpaque($0).takeUnretainedValue() }
}

func requestHead(_ context: UnsafeMutableRawPointer?, _ raw: OpaquePointer) -> Int64 {
    guard let hooks = hooks(context) else { return Int64(KH_HANDLE_NOW) }
    let request = HTTPRequest(raw, proxies: hooks.proxies)
    kh_request_set_app(raw, Unmanaged.passRetained(request).toOpaque())
    switch hooks.handler.head(request) {
    case .readBody(let limit): return Int64(max(limit, 0))
    case .handleNow: return Int64(KH_HANDLE_NOW)
    case .answer(let response):
        send(response, to: request)
        return kh_request_is_answered(raw) ? Int64(KH_ANSWERED) : Int64(KH_HANDLE_NOW)
    }
}

func requestWhole(_ context: UnsafeMutableRawPointer?, _ raw: OpaquePointer) {
    guard let hooks = hooks(context), let app = kh_request_app(raw) else { return }
    let request = Unmanaged<HTTPRequest>.fromOpaque(app).takeUnretainedValue()
    hooks.handler.handle(request, Responder(request))
}

func requestFinished(
    _ context: UnsafeMutableRawPointer?, _ raw: OpaquePointer, _ status: Int32, _ bytes: UInt64, _ nanoseconds: UInt64,
    _ completed: Bool
) {
    guard let hooks = hooks(context) else { return }
    let request: HTTPRequest
    if let app = kh_request_app(raw) {
        kh_request_set_app(raw, nil)
        request = Unmanaged<HTTPRequest>.fromOpaque(app).takeRetainedValue()
    } else {
        request = HTTPRequest(raw, proxies: hooks.proxies)
    }
    hooks.handler.finished(
        request, status: status == 0 ? 499 : Int(status), bytesOut: Int(bytes), nanoseconds: nanoseconds)
}

func libraryMessage(_ context: UnsafeMutableRawPointer?, _ text: UnsafePointer<CChar>) {
    guard let hooks = hooks(context), let log = hooks.log else { return }
    log(String(cString: text))
}
