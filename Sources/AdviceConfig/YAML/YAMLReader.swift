internal import Yams

/// Reads one YAML document into a `Value`, once, by Yams' `compose`.
///
/// Decoding by `Codable` would lose the places and resolve YAML 1.1's implicit types; aliases would multiply
/// without bound. What Yams drops silently (anchors, aliases, tags) is found by looking at the text where a
/// node
/// begins: only a node with such a property begins with `&`, `*` or `!`.
struct YAMLReader {
    /// What has been found wrong, in the order of the file.
    private(set) var mistakes: [(position: Position, message: String)] = []

    private var text: TextIndex
    /// Keys that were masked to get past Yams' refusal of duplicates, with their true names.
    private var masked: [Position: String] = [:]
    /// Nodes with a property that were met before: to meet one again is to meet an alias.
    private var propertied: Set<Propertied> = []

    private struct Propertied: Hashable {
        var position: Position
        var isCollection: Bool
    }

    /// Nodes may lie this deep within each other, the outermost counted.
    static let maximumDepth = 32
    /// Duplicate keys named in one run; each costs a reading of the whole file.
    private static let maximumDuplicates = 16

    init(_ bytes: [UInt8]) {
        text = TextIndex(bytes)
    }

    /// The document, or nil where the text holds none (comments only) or cannot be read; then `mistakes` says
    /// why.
    mutating func read() -> Value? {
        if let mistake = CostScan.mistake(in: text.bytes) {
            note(text.position(ofByte: mistake.offset), mistake.message)
            return nil
        }
        guard let node = compose() else { return nil }
        return convert(node, depth: 1)
    }

    static let anchorMessage = "anchors and aliases (&name, *name) are not taken: write the value out"

    static let nestingMessage = "nested more than \(maximumDepth) deep"
    static let keyMessage = "a key must be a plain word, not a list or mapping"
    private static let tagMessage = "tags (!name) are not taken; a text that begins with '!' needs quotes"

    private mutating func note(_ position: Position, _ message: String) {
        mistakes.append((position, message))
    }

    // MARK: From text to nodes

    private mutating func compose() -> Node? {
        while true {
            do {
                let parser = try Parser(
                    yaml: String(decoding: text.bytes, as: UTF8.self), resolver: .basic, encoding: .utf8)
                let node = try parser.nextRoot()
                noteSecondDocument(parser)
                return node
            } catch let error as YamlError {
                if case .duplicatedKeysInMapping(let keys, let context) = error {
                    let position = Position(context.mark)
                    let key = keys.first ?? ""
                    if masked.count < Self.maximumDuplicates, mask(key, at: position) { continue }
                    noteMaskedKeys()
                    note(position, "key \(quoted(key)) is given twice")
                } else {
                    noteMaskedKeys()
                    note(error)
                }
                return nil
            } catch {
                note(.start, "cannot be read as YAML")
                return nil
            }
        }
    }

    /// A second document is refused at its place; its own mistakes are of no interest.
    private mutating func noteSecondDocument(_ parser: Parser) {
        do {
            guard let second = try parser.nextRoot() else { return }
            let position = second.mark.map(Position.init) ?? .start
            note(position, "a second YAML document begins here; a file holds one (take the '---' out)")
        } catch let error as YamlError {
            note(error)
        } catch {
            note(.start, "cannot be read as YAML")
        }
    }

    /// Makes the key at `position` unlike any other, so that Yams reads on and its twin can be named with it.
    private mutating func mask(_ key: String, at position: Position) -> Bool {
        guard masked[position] == nil, let offset = text.offset(of: position) else { return false }
        let isQuoted = text.bytes[offset] == UInt8(ascii: "\"") || text.bytes[offset] == UInt8(ascii: "'")
        let target = isQuoted ? text.offset(after: offset) : offset
        guard !key.isEmpty, target < text.bytes.count else { return false }
        // The private use area is printable to libyaml and not found in keys.
        guard let scalar = Unicode.Scalar(UInt32(0xE000 + masked.count)) else { return false }
        text.replaceScalar(at: target, with: scalar)
        masked[position] = key
        return true
    }

    /// After a syntax error there is no tree in which to find the twins: the first of each is named alone.
    private mutating func noteMaskedKeys() {
        for (position, name) in masked.sorted(by: { $0.key < $1.key }) {
            note(position, "key \(quoted(name)) is given twice")
        }
    }

    private mutating func note(_ error: YamlError) {
        let mistake = YAMLMistake(error, in: &text)
        note(mistake.position, mistake.message)
    }

    // MARK: From nodes to values

    private mutating func convert(_ node: Node, depth: Int) -> Value {
        let position = node.mark.map(Position.init) ?? .start
        if let refused = refuseProperty(of: node, at: position) { return refused }
        if case .scalar(let scalar) = node {
            let isQuoted = scalar.style != .plain
            return Value(content: .text(scalar.string, quoted: isQuoted), position: position)
        }
        guard depth <= Self.maximumDepth else {
            note(position, Self.nestingMessage)
            return Value(content: .refused, position: position)
        }
        switch node {
        case .sequence(let sequence):
            var values: [Value] = []
            values.reserveCapacity(sequence.count)
            for element in sequence { values.append(convert(element, depth: depth + 1)) }
            return Value(content: .list(values), position: position)
        case .mapping(let mapping):
            return Value(content: .map(entries(of: mapping, depth: depth)), position: position)
        case .scalar, .alias:
            return Value(content: .refused, position: position)
        }
    }

    private mutating func entries(of mapping: Node.Mapping, depth: Int) -> [Value.Entry] {
        var entries: [Value.Entry] = []
        entries.reserveCapacity(mapping.count)
        for (keyNode, valueNode) in mapping {
            let key = convert(keyNode, depth: depth + 1)
            let value = convert(valueNode, depth: depth + 1)
            guard let name = masked[key.position] ?? key.text else {
                if !key.isRefused { note(key.position, Self.keyMessage) }
                continue
            }
            entries.append(Value.Entry(key: name, position: key.position, value: value))
        }
        if !masked.isEmpty { noteDuplicates(in: entries) }
        return entries
    }

    private mutating func noteDuplicates(in entries: [Value.Entry]) {
        var first: [String: Position] = [:]
        for entry in entries {
            if let earlier = first[entry.key] {
                note(
                    entry.position,
                    "key \(quoted(entry.key)) is given twice; the first is in line \(earlier.line)")
            } else {
                first[entry.key] = entry.position
            }
        }
    }

    /// Reports an anchor, alias or tag; nil where the node may be read on.
    private mutating func refuseProperty(of node: Node, at position: Position) -> Value? {
        guard let offset = text.offset(of: position), offset < text.bytes.count else { return nil }
        let isTag = text.bytes[offset] == UInt8(ascii: "!")
        guard isTag || text.bytes[offset] == UInt8(ascii: "&") || text.bytes[offset] == UInt8(ascii: "*")
        else { return nil }
        let isCollection = node.scalar == nil
        guard propertied.insert(Propertied(position: position, isCollection: isCollection)).inserted else {
            return Value(content: .refused, position: position)
        }
        // A mapping begins where its first key does, and would report it a second time.
        if !propertied.contains(Propertied(position: position, isCollection: !isCollection)) {
            note(position, isTag ? Self.tagMessage : Self.anchorMessage)
        }
        return nil
    }
}

extension Position {
    init(_ mark: Mark) {
        self.init(line: Int32(clamping: mark.line), column: Int32(clamping: mark.column))
    }
}
