import Scripting
import Testing

@Suite struct FieldIndexTests {
    private func place(_ name: String, in index: FieldIndex) -> Int? {
        Array(name.utf8).withUnsafeBytes { index.place(of: FlatKey(bytes: $0)) }
    }

    @Test func `every name has its place, and no other has one`() {
        // Names that share their ends, their lengths, or all but one byte.
        let stems = ["", "a", "ab", "abc", "abcd", "total", "subtotal", "customer_type", "customer_name", "unit_price_of_it"]
        var names: [String] = []
        for stem in stems {
            names.append(stem)
            for number in 0..<30 { names += ["\(stem)\(number)", "\(stem)_x\(number)_end", "\(number)\(stem)"] }
        }
        var seen: Set<String> = []
        names = names.filter { seen.insert($0).inserted }
        let known = Array(names.prefix(names.count / 2)), unknown = names.dropFirst(names.count / 2)
        let index = FieldIndex(known)
        #expect(index.count == known.count)
        for (number, name) in known.enumerated() { #expect(place(name, in: index) == number) }
        for name in unknown { #expect(place(name, in: index) == nil) }
    }

    @Test func `an index of nothing finds nothing`() {
        #expect(place("", in: FieldIndex([String]())) == nil)
        #expect(place("name", in: FieldIndex([String]())) == nil)
    }

    @Test func `of equal names the first counts`() {
        #expect(place("b", in: FieldIndex(["a", "b", "b"])) == 1)
    }
}
