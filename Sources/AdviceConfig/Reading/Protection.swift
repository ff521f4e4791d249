internal import AdviceCore

/// A value that may be a secret, as the file gives it, with its text where that can be seen from here.
struct ProtectedValue {
    var protected: Protected
    /// For checking only; never kept, never shown.
    var text: String?
    var position: Position

    var isInline: Bool {
        if case .inline = protected { true } else { false }
    }
}

extension SourceFile {
    private static let forms = "{ file: F }, { credential: NAME } or { env: NAME }"

    /// Reads `value` as an inline text or one of the three forms; what is wrong is reported.
    func protected(_ value: Value, _ key: String) -> ProtectedValue? {
        switch value.content {
        case .refused:
            return nil
        case .text(let text, _):
            guard !text.isEmpty else {
                error(at: value.position, "'\(key)' is empty")
                return nil
            }
            return ProtectedValue(protected: .inline(text), text: text, position: value.position)
        case .list:
            error(at: value.position, "'\(key)' must be a text, \(Self.forms), not a list")
            return nil
        case .map(let entries):
            guard let fields = Fields(value, of: "'\(key)'", keys: Keys.protected, in: self) else {
                return nil
            }
            let known = entries.filter { Keys.protected.contains($0.key) }
            guard known.count == 1, let entry = known.first else {
                let hasUnknown = known.count < entries.count
                if !hasUnknown {
                    error(at: value.position, "'\(key)' must be a text or one of \(Self.forms)")
                }
                return nil
            }
            guard let given = fields.value(entry.key) else { return nil }
            guard let name = given.text, !name.isEmpty else {
                fields.mistake(entry.key, given, mustBe: entry.key == "file" ? "a path" : "a name")
                return nil
            }
            return protected(by: entry.key, name, at: given.position)
        }
    }

    private func protected(by form: String, _ name: String, at position: Position) -> ProtectedValue? {
        switch form {
        case "file": protectedFile(name, at: position)
        case "credential": credential(name, at: position)
        default: variable(name, at: position)
        }
    }

    /// A file that holds one secret; blanks and line ends around it do not count.
    func protectedFile(_ name: String, at position: Position) -> ProtectedValue? {
        let path = join(name)
        let isKnown = reading.protectedFiles[path] != nil
        let contents = reading.protectedFile(path)
        switch contents {
        case .failure(let mistake):
            if !isKnown { error(at: position, "\(quoted(name)) \(mistake.message)") }
            return nil
        case .success(let text):
            return ProtectedValue(protected: .file(absolutePath(path)), text: text, position: position)
        }
    }

    private func credential(_ name: String, at position: Position) -> ProtectedValue? {
        guard name.utf8.allSatisfy(isNameByte), name.utf8.first != UInt8(ascii: "."), name.utf8.count <= 255
        else {
            error(at: position, "'credential' must be a name of letters, digits, '.', '_' and '-'")
            return nil
        }
        let value = Protected.credential(name)
        guard let folder = reading.environment.credentialsDirectory else {
            reading.warn(
                .unseenCredential, in: self, at: position,
                "credential \(quoted(name)) is not checked: only the service sees it")
            return ProtectedValue(protected: value, text: nil, position: position)
        }
        switch readFile(folder + "/" + name, limit: Limits.protected) {
        case .success(let contents):
            let text = trimmed(String(decoding: contents.bytes, as: UTF8.self))
            return ProtectedValue(protected: value, text: text, position: position)
        case .failure:
            let hint = "LoadCredential= in the unit names them, and takes effect at a restart"
            error(at: position, "credential \(quoted(name)) is not among the service's: \(hint)")
            return nil
        }
    }

    private func variable(_ name: String, at position: Position) -> ProtectedValue? {
        let isName = name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || isLetterOrDigit($0) }
        guard isName, let first = name.utf8.first, !isDigit(first) else {
            error(at: position, "'env' must be a name of letters, digits and '_', not \(quoted(name))")
            return nil
        }
        let text = reading.environment.variable(name)
        if text == nil {
            reading.warn(
                .unseenVariable, in: self, at: position,
                "variable \(quoted(name)) is not set here: only the service may see it")
        }
        return ProtectedValue(protected: .environment(name), text: text.map(trimmed), position: position)
    }
}

extension Reading {
    /// The text of a file that holds a secret. Each file is read, and its mistake told, once.
    fileprivate func protectedFile(_ path: String) -> Result<String, FileMistake> {
        if let known = protectedFiles[path] { return known }
        let result = readFile(path, limit: Limits.protected).flatMap { contents in
            noteRead(path)
            guard !contents.isWorldReadable else {
                return Result<String, FileMistake>.failure(
                    FileMistake(message: "may be read by everybody: chmod 640 \(path)"))
            }
            let text = String(validating: contents.bytes, as: UTF8.self).map(trimmed)
            guard let text else { return .failure(FileMistake(message: "is not UTF-8")) }
            guard !text.isEmpty else { return .failure(FileMistake(message: "is empty")) }
            return .success(text)
        }
        protectedFiles[path] = result
        return result
    }
}

/// Without the ASCII blanks and line ends around it: editors end a file with a line end.
func trimmed(_ text: String) -> String {
    let bytes = text.utf8
    let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = bytes.firstIndex(where: { !isBlank($0) }),
        let last = bytes.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(text[first...last])
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}

/// Letters, digits, `.`, `_` and `-`.
func isNameByte(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: "-")
}
