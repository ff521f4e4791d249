import Foundation

/// The files of this repository, as the tidy tests read them.
enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct File: CustomStringConvertible, Sendable {
        /// From the repository's root.
        let path: String
        let lines: [String]
        var description: String { path }

        /// The module of a source file: the folder below Sources or Tests.
        var module: String { String(path.split(separator: "/")[1]) }
    }

    /// Every file below `folder` with one of these endings, in order of path.
    static func files(in folder: String, endings: [String] = ["swift"]) throws -> [File] {
        let base = root.appending(path: folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path)
        return try paths.filter { path in endings.contains { path.hasSuffix("." + $0) } }.sorted().map {
            path in
            let text = try String(contentsOf: base.appending(path: path), encoding: .utf8)
            return File(path: "\(folder)/\(path)", lines: text.components(separatedBy: "\n"))
        }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}

/// Code without its comments and the contents of its string literals: what a rule about code should see.
func codeOnly(_ line: String) -> String {
    var result = ""
    var isInString = false
    var previous: Character = " "
    for character in line {
        if character == "\"", previous != "\\" { isInString.toggle() }
        if !isInString { result.append(character) }
        if result.hasSuffix("//") { return String(result.dropLast(2)) }
        previous = character
    }
    return result
}
