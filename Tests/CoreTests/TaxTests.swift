import Core
import Glibc
import Testing

@Suite struct TaxTests {
    private func amounts(_ result: TaxResult) -> [Int64] {
        [result.net] + result.categories.flatMap { $0.taxes.map(\.amount) } + [result.gross]
    }

    @Test func `compound taxes of Ghana until 2025 come on top`() throws {
        let result = try TaxArithmetic.calculate(TaxDocuments.document(.exclusive, TaxDocuments.ghana2025, [100_000]))
        #expect(amounts(result) == [100_000, 2_500, 2_500, 1_000, 15_900, 121_900])
        #expect(result.categories[0].taxes.map(\.base) == [100_000, 100_000, 100_000, 106_000])
        #expect(result.amount(of: "VAT") == 15_900 && result.tax == 21_900)
    }

    @Test func `compound taxes come out of a gross price exactly`() throws {
        let result = try TaxArithmetic.calculate(TaxDocuments.document(.inclusive, TaxDocuments.ghana2025, [121_900]))
        #expect(amounts(result) == [100_000, 2_500, 2_500, 1_000, 15_900, 121_900])
    }

    @Test(arguments: [
        (120_000, [100_000, 15_000, 2_500, 2_500, 120_000]), (9_999, [8_333, 1_250, 208, 208, 9_999]),
        (99, [83, 12, 2, 2, 99]), (-9_999, [-8_333, -1_250, -208, -208, -9_999]), (0, [0, 0, 0, 0, 0]),
    ] as [(Int64, [Int64])])
    func `taxes of Ghana from 2026 come out of a gross price`(gross: Int64, expected: [Int64]) throws {
        let result = try TaxArithmetic.calculate(TaxDocuments.document(.inclusive, TaxDocuments.ghana2026, [gross]))
        #expect(amounts(result) == expected)
    }

    @Test func `document and line rounding differ as declared`() throws {
        let once = try TaxArithmetic.calculate(TaxDocuments.document(.exclusive, TaxDocuments.britain, [3, 3, 3]))
        #expect(once.lines.map { $0.taxes[0].amount } == [1, 1, 0])
        let each = try TaxArithmetic.calculate(
            TaxDocuments.document(.exclusive, TaxDocuments.britain, [3, 3, 3], rounding: .lineHalfUp))
        #expect(each.lines.map { $0.taxes[0].amount } == [1, 1, 1])
        #expect(each.tax == 3)
    }

    @Test func `categories are taxed apart, exempt ones not at all`() throws {
        let result = try TaxArithmetic.calculate(
            TaxDocument(
                prices: .exclusive, rounding: .documentHalfUp,
                categories: [
                    "standard": TaxDocuments.britain, "zero": TaxDocuments.components([("VAT", "0", ["net"])]), "exempt": [],
                ],
                lines: [.init("exempt", 500), .init("standard", 1000), .init("zero", 700), .init("standard", 1)]))
        #expect(result.categories.map(\.category) == ["exempt", "standard", "zero"])
        #expect(result.categories.map { $0.taxes.map(\.amount) } == [[], [200], [0]])
        #expect(result.categories[2].taxes[0].base == 700)
        #expect([result.net, result.tax, result.gross] == [2201, 200, 2401])
    }

