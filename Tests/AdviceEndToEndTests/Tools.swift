import Foundation

/// The programs that these tests run.
enum Tools {
    private static let environment = ProcessInfo.processInfo.environment
    /// The project's folder.
    static let project = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// The binary under test: `$ADVISED_BIN`, else what was built beside these tests.
    static func advised() throws -> String {
        if let given = environment["ADVISED_BIN"] {
            return try existing([given], "ADVISED_BIN names no program")
        }
        // The runner's own path, or that of the bundle that it was given.
        let beside = CommandLine.arguments.filter { $0.contains(".xctest") }
            .map { URL(filePath: $0).deletingLastPathComponent().path }
        return try existing(
            (beside + [project + "/.build/release", project + "/.build/debug"]).map { $0 + "/advised" },
            "there is no advised to test; build it, or name it in ADVISED_BIN")
    }

    /// The interpreter that has PyPI's standardwebhooks: of `$ADVISED_VENV`, else of `.venv`.
    static func python() throws -> String {
        try existing(
            [(environment["ADVISED_VENV"] ?? project + "/.venv") + "/bin/python3"],
            "there is no Python with standardwebhooks; scripts/python-venv makes it")
    }

    /// The courier alone, as Benchmarks/courier drives it: `$ADVISED_COURIER_BENCH`.
    static func courierBench() throws -> String {
        try existing(
            [environment["ADVISED_COURIER_BENCH"] ?? project + "/.build-tests/release/courier-bench"],
            "there is no courier-bench; scripts/build --tests makes it")
    }

    static func valgrind() throws -> String {
        try existing(["/usr/bin/valgrind"], "valgrind is missing: apt-get install valgrind")
    }

    static func strip() throws -> String {
        try existing(["/usr/bin/strip"], "strip is missing: apt-get install binutils")
    }

    /// A program of Debian's `package`.
    static func debian(_ program: String, package: String) throws -> String {
        try existing(
            ["/usr/bin/", "/usr/sbin/"].map { $0 + program },
            "\(program) is missing: apt-get install \(package)")
    }

    /// A program of PyPI's, of `$ADVISED_VENV`, else of `.venv`.
    static func pypi(_ program: String) throws -> String {
        try existing(
            [(environment["ADVISED_VENV"] ?? project + "/.venv") + "/bin/" + program],
            "there is no \(program); scripts/python-venv installs it")
    }

    /// A folder in which what was made is kept to be looked at.
    static func artefacts(_ name: String) -> String { project + "/.cache/" + name }

    /// The folder of the Python programs.
    static let scripts = URL(filePath: #filePath).deletingLastPathComponent().path + "/Receivers"

    /// A Python program of this folder.
    static func script(_ name: String) -> String { scripts + "/" + name }

    private static func existing(_ paths: [String], _ otherwise: String) throws -> String {
        guard let path = paths.first(where: FileManager.default.isExecutableFile) else {
            throw Missing("\(otherwise) (looked at \(paths.joined(separator: ", ")))")
        }
        return path
    }
}
