import Core

enum BranchVerbs {
    static let all = [
        Verb("branch list", "", "List the branches of a business", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let branches = try api.all("/api/branches", at: place)
            var table = Table(("ID", .right), ("CODE", .left), ("NAME", .left), ("TYPE", .left), ("STATUS", .left))
            for branch in branches {
                table.add(
                    branch.text("id"), branch.text("code"), branch.text("name"), branch.text("business_type"), branch.text("status"))
            }
            invocation.answer(["items": .array(branches)]) { table.text }
            return .done
        },
        Verb(
            "branch create", "CODE", "Make a branch",
            options: [.tenant, Option("name", "NAME", "Its name"), Option("type", "NAME", "Its business type, which picks its rules")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let code = try invocation.arguments.word(0, "CODE")
            let branch = try api.ask(
                "POST", "/api/branches",
                [
                    "code": .string(code), "name": .string(invocation.arguments["name"] ?? code),
                    "business_type": .string(invocation.arguments["type"] ?? "default"),
                ], at: place)
            invocation.answer(branch) { "made \(branch.text("code")) (\(branch.text("id")))" }
            return .done
        },
    ]
}

enum AccessVerbs {
    static let all = [
        Verb(
            "access explain", "USERNAME [PERMISSION]", "Say whether a user may do something, and where that comes from",
            options: [.tenant, Option("branch", "CODE", "In this branch")],
            details: "Without a permission, all that the user may do is listed, each right with where it comes from."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let user = try invocation.arguments.word(0, "USERNAME")
            guard invocation.arguments.words.count > 1 else {
                let rights = try api.ask("GET", "/api/access/rights?user=\(user.percentEncoded)", at: place)
                var table = Table(("PERMISSION", .left), ("FROM", .left))
                for right in rights["items"]?.array ?? [] {
                    let from = right["granted_by"]?.array?.compactMap(\.string).joined(separator: ", ") ?? ""
                    table.add(right.text("permission"), right["denied"] == true ? "denied in person" : from)
                }
                invocation.answer(rights) { table.text }
                return .done
            }
            let permission = try invocation.arguments.word(1, "PERMISSION")
            let branch = invocation.arguments["branch"].map { "&branch=\($0.percentEncoded)" } ?? ""
            let answer = try api.ask(
                "GET", "/api/access/explain?user=\(user.percentEncoded)&permission=\(permission.percentEncoded)\(branch)", at: place)
            invocation.answer(answer) { answer.lines }
            return answer["allowed"]?.bool == false ? .refused : .done
        }
    ]
}
