internal import Foundation

/// What the file system says of a file, and its bytes.
struct FileContents {
    var bytes: [UInt8]
    /// Every user of the machine may read it.
    var isWorldReadable: Bool
}

/// Why a file cannot be taken, in words to follow the file's name.
struct FileMistake: Error, Hashable {
    var message: String
}

/// The whole of a regular file of at most `limit` bytes; symbolic links are followed.
func readFile(_ path: String, limit: Int) -> Result<FileContents, FileMistake> {
    regularFile(path).flatMap { file in
        let isLarger = FileMistake(message: "is larger than \(sizeText(limit))")
        guard file.size <= limit else { return .failure(isLarger) }
        guard let data = FileManager.default.contents(atPath: file.path) else { return .failure(.denied) }
        guard data.count <= limit else { return .failure(isLarger) }
        return .success(FileContents(bytes: [UInt8](data), isWorldReadable: file.isWorldReadable))
    }
}

/// A regular file that is read piece by piece, for it may be larger than what should be held of it at once.
final class FilePieces {
    /// Every user of the machine may read it.
    let isWorldReadable: Bool
    private let handle: FileHandle
    private let note: (([UInt8]) -> Void)?
    /// Bytes read at once: more make no difference in speed.
    private static let size = 1 << 20

    private init(_ handle: FileHandle, isWorldReadable: Bool, _ note: (([UInt8]) -> Void)?) {
        self.handle = handle
        self.isWorldReadable = isWorldReadable
        self.note = note
    }

    /// `note` is given each piece as it is read.
    static func open(_ path: String, _ note: (([UInt8]) -> Void)?) -> Result<FilePieces, FileMistake> {
        regularFile(path).flatMap { file in
            guard let handle = FileHandle(forReadingAtPath: file.path) else { return .failure(.denied) }
            return .success(FilePieces(handle, isWorldReadable: file.isWorldReadable, note))
        }
    }

    /// The next bytes; none at the end of the file, nil where they cannot be read.
    func next() -> [UInt8]? {
        do {
            let piece = [UInt8](try handle.read(upToCount: Self.size) ?? Data())
            note?(piece)
            return piece
        } catch {
            return nil
        }
    }
}

extension FileMistake {
    fileprivate static let missing = FileMistake(message: "does not exist")
    fileprivate static let denied = FileMistake(message: "cannot be read: permission denied")
}

private struct RegularFile {
    /// Behind all symbolic links.
    var path: String
    var size: Int
    var isWorldReadable: Bool
}

private func regularFile(_ path: String) -> Result<RegularFile, FileMistake> {
    // NUL would cut the path short.
    guard !path.utf8.contains(0) else { return .failure(.missing) }
    let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
        return .failure(FileManager.default.fileExists(atPath: path) ? .denied : .missing)
    }
    let type = attributes[.type] as? FileAttributeType
    if type == .typeDirectory { return .failure(FileMistake(message: "is a folder, not a file")) }
    guard type == .typeRegular else { return .failure(FileMistake(message: "is not a regular file")) }
    let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
    return .success(
        RegularFile(
            path: path, size: (attributes[.size] as? NSNumber)?.intValue ?? 0,
            isWorldReadable: mode & 0o004 != 0))
}

/// The names in a folder, sorted bytewise; nil where it is none or cannot be read.
func namesInFolder(_ path: String) -> [String]? {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return nil }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
}

func isFolder(_ path: String) -> Bool {
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let attributes = try? FileManager.default.attributesOfItem(atPath: target)
    return attributes?[.type] as? FileAttributeType == .typeDirectory
}

/// `path` seen from the root.
func absolutePath(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
}

/// The bytes in base64 with its padding, the standard alphabet, nothing else.
func decodedBase64(_ text: String) -> [UInt8]? {
    guard text.utf8.count.isMultiple(of: 4), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        return nil
    }
    return Data(base64Encoded: text).map { [UInt8]($0) }
}

/// 64 KiB, 1 MiB.
func sizeText(_ bytes: Int) -> String {
    bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes >> 10) KiB"
}