    @Test func `what cannot be computed is refused by name`() throws {
        func error(_ components: [(String, String, [String])], line: String = "standard") -> TaxError? {
            #expect(throws: TaxError.self) {
                try TaxArithmetic.calculate(
                    TaxDocument(
                        prices: .inclusive, rounding: .documentHalfUp,
                        categories: ["standard": TaxDocuments.components(components)], lines: [.init(line, .max)]))
            }
        }
        #expect(error([], line: "other") == .unknownCategory(line: 0, category: "other"))
        #expect(error([("A", "0.1", ["net"]), ("A", "0.1", ["net"])]) == .duplicateComponent("A"))
        #expect(error([("net", "0.1", ["net"])]) == .reservedCode)
        #expect(error([("A", "0.1", ["B"]), ("B", "0.1", ["net"])]) == .unknownBase(component: "A", base: "B"))
        #expect(error([("A", "0.1", [])]) == .emptyBase(component: "A"))
        #expect(error([("A", "0.1", ["net", "net"])]) == .repeatedBase(component: "A", base: "net"))
        #expect(error([("A", "-0.1", ["net"])]) == .negativeRate(component: "A"))
        let fine = "0.123456789012345678"
        #expect(error([("A", fine, ["net"]), ("B", fine, ["A"]), ("C", fine, ["B"])]) == .overflow)
        #expect(throws: TaxError.overflow) {
            try TaxArithmetic.calculate(TaxDocuments.document(.exclusive, TaxDocuments.britain, [.max]))
        }
    }

    @Test func `totals and lines add up, returns mirror sales, and the plain reference agrees`() throws {
        var random = Seeded(5)
        for round in 0..<4000 {
            let document = TaxDocuments.random(&random)
            let result = try TaxArithmetic.calculate(document)
            let note = Comment(rawValue: "\(random) \(round) \(document)")
            #expect(result.gross == result.net + result.tax, note)
            #expect(result.gross == result.lines.reduce(0) { $0 + $1.gross }, note)
            #expect(result.net == result.lines.reduce(0) { $0 + $1.net }, note)
            for (line, input) in zip(result.lines, document.lines) {
                #expect(line.gross == line.taxes.reduce(line.net) { $0 + $1.amount }, note)
                #expect((document.prices == .exclusive ? line.net : line.gross) == input.amount, note)
            }
            for category in result.categories {
                let lines = result.lines.filter { $0.category == category.category }
                for (index, tax) in category.taxes.enumerated() {
                    #expect(tax.amount == lines.reduce(0) { $0 + $1.taxes[index].amount }, note)
                }
            }
            var mirrored = document
            mirrored.lines = document.lines.map { .init($0.category, -$0.amount) }
            let mirror = try TaxArithmetic.calculate(mirrored)
            #expect(mirror.lines.map(\.net) == result.lines.map { -$0.net }, note)
            #expect(mirror.lines.map { $0.taxes.map(\.amount) } == result.lines.map { $0.taxes.map { -$0.amount } }, note)
            if round < 600 { #expect(ReferenceTax.calculate(document) == result, note) }
        }
    }

    @Test func `a net document's taxes are its bases times the rates, rounded once`() throws {
        var random = Seeded(6)
        for _ in 0..<2000 {
            var document = TaxDocuments.random(&random)
            document.prices = .exclusive
            document.rounding = .documentHalfUp
            for tax in try TaxArithmetic.calculate(document).categories.flatMap(\.taxes) {
                let rounded = try Decimal(tax.base).multiplied(by: tax.rate, places: 0, rounding: .halfUp)
                #expect(rounded == Decimal(tax.amount), "\(random) \(document)")
            }
        }
    }
}

