extension HostReference {
    static let files: [HostEntry] = [
        HostEntry(
            "file.read(id: integer, options?: table): table",
            "A file: id, name, type (its media type), size in bytes, sha256, created_at and bytes; base64 in place of bytes where they are not UTF-8 text. At most 512 KiB at once; options offset and length, in bytes, read a part. A plugin has the files that it made and those that a record refers to which is its own or which it may read.",
            errors: ["file.not_found", "file.too_large"],
            example: """
                local made = file.create { name = "note.txt", type = "text/plain", bytes = "Good morning" }
                assert(file.read(made.id).bytes == "Good morning")
                assert(file.read(made.id, { offset = 5, length = 7 }).bytes == "morning")
                """),
        HostEntry(
            "file.create(options: table): table",
            "Keeps a file { name, bytes, type }, with base64 in place of bytes for what is not text, at most 8 MiB unless the setting files.max_bytes says otherwise, and gives its id, name, type, size and sha256. Put the id into a field of the kind file: a file to which no record refers is removed after a day.",
            errors: ["file.media_type", "file.too_large"],
            example: """
                local made = file.create { name = "list.csv", type = "text/csv", bytes = file.csv { { "a", 1 } } }
                assert(made.size == 5 and #made.sha256 == 64)
                """),
        HostEntry(
            "file.csv(rows: table[], options?: table): string",
            "Comma-separated values of rows that are lists, or tables where the option columns names what to take of them; then the names stand first unless header is false. Money is written in minor units. Text that a spreadsheet would take for a formula gets an apostrophe before it.",
            example: """
                local text = file.csv({ { sku = "A", price = money "1.50" } }, { columns = { "sku", "price" } })
                assert(text == "sku,price\\r\\nA,150\\r\\n")
                """),
        HostEntry(
            "file.parse_csv(text: string, options?: table): table[]",
            "The rows of comma-separated values, at most 10,000, as tables by the names in the first row, or as lists with { header = false }. All values are text.",
            errors: ["file.csv"],
            example: """
                local rows = file.parse_csv("sku,price\\nA,150\\n")
                assert(rows[1].sku == "A" and rows[1].price == "150")
                """),
    ]
}
