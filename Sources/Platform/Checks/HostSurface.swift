import Core
import Scripting

/// Which names scripts can use: asked of a script in the sandbox itself, so that it cannot say anything else than what is.
struct HostSurface: Sendable {
    /// All globals by their names; a table's members where it shows them.
    let globals: [String: Set<String>]
    private let program: Program

    /// What rule files and plugins see.
    static let scripts = HostSurface(HostAPI.base)

    /// What test files see.
    static let tests = HostSurface(TestModule.base)

    init(_ base: ScriptBase) {
        program = HostSurface.program(base)
        var globals: [String: Set<String>] = [:]
        if let listed = try? program.run("list", limits: .describe).value.object {
            for (name, members) in listed { globals[name] = Set(members.array?.compactMap(\.string) ?? []) }
        }
        for entry in HostReference.entries where entry.kind != .method && globals[entry.module.isEmpty ? entry.name : entry.module] != nil {
            if !entry.module.isEmpty { globals[entry.module, default: []].insert(entry.name) }
        }
        self.globals = globals
    }

    private static func program(_ base: ScriptBase) -> Program {
        let source = """
            return {
              list = function()
                local all = {}
                for name, value in pairs(_G) do
                  local members = {}
                  if type(value) == "table" and name ~= "_G" then
                    pcall(function() for member in pairs(value) do members[#members + 1] = member end end)
                  end
                  all[name] = members
                end
                return all
              end,
              has = function(module, member)
                local ok, value = pcall(function() return _G[module][member] end)
                return ok and value ~= nil
              end,
            }
            """
        do {
            return Program(base: base, try CompiledChunk(source, name: "surface", kernel: true))
        } catch {
            preconditionFailure("the surface's own script does not compile: \(error)")
        }
    }

    /// Whether `module.member` is there for scripts; asks them where the module does not show its members.
    func has(_ module: String, _ member: String) -> Bool {
        if globals[module]?.contains(member) == true { return true }
        return (try? program.run("has", [.string(module), .string(member)], limits: .describe).value) == .bool(true)
    }
}

extension ScriptCheck {
    /// All names that scripts have without declaring them.
    package static var globals: [String] { HostSurface.scripts.globals.keys.sorted() }

    /// Whether scripts can reach a name such as `record.find`.
    package static func isThere(_ path: String, inTests: Bool = false) -> Bool {
        let parts = path.split(separator: ".").map(String.init)
        let surface = inTests ? HostSurface.tests : .scripts
        return parts.count == 2 ? surface.has(parts[0], parts[1]) : surface.globals[path] != nil
    }

    /// The names that only test files have.
    package static var testWords: [String] { TestNames.all.sorted() }
}
