import Core
import Platform

/// For authors: a console whose doings are undone, annotations for editors, the reference.
enum LuaVerbs {
    static let all = [
        Verb(
            "lua", "[SOURCE]", "Run a piece of Lua in a transaction that is rolled back", options: [.tenant],
            details: "Without SOURCE it reads lines from the standard input and answers each."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            if let source = invocation.arguments.words.first {
                let answer = try api.ask("POST", "/api/lua", ["source": .string(source)], at: place)
                invocation.answer(answer) { text(answer) }
                return .done
            }
            while let line = readLine() {
                if line.allSatisfy({ $0 == " " }) { continue }
                do {
                    standardOutput(text(try api.ask("POST", "/api/lua", ["source": .string(line)], at: place)) + "\n")
                } catch let problem as any ProblemConvertible {
                    standardOutput(problem.problem.detail + "\n")
                }
            }
            return .done
        },
        Verb(
            "lua stubs", "[FILE]", "Write annotations for editors: the host API and the business's record types", options: [.tenant]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let text = String(decoding: try api.send("GET", "/api/lua/stubs", at: place), as: UTF8.self)
            guard let file = invocation.arguments.words.first else {
                invocation.answer(["stubs": .string(text)]) { text }
                return .done
            }
            try Files.writeAtomically(Paths.absolute(file), Array(text.utf8))
            invocation.answer(["file": .string(file)]) { "\(file) is written" }
            return .done
        },
        Verb("lua reference", "", "Print the reference of what scripts can use") { invocation in
            invocation.answer(["reference": .string(HostReference.page)]) { HostReference.page }
            return .done
        },
    ]

    private static func text(_ answer: Value) -> String {
        let log = (answer["log"]?.array ?? []).map { ($0.string ?? "") + "\n" }.joined()
        let trace = (answer["trace"]?.array ?? []).map { note in
            "trace: \(note.text("label")): \(String(decoding: JSON.serialize(note["value"] ?? .null), as: UTF8.self))\n"
        }.joined()
        return log + trace + String(decoding: JSON.serialize(answer["result"] ?? .null, pretty: true), as: UTF8.self)
    }
}
