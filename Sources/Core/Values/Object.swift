/// Keys and values in the order in which they were inserted; keys are unique.
///
/// Lookup is linear up to sixteen keys and by index beyond. Two objects are equal when they hold the
/// same keys with equal values, whatever the order.
package struct Object: Sendable, Sequence, ExpressibleByDictionaryLiteral {
    package typealias Element = (key: String, value: Value)

    private static let linearLimit = 16
    private var pairs: [Element] = []
    private var places: [String: Int]?

    package init() {}

    package init(dictionaryLiteral elements: (String, Value)...) {
        for (key, value) in elements { self[key] = value }
    }

    package init(_ elements: some Sequence<(String, Value)>) {
        for (key, value) in elements { self[key] = value }
    }

    package var count: Int { pairs.count }
    package var isEmpty: Bool { pairs.isEmpty }
    package var keys: [String] { pairs.map(\.key) }
    package var values: [Value] { pairs.map(\.value) }

    package func contains(_ key: String) -> Bool { place(of: key) != nil }

    /// Reads, replaces in place, adds at the end, or removes (by setting nil).
    package subscript(key: String) -> Value? {
        get { place(of: key).map { pairs[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?): pairs[place].value = value
            case (let place?, nil): remove(at: place)
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a key that the caller knows to be new: cheaper than the subscript, which looks first.
    package mutating func append(_ key: String, _ value: Value) {
        assert(!contains(key), "append of a key that is already there")
        pairs.append((key, value))
        if places != nil {
            places?[key] = pairs.count - 1
        } else if pairs.count > Self.linearLimit {
            indexPairs()
        }
    }

    package mutating func reserveCapacity(_ count: Int) { pairs.reserveCapacity(count) }

    package func makeIterator() -> IndexingIterator<[Element]> { pairs.makeIterator() }

    private func place(of key: String) -> Int? {
        if let places { return places[key] }
        return pairs.withUnsafeBufferPointer { pairs in
            for place in pairs.indices where pairs[place].key == key { return place }
            return nil
        }
    }

    private mutating func remove(at place: Int) {
        pairs.remove(at: place)
        places = nil
        if pairs.count > Self.linearLimit { indexPairs() }
    }

    private mutating func indexPairs() {
        var index = [String: Int](minimumCapacity: pairs.count * 2)
        for (place, pair) in pairs.enumerated() { index[pair.key] = place }
        places = index
    }
}

extension Object: Equatable {
    package static func == (left: Object, right: Object) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}
