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
            "record.each(type: string, options?: table): function",
            "An iterator over the records that fit, for any number of them: it reads a page at a time. Options as of list, with a limit of any size; without an order, by id.",
            errors: ["record.filter_invalid", "script.capability"], capability: "record.read",
            example: """
                local count = 0
                for product in record.each("catalog.product", { filter = { active = true }, order = "sku" }) do
                  count = count + 1
                  assert(product.sku ~= nil)
                end
                assert(count == record.count("catalog.product", { active = true }))
                """),
        HostEntry(
            "record.sum(type: string, field: string, filter?: table): integer | decimal | money",
            "The exact total of an integer, decimal, percent or money field over the records that fit, of the field's own kind. Empty fields count as nothing; where no record fits it is zero.",
            errors: ["record.filter_invalid", "record.sum_overflow", "script.capability"], capability: "record.read",
            example: """
                local total = record.sum("catalog.product", "price", { active = true })
                assert(total > money "0.00")
                assert(record.sum("catalog.product", "price", { sku = "NOT-THERE" }) == money "0.00")
                """),
        HostEntry(
            "record.schema(type: string): table",
            "What a record type is: type, title, path, scope; fields with name, kind, title, required, unique, readonly, default, bounds, values and what a reference points to; state with its moves; permissions, and what the user may do. The same as GET /api/meta/records, with the fields' own names.",
            errors: ["script.capability"], capability: "record.read",
            example: """
                local schema = record.schema("catalog.product")
                assert(schema.path == "/api/products")
                for _, field in ipairs(schema.fields) do
                  if field.name == "price" then assert(field.kind == "money") end
                end
                """),
        HostEntry(
            "record.reveal(type: string, id: integer, field: string): string?",
            "An encrypted field in clear, or nil where it is empty; elsewhere it is \"***\". Only for the plugin that declares the type.",
            errors: ["record.not_found", "record.unreadable", "script.capability"],
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                local done, refusal = pcall(record.reveal, "catalog.customer", customer.id, "name")
                assert(not done and refusal.code == "script.capability")
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
            "record.insert(type: string, values: table): integer",
            "Makes a record as record.create does, and gives its id only: for who writes records and reads none of them again.",
            errors: ["request.invalid", "script.capability"], capability: "record.write", calls: ["record.create"],
            example: """
                local id = record.insert("catalog.customer", { name = "Ama" })
                assert(record.get("catalog.customer", id).name == "Ama")
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
            "Moves the record to another state of its type, with the move's guard and effect, and tells of it by the event `<type>.moved`; gives the record's new version.",
            errors: ["record.move_not_allowed", "record.move_refused", "record.no_states", "auth.forbidden", "script.capability"],
            capability: "record.write",
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                local moved, refusal = pcall(record.move, "catalog.customer", customer.id, "GONE")
                assert(not moved and refusal.code == "record.no_states")
                """),
        HostEntry(
            "record.post(type: string, id: integer, note?: string): integer",
            "Posts a document: makes the move from its state that its type declares with post = true, with hooks before_post and after_post. From then on it changes by moves only. Gives the record's new version.",
            errors: ["record.move_not_allowed", "record.move_refused", "record.no_states", "auth.forbidden", "script.capability"],
            capability: "record.write",
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                local posted, refusal = pcall(record.post, "catalog.customer", customer.id)
                assert(not posted and refusal.code == "record.no_states")
                """),
        HostEntry(
            "record.void(type: string, id: integer, note?: string): integer",
            "Voids a posted document: makes the move from its state that its type declares with void = true, with hooks before_void and after_void. Gives the record's new version.",
            errors: ["record.move_not_allowed", "record.move_refused", "record.no_states", "auth.forbidden", "script.capability"],
            capability: "record.write",
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                local voided, refusal = pcall(record.void, "catalog.customer", customer.id)
                assert(not voided and refusal.code == "record.no_states")
                """),
        HostEntry(
            "Record:post(note?: string): Record", "Saves the record and posts it, as record.post does.",
            errors: ["record.move_not_allowed", "record.move_refused", "record.no_states"], capability: "record.write", calls: ["record.post"],
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                local posted, refusal = pcall(customer.post, customer)
                assert(not posted and refusal.code == "record.no_states")
                """),
        HostEntry(
            "Record:void(note?: string): Record", "Saves the record and voids it, as record.void does.",
            errors: ["record.move_not_allowed", "record.move_refused", "record.no_states"], capability: "record.write", calls: ["record.void"],
            example: """
                local customer = record.create("catalog.customer", { name = "Ama" })
                local voided, refusal = pcall(customer.void, customer)
                assert(not voided and refusal.code == "record.no_states")
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
