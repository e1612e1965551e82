import Core
@testable import Platform
import Storage
import Testing

/// One permission that stands for others: `includes` in a manifest.
@Suite struct PermissionIncludeTests {
    private static func manifest(_ permissions: String, name: String = "lay") -> [String: String] {
        ["plugin.lua": "return { name = \"\(name)\", version = \"1.0.0\", permissions = { \(permissions) } }"]
    }
    private static let bundle = """
        { "lay.view", title = "See" }, { "lay.edit", title = "Edit" }, { "lay.admin", title = "All" },
        { "canManage", title = "Manage", includes = { "lay.view", "lay.edit" } },
        """

    private func explained(_ shop: Shop, _ user: User, _ permission: String) throws -> AccessExplanation {
        let catalogue = PermissionCatalogue(plugins: shop.tenant.revisionSlot.current?.permissions ?? [])
        return try shop.tenant.store.read { db in
            try AccessExplanation(db, user: user, permission: permission, branch: nil, catalogue: catalogue)
        }
    }

    @Test func `who holds it by role or in person holds what it includes, at once, and loses it at once`() throws {
        let shop = try Shop()
        try shop.install("lay", Self.manifest(Self.bundle))
        let house = shop.house, actor = house.actor
        let esi = try house.user("esi", roles: ["cashier"])
        let secret = try house.token(esi.id).secret
        func may(_ permission: String) throws -> Bool { try house.principal(secret).may(permission) }
        #expect(try !may("lay.view"))
        let tenant = shop.tenant, clock = house.clock
        let role = try #require(try tenant.store.read { db in try Roles.find(db, name: "cashier") })
        func grant(_ permissions: [String]) throws {
            try tenant.store.write { db in
                try tenant.identityWillChange()
                _ = try Roles.change(db, actor, role.id, permissions: permissions)
            }
        }
        try grant(["branches.view", "canManage"])
        #expect(try may("lay.view") && may("lay.edit") && may("canManage") && !may("lay.admin"))
        #expect(try explained(shop, esi, "lay.edit").grantedBy == ["role:cashier (canManage)"])
        // What is denied in person is not brought by another; a denied one brings nothing.
        func override(_ granted: [String], _ denied: [String]) throws {
            let overrides = granted.map { Rights.Override(permission: $0, isGranted: true) } + denied.map { Rights.Override(permission: $0, isGranted: false) }
            try tenant.store.write { db in
                try tenant.identityWillChange()
                try Rights.setOverrides(db, actor, userID: esi.id, overrides)
            }
        }
        try override([], ["lay.edit"])
        #expect(try may("lay.view") && !may("lay.edit"))
        try override([], ["canManage"])
        #expect(try !may("lay.view") && !may("canManage"))
        #expect(try !explained(shop, esi, "lay.view").isAllowed)
        try grant(["branches.view"])
        try override(["canManage"], [])
        #expect(try may("lay.view"))
        #expect(try explained(shop, esi, "lay.view").grantedBy == ["own grant (canManage)"])
        // A token narrowed to it may what it includes, and no more.
        let narrow = try house.principal(try house.token(1, scopes: ["canManage"]).secret)
        #expect(narrow.may("lay.edit") && !narrow.may("lay.admin"))
        _ = try tenant.store.write { db in
            try tenant.identityWillChange()
            return try PluginRemoval(db, tenant: tenant, actor: actor, clock: clock).uninstall("lay")
        }
        #expect(try !may("lay.view"))
    }

    @Test(arguments: [
        #"{ "lay.view" }, { "canManage", includes = { "pos.sell" } }"#,
        #"{ "lay.view" }, { "canManage", includes = { "users.edit" } }"#,
        #"{ "lay.view" }, { "lay.two", includes = { "lay.view" } }, { "canManage", includes = { "lay.two" } }"#,
        #"{ "pos.sell" }"#, #"{ "users.edit" }"#, #"{ "9lives" }"#, #"{ "lay.view", include = { "x" } }"#,
    ])
    func `a plugin includes its own permissions only, one level deep`(permissions: String) throws {
        let shop = try Shop()
        #expect(code { try shop.install("lay", Self.manifest(permissions)) } == "script.contract")
    }

    @Test func `two plugins cannot claim one word`() throws {
        let shop = try Shop()
        try shop.install("lay", Self.manifest(Self.bundle))
        #expect(code { try shop.install("other", Self.manifest(#"{ "canManage" }"#, name: "other")) } == "plugin.conflict")
    }
}
