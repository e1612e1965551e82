import Core

/// A tax profile: components with their rates and dates, how prices are meant, and which categories carry tax.
///
/// A rule set of the kernel's own contract `tax`. The arithmetic is `TaxArithmetic` in Core.
package struct TaxProfile: Sendable {
    package struct Component: Sendable {
        package let code: String
        package let rate: Decimal
        /// `net`, and codes of components that stand before it.
        package let base: [String]
        package let from: CalendarDate?
        package let to: CalendarDate?
        package let account: String
        package let recoverable: Bool
        /// The categories it applies to; nil for all taxed ones.
        package let categories: [String]?

        func applies(to category: String, on date: CalendarDate) -> Bool {
            (from.map { $0 <= date } ?? true) && (to.map { date <= $0 } ?? true) && (categories?.contains(category) ?? true)
        }

        /// Whether both would be charged for one line of some day.
        func overlaps(_ other: Component) -> Bool {
            guard code == other.code else { return false }
            if let mine = categories, let theirs = other.categories, Set(mine).isDisjoint(with: theirs) { return false }
            if let to, let start = other.from, to < start { return false }
            if let end = other.to, let from, end < from { return false }
            return true
        }
    }

    package let id: String
    package let country: String
    package let pricesIncludeTax: Bool
    package let roundsPerLine: Bool
    package let components: [Component]
    package let taxedCategories: [String]

    package static let contract: Contract = {
        func field(_ name: String, _ kind: FieldDeclaration.Kind, _ summary: String, required: Bool = false, change: (inout FieldDeclaration) -> Void = { _ in }) -> FieldDeclaration {
            var field = FieldDeclaration(name: name, kind: kind)
            field.required = required
            field.summary = summary
            change(&field)
            return field
        }
        return Contract(
            id: "tax", title: "Tax profile", key: "id", fallback: nil,
            fields: [
                field("id", .text, "The profile's name, kept with each document.", required: true),
                field("country", .text, "ISO 3166 code of the country it is for.", required: true),
                field("prices", .enum, "Whether prices are without tax or with it.", required: true) { $0.values = ["exclusive", "inclusive"] },
                field("round", .enum, "Each tax is rounded half up, once per document and category or once per line.") {
                    $0.values = ["document_half_up", "line_half_up"]
                    $0.fallback = .string("document_half_up")
                },
                field("components", .list, "The taxes, in the order in which they are computed.", required: true) {
                    $0.fields = [
                        field("1", .text, "The tax's code.", required: true),
                        field("rate", .decimal, "As a fraction: \"0.15\".", required: true) {
                            $0.minimum = Decimal(0)
                            $0.maximum = Decimal(10)
                            $0.places = 6
                        },
                        field("base", .list, "What the rate is applied to: \"net\" and codes of earlier components.", required: true),
                        field("from", .date, "First day of the rate."),
                        field("to", .date, "Last day of the rate."),
                        field("account", .text, "Code of the account that owes the tax.", required: true),
                        field("recoverable", .boolean, "Whether tax paid on purchases is deducted.") { $0.fallback = .bool(false) },
                        field("categories", .list, "The categories it applies to; all taxed ones if left out."),
                    ]
                },
                field("taxed", .list, "The categories that carry tax.", required: true),
                field("classify", .function, "The category of a line, by its product and place.", required: true),
            ])
    }()

    /// - Parameter values: as `Contract.read` gives them.
    package init(_ values: Object, file: String) throws(DeclarationError) {
        func wrong(_ field: String, _ message: String) -> DeclarationError { DeclarationError(file: file, field: field, message: message) }
        id = values["id"]?.string ?? ""
        country = values["country"]?.string ?? ""
        pricesIncludeTax = values["prices"]?.string == "inclusive"
        roundsPerLine = values["round"]?.string == "line_half_up"
        func words(_ value: Value?, _ field: String) throws(DeclarationError) -> [String] {
            var result: [String] = []
            for item in value?.items ?? [] {
                guard case .string(let word) = item, !word.isEmpty else { throw wrong(field, "must be a list of words") }
                result.append(word)
            }
            return result
        }
        taxedCategories = try words(values["taxed"], "taxed")
        var components: [Component] = []
        for (index, item) in (values["components"]?.array ?? []).enumerated() {
            let place = "components[\(index + 1)]"
            guard let code = item["1"]?.string, !code.isEmpty, case .decimal(let rate)? = item["rate"] else {
                throw wrong(place, "must begin with the tax's code and have a rate")
            }
            let base = try words(item["base"], "\(place).base")
            for name in base where name != "net" && !components.contains(where: { $0.code == name }) {
                throw wrong("\(place).base", "names “\(name)”, which is not a component before it")
            }
            if base.isEmpty { throw wrong("\(place).base", "must name \"net\" or components before it") }
            func date(_ name: String) throws(DeclarationError) -> CalendarDate? {
                guard let text = item[name]?.string else { return nil }
                do { return try CalendarDate(text) } catch { throw wrong("\(place).\(name)", "must be a date such as \"2026-01-31\"") }
            }
            let component = Component(
                code: code, rate: rate, base: base, from: try date("from"), to: try date("to"),
                account: item["account"]?.string ?? "", recoverable: item["recoverable"]?.bool ?? false,
                categories: item["categories"] == nil ? nil : try words(item["categories"], "\(place).categories"))
            if let from = component.from, let to = component.to, to < from {
                throw wrong("\(place).to", "is \(to), before the rate begins on \(from)")
            }
            if let other = components.firstIndex(where: component.overlaps) {
                throw wrong("\(place).from", "overlaps with components[\(other + 1)]: \(code) would be charged twice")
            }
            components.append(component)
        }
        self.components = components
    }

    /// The components in force for a category on a date, in order.
    package func components(for category: String, on date: CalendarDate) -> [Component] {
        taxedCategories.contains(category) ? components.filter { $0.applies(to: category, on: date) } : []
    }
}