@Suite struct TaxVectorTests {
    private static let path = Files.parent(#filePath) + "/Vectors/tax.json"

    /// Of the whole set; the first of them stand in the file, the rest are in its digest.
    private static let count = 10_000
    private static let countInFile = 400

    private static let documents: [TaxDocument] = {
        var random = Seeded(exactly: 7)
        var documents = TaxDocuments.examples
        while documents.count < count { documents.append(TaxDocuments.random(&random)) }
        return documents
    }()

    private static func line(_ document: TaxDocument, _ result: TaxResult) -> [UInt8] {
        JSON.serialize(TaxDocuments.vector(document, result)) + [0x0A]
    }

    /// `KONTOR_RECORD=1` writes the file anew, from the reference alone.
    @Test func `every vector is computed as recorded`() throws {
        if getenv("KONTOR_RECORD") != nil { try Files.writeAtomically(Self.path, Self.recorded()) }
        let file = try JSON.parse(try Files.read(Self.path), limits: JSONLimits(depth: 16, nodes: 1_000_000))
        let vectors = try #require(file["vectors"]?.array)
        #expect(vectors.count == Self.countInFile)
        for vector in vectors {
            let document = try #require(TaxDocuments.document(from: vector))
            let result = try TaxArithmetic.calculate(document)
            #expect(TaxDocuments.value(result) == vector["result"], "\(vector)")
        }
    }

    /// `KONTOR_VECTORS=FILE` writes all of them, one a line, for implementations in other languages.
    @Test func `ten thousand documents give the bytes that the reference gave`() throws {
        let file = try JSON.parse(try Files.read(Self.path), limits: JSONLimits(depth: 16, nodes: 1_000_000))
        #expect(file["all"]?["count"] == .int(Int64(Self.count)))
        var digest = SHA256()
        var text: [UInt8] = []
        for document in Self.documents {
            let line = Self.line(document, try TaxArithmetic.calculate(document))
            line.withUnsafeBytes { digest.update($0) }
            if getenv("KONTOR_VECTORS") != nil { text += line }
        }
        if let path = getenv("KONTOR_VECTORS") { try Files.writeAtomically(String(cString: path), text) }
        #expect(file["all"]?["sha256"] == .string(Digest.hex(digest.finalize())))
    }

    private static func recorded() throws -> [UInt8] {
        var digest = SHA256()
        var text: [UInt8] = Array("{\"vectors\":[\n".utf8)
        for (index, document) in documents.enumerated() {
            let line = line(document, try #require(ReferenceTax.calculate(document)))
            line.withUnsafeBytes { digest.update($0) }
            guard index < countInFile else { continue }
            text += line.dropLast()
            text += Array(index + 1 < countInFile ? ",\n".utf8 : "\n".utf8)
        }
        let all = "{\"count\":\(count),\"sha256\":\"\(Digest.hex(digest.finalize()))\"}"
        return text + Array("],\"all\":\(all)}\n".utf8)
    }
}

@Suite struct RefundTests {
    @Test func `three thirds of a line give the line`() throws {
        var left: [Int64] = [8_333, 1_250, 208, 208]
        var taken: [[Int64]] = []
        for remaining in [3, 2, 1] as [Int64] {
            let shares = try RefundArithmetic.shares(ofRemaining: left, quantity: .one, remaining: Decimal(remaining))
            taken.append(shares)
            left = zip(left, shares).map { $0 - $1 }
        }
        #expect(taken.map { $0.reduce(0, +) } == [3_333, 3_333, 3_333])
        #expect(left == [0, 0, 0, 0])
    }

    @Test func `refunds of everything give the original exactly, in whatever steps`() throws {
        var random = Seeded(8)
        for _ in 0..<3000 {
            let sign: Int64 = Bool.random(using: &random) ? 1 : -1
            var left = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                sign * Int64.random(in: 0...[3, 1000, 10_000_000].randomElement(using: &random)!, using: &random)
            }
            let original = left
            var taken = left.map { _ in Int64(0) }
            var remaining = Int64.random(in: 1...2000, using: &random)
            while remaining > 0 {
                let step = Int64.random(in: 1...remaining, using: &random)
                let shares =
                    Bool.random(using: &random) || remaining == step
                    ? try RefundArithmetic.shares(
                        ofRemaining: left, quantity: Decimal(coefficient: step, scale: 2),
                        remaining: Decimal(coefficient: remaining, scale: 2))
                    : try RefundArithmetic.shares(
                        ofRemaining: left, amount: sign * Int64.random(in: 0...abs(left.reduce(0, +)), using: &random))
                for index in left.indices {
                    #expect(abs(shares[index]) <= abs(left[index]) && shares[index] * sign >= 0, "\(random) \(original)")
                    left[index] -= shares[index]
                    taken[index] += shares[index]
                }
                remaining -= step
            }
            #expect(taken == original, "\(random)")
        }
    }

    @Test func `more than is left is refused`() throws {
        for (quantity, remaining) in [("2", "1"), ("-1", "1"), ("0", "0"), ("1", "-1")] {
            #expect(throws: TaxError.refundExceedsRemaining) {
                try RefundArithmetic.shares(ofRemaining: [5], quantity: Decimal(quantity), remaining: Decimal(remaining))
            }
        }
        for amount in [6, -1] as [Int64] {
            #expect(throws: TaxError.refundExceedsRemaining) {
                try RefundArithmetic.shares(ofRemaining: [3, 2], amount: amount)
            }
        }
        #expect(try RefundArithmetic.shares(ofRemaining: [3, 2], amount: 4).reduce(0, +) == 4)
        #expect(try RefundArithmetic.shares(ofRemaining: [3, 2], quantity: .zero, remaining: .one) == [0, 0])
    }
}
