internal import AdviceCore

/// A point with its place, until the order of all of them is known.
struct ListedPoint {
    var point: Point
    /// The number that the file gives; nil where it gives none.
    var number: Int?
    /// What orders points without a number: that of the file's name, then the name or the place in the list.
    var nameNumber: Int?
    var file: SourceFile
    var position: Position
    var numberPosition: Position?
    var datePosition: Position?

    var place: String { "\(file.path):\(position.line)" }
}

/// The points of a series in order.
struct PointList {
    var listed: [ListedPoint] = []

    var points: [Point] { listed.map(\.point) }

    var places: [String: Place] {
        Dictionary(
            listed.map { ($0.point.id, Place($0.file, $0.position)) }, uniquingKeysWith: { first, _ in first }
        )
    }
}

/// Reads what a series' `points` names: a folder of Markdown files, or one list in YAML.
struct PointsReader {
    private let file: SourceFile

    init(_ file: SourceFile) {
        self.file = file
    }

    func read(_ fields: Fields) -> PointList {
        let expectation = "a folder of .md files, or a .yaml file"
        guard let value = fields.required("points", expectation) else { return PointList() }
        guard let name = value.text, !name.isEmpty else {
            fields.mistake("points", value, mustBe: expectation)
            return PointList()
        }
        let path = file.join(name)
        let found: [ListedPoint]
        if isFolder(path) {
            found = readFolder(path, name, at: value.position)
        } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            found = readList(path, name, at: value.position)
        } else {
            let reason = exists(path) ? "is no folder" : "does not exist"
            file.error(
                at: value.position, "'points' names \(quoted(name)), which \(reason): expected \(expectation)"
            )
            return PointList()
        }
        return order(found)
    }

    private func readFolder(_ path: String, _ name: String, at position: Position) -> [ListedPoint] {
        guard let names = namesInFolder(path) else {
            file.error(at: position, "'points': the folder \(quoted(name)) cannot be read: permission denied")
            return []
        }
        file.reading.noteRead(path)
        let markdown = names.filter { $0.hasSuffix(".md") && !$0.hasPrefix(".") }
        if markdown.isEmpty {
            file.error(at: position, "'points': no .md file in \(quoted(name))")
        }
        return markdown.compactMap {
            MarkdownPoint(file.reading.open(path + "/" + $0, namedAt: position), name: $0).read()
        }
    }

    private func readList(_ path: String, _ name: String, at position: Position) -> [ListedPoint] {
        let list = file.reading.open(path, namedAt: position)
        let report = { (message: String) in file.error(at: position, "'points': \(quoted(name)) \(message)") }
        guard let bytes = list.readText(limit: Limits.pointList, onFailure: report) else { return [] }
        guard let root = list.readYAML(bytes), !root.isNothing, !root.isRefused else {
            if !list.hasErrors { list.error(at: .start, "no points: expected a list, each '- title: ...'") }
            return []
        }
        guard let entries = root.list, !entries.isEmpty else {
            list.error(at: root.position, "the points must be a list, each beginning with '- '")
            return []
        }
        return entries.compactMap { entry in
            guard let fields = Fields(entry, of: "a point", keys: Keys.listedPoint, in: list) else {
                return nil
            }
            _ = fields.required("id", "1 to 64 of a-z, 0-9 and '-', never to be changed")
            _ = fields.required("body", "the text in Markdown")
            let body = fields.parsed("body", mustBe: "a text in Markdown, not empty") { text in
                trimmed(text).isEmpty ? nil : text
            }
            if let body, body.utf8.count > Limits.point {
                list.error(at: fields.position(of: "body"), "a point is at most \(sizeText(Limits.point))")
            }
            return PointFields(fields).read(defaultID: nil, body: body ?? "")
        }
    }

    /// Explicit numbers first, then those of the files' names, then as the names sort. Identities must be one
    /// of a kind, and so must explicit numbers.
    private func order(_ found: [ListedPoint]) -> PointList {
        var ids: [String: ListedPoint] = [:]
        var numbers: [Int: ListedPoint] = [:]
        for point in found {
            if let other = ids[point.point.id] {
                point.file.error(
                    at: point.position, "the id '\(point.point.id)' is also that of \(other.place)")
            } else if !point.point.id.isEmpty {
                ids[point.point.id] = point
            }
            guard let number = point.number else { continue }
            if let other = numbers[number] {
                let position = point.numberPosition ?? point.position
                point.file.error(
                    at: position, "number \(number) is also that of '\(other.point.id)' (\(other.place))")
            } else {
                numbers[number] = point
            }
        }
        // A stable order: what has no number keeps its place behind those that have one.
        let sorted = found.enumerated().sorted { left, right in
            let leftNumber = left.element.number ?? left.element.nameNumber ?? Int.max
            let rightNumber = right.element.number ?? right.element.nameNumber ?? Int.max
            return (leftNumber, left.offset) < (rightNumber, right.offset)
        }
        var listed = sorted.map(\.element)
        for index in listed.indices { listed[index].point.number = index + 1 }
        return PointList(listed: listed)
    }
}
