import Core
import Scripting
import Storage

/// The short way between scripts and rows: flat values bound and written without a tree of values between.
extension RecordColumn {
    /// Binds what comes next in `reader`. What is not plainly the field's kind goes the long way, where the faults are told.
    func bind(
        _ reader: inout FlatReader, to statement: Statement, at index: Int32, currency: Currency, place: @autoclosure () -> String,
        _ faults: inout [Schema.Fault]
    ) throws {
        switch (field.kind, reader.tag) {
        case (.text, .string):
            let utf8 = try reader.readUTF8()
            if utf8.count <= longest, utf8.count > 0 || !field.required, field.minimum == nil {
                return statement.bind(index, utf8: utf8.assumingMemoryBound(to: UInt8.self))
            }
            return long(.string(String(decoding: utf8, as: UTF8.self)), statement, index, currency, place(), &faults)
        case (.integer, .int), (.ref, .int), (.file, .int):
            let number = try reader.readInt()
            if fits(number) { return statement.bind(index, number) }
            return long(.int(number), statement, index, currency, place(), &faults)
        case (.decimal, .decimal), (.percent, .decimal):
            let number = try reader.readDecimal()
            if let scaled = number.scaled(places: places), fits(scaled) { return statement.bind(index, scaled) }
            return long(.decimal(number), statement, index, currency, place(), &faults)
        case (.money, .money):
            let money = try reader.readMoney()
            if money.currency == currency, fits(money.minor), money.minor.magnitude <= 1_000_000_000_000_000 {
                return statement.bind(index, money.minor)
            }
            return long(.money(money), statement, index, currency, place(), &faults)
        case (.boolean, .true), (.boolean, .false):
            return statement.bind(index, try reader.readBool())
        case (.enum, .string):
            let utf8 = try reader.readUTF8()
            if allowed.place(of: FlatKey(bytes: utf8)) != nil {
                return statement.bind(index, utf8: utf8.assumingMemoryBound(to: UInt8.self))
            }
            return long(.string(String(decoding: utf8, as: UTF8.self)), statement, index, currency, place(), &faults)
        default:
            return long(try reader.readValue(), statement, index, currency, place(), &faults)
        }
    }

    private func long(
        _ value: Value, _ statement: Statement, _ index: Int32, _ currency: Currency, _ place: String, _ faults: inout [Schema.Fault]
    ) {
        if let stored = stored(value, currency: currency, place: place, &faults) { bind(stored, to: statement, at: index) }
    }

    private func fits(_ number: Int64) -> Bool {
        number >= lowest && number <= highest
    }

    /// Writes the column's value in the current row, without its key.
    func write(_ statement: Statement, _ column: Int32, currency: Currency, to writer: inout FlatWriter) {
        if statement.isNull(column) { return writer.null() }
        switch field.kind {
        case .integer, .ref, .file: writer.int(statement.int64(column))
        case .boolean: writer.bool(statement.int64(column) != 0)
        case .money: writer.money(Money(minor: statement.int64(column), currency))
        case .text, .enum, .date, .instant: statement.withText(column) { writer.string(utf8: UnsafeRawBufferPointer($0)) }
        default: writer.write(value(statement, column, currency: currency))
        }
    }
}
