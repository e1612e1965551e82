import Core
import Platform
import Storage

extension Exchange {
    func dispatch(_ endpoint: Endpoint, _ call: Call) throws {
        switch endpoint.execution {
        case .inline:
            if endpoint.path == EventsEndpoint.path { return try EventsEndpoint.serve(self, call) }
            answer(try render(endpoint.handle(call)))
        case .write:
            guard let tenant else { throw Problem(404, "tenant.not_found", "There is no tenant here.") }
            try tenant.store.submit(self)
        case .read:
            if stage == .read { return try runRead() }
            stage = .read
            try enqueue(application.readers, owner: tenant?.id ?? 0)
        case .worker:
            stage = .work
            try enqueue(application.workers, owner: tenant?.id ?? 0)
        }
    }

    func enqueue(_ pool: WorkPool, owner: Int64) throws {
        guard pool.submit(self, owner: owner) else {
            throw Problem(
                503, "server.busy", "Too much is waiting already; try again in a moment.", headers: [("Retry-After", "1")])
        }
    }

    /// Has the answer written on a thread that may wait for its taker: a reading thread must not.
    private func enqueueExport(_ tenant: Tenant) throws {
        stage = .export
        guard application.exporters.submit(self, owner: tenant.id) else {
            throw Problem(
                503, "server.too_many_exports", "Several exports of this business are being sent already; try again when one is done.",
                headers: [("Retry-After", "10")])
        }
    }

    private func runRead() throws {
        guard let call, let endpoint else { return }
        guard let tenant else { return answer(try render(endpoint.handle(call))) }
        let response = try tenant.store.read { db in
            try call.requireServed()
            return try call.with(db) { () -> HTTPResponse? in
                let reply = try endpoint.handle(call)
                if case .stream = reply.body { return nil }
                return try render(reply)
            }
        }
        if let response { answer(response) } else { try enqueueExport(tenant) }
    }

    /// The handler once more, with a connection beside the store's few, and then what it streams.
    private func runExport() throws {
        guard let call, let endpoint, let tenant else { return }
        let response = try tenant.store.readAlone { db in
            try call.with(db) { () -> HTTPResponse? in
                let reply = try endpoint.handle(call)
                guard case .stream(let type, let write) = reply.body else { return try render(reply) }
                return try stream(reply, type, call, write)
            }
        }
        if let response { answer(response) }
    }

    private func runWork() throws {
        guard let call, let endpoint else { return }
        answer(try render(endpoint.handle(call)))
    }
}

extension Exchange: PooledWork {
    func run() {
        do {
            switch stage {
            case .admit:
                stage = .read  // this thread may wait, and read
                try admit()
            case .read: try runRead()
            case .export: try runExport()
            case .work: try runWork()
            }
        } catch {
            refuse(error)
        }
    }
}

extension Exchange: LaneWork {
    /// Inside the request's own savepoint.
    func perform(_ db: Connection) throws {
        guard let call else { return }
        if let keyed {
            do {
                if let kept = try Idempotency.lookup(db, keyed) {
                    response = HTTPResponse(
                        status: kept.status, headers: [("Idempotency-Replayed", "true")], body: kept.body,
                        contentType: kept.contentType)
                    return
                }
            } catch {
                isKeyTaken = true
                throw error
            }
        }
        try call.requireServed()
        let reply = try call.with(db) { try call.endpoint.handle(call) }
        let response = try render(reply)
        if let keyed, Idempotency.keeps(status: reply.status) {
            try Idempotency.store(db, keyed, response.kept, now: now)
        }
        self.response = response
    }

    /// After the rollback of that savepoint, still in the turn.
    func refused(_ error: any Error, _ db: Connection) throws {
        let problem = problem(of: error)
        let response = HTTPResponse.problem(problem, requestID: inquiry.requestID)
        self.response = response
        guard problem.status < 500, let call else { return }
        if let keyed, !isKeyTaken, [409, 422, 423].contains(problem.status), problem.code != "tenant.read_only" {
            try Idempotency.store(db, keyed, response.kept, now: now)
        }
        if endpoint?.access != .anyone { try Refusals.record(db, call, problem: problem) }
    }

    /// After the commit, or its failure.
    func finished(_ outcome: LaneOutcome) {
        switch outcome {
        case .committed:
            call?.runAfterCommit()
            application.answers.add(self, response ?? HTTPResponse(status: 204))
        case .refused(let error):
            if let response { application.answers.add(self, response) } else { refuse(error) }
        case .failed(let error):
            refuse(error)
        }
    }
}
