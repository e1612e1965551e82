extension HostReference {
    static let record: [HostEntry] = [
        HostEntry(
            "record.find(type: string, filter?: table): Record?",
            "The first record that fits the filter, with its lines, or nil. A filter names fields with a value, or with operators: eq, ne, lt, le, gt, ge, in, begins.",
            errors: ["record.filter_invalid", "script.capability"], capability: "record.read",
            example: """
                local product = record.find("catalog.product", { sku = "RICE-5KG" })
                assert(product.name == "RICE-5KG")
                assert(record.find("catalog.product", { sku = "NOT-THERE" }) == nil)
                """),
        HostEntry(
            "record.get(type: string, id: integer): Record",
            "The record with this id, with its lines; raises where there is none.", errors: ["script.capability"],
            capability: "record.read", calls: ["record.find"],
            example: """
                local first = record.find("catalog.product", { sku = "MILK-1L" })
                assert(record.get("catalog.product", first.id).sku == "MILK-1L")
                """),
        HostEntry(
            "record.list(type: string, options?: table): Record[]",
            "The records that fit. Options: filter; order, a field's name or a list of them, \"-name\" for descending; limit, 1 to 10,000, 1,000 if left out; lines, true to have them read too.",
            errors: ["record.filter_invalid", "script.capability"], capability: "record.read",
            example: """
                local dear = record.list("catalog.product", { filter = { price = { ge = 2000 } }, order = "-price", limit = 10 })
                assert(dear[1].sku == "RICE-5KG")
                """),
        HostEntry(
            "record.exists(type: string, filter?: table): boolean", "Whether a record fits the filter.",
            errors: ["record.filter_invalid", "script.capability"], capability: "record.read", calls: ["record.count"],
            example: """
                assert(record.exists("catalog.product", { sku = "BOOK" }))
                """),
        HostEntry(
            "record.count(type: string, filter?: table): integer", "How many records fit.",
            errors: ["record.filter_invalid", "script.capability"], capability: "record.read",
            example: """
                assert(record.count("catalog.product", { active = true }) >= 3)
                """),
        HostEntry(
            "record.create(type: string, values: table): Record",
            "Makes a record and gives it back with its id. Its checks, hooks and audit trail are those of the REST interface.",
            errors: ["request.invalid", "script.capability"], capability: "record.write",
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                assert(customer.id > 0)
                """),
        HostEntry(
            "record.update(type: string, id: integer, changes: table): integer",
            "Changes the named fields; gives the record's new version.", errors: ["request.invalid", "script.capability"],
            capability: "record.write",
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                assert(record.update("catalog.customer", customer.id, { phone = "020" }) == 2)
                """),
        HostEntry(
            "record.delete(type: string, id: integer)", "Deletes the record; one with soft deletion is only marked.",
            errors: ["script.capability"], capability: "record.write",
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                record.delete("catalog.customer", customer.id)
                """),
        HostEntry(
            "record.restore(type: string, id: integer)", "Brings back a record that was deleted, where its type has soft deletion.",
            errors: ["record.not_found", "record.not_unique", "script.capability"], capability: "record.write",
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                record.delete("catalog.customer", customer.id)
                record.restore("catalog.customer", customer.id)
                assert(record.get("catalog.customer", customer.id).name == "Ama")
                """),
        HostEntry(
            "record.move(type: string, id: integer, state: string, note?: string): integer",
            "Moves the record to another state of its type, with the move's guard and effect; gives the record's new version.",
            errors: ["record.move_not_allowed", "record.move_refused", "record.no_states", "auth.forbidden", "script.capability"],
            capability: "record.write",
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                local moved, refusal = pcall(record.move, "catalog.customer", customer.id, "GONE")
                assert(not moved and refusal.code == "record.no_states")
                """),
        HostEntry(
            "Record:move(state: string, note?: string): Record", "Saves the record and moves it to another state of its type.",
            errors: ["record.move_not_allowed", "record.move_refused", "record.no_states"], capability: "record.write", calls: ["record.move"],
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                local moved, refusal = pcall(customer.move, customer, "GONE")
                assert(not moved and refusal.code == "record.no_states")
                """),
        HostEntry(
            "Record:save(): Record", "Writes the fields that were changed since the record was read.", errors: ["request.invalid"],
            capability: "record.write", calls: ["record.update"],
            example: """
                local product = record.find("catalog.product", { sku = "BOOK" })
                product.name = "Exercise book"
                product:save()
                assert(record.get("catalog.product", product.id).name == "Exercise book")
                """),
        HostEntry(
            "Record:changed(field: string): boolean", "Whether the field is other than it was when the record was read.", calls: [],
            example: """
                local product = record.find("catalog.product", { sku = "BOOK" })
                product.name = product.name .. ", ruled"
                assert(product:changed("name") and not product:changed("sku"))
                """),
        HostEntry(
            "Record:old(field?: string): any", "The value that the field had when the record was read; without a name, all of them.",
            calls: [],
            example: """
                local product = record.find("catalog.product", { sku = "BOOK" })
                product.sku = "BOOK-2"
                assert(product:old("sku") == "BOOK")
                """),
    ]
}
