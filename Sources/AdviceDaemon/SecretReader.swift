public import AdviceCore
import Foundation

/// Reads protected values at the moment of use: a rotated secret file is in force at the next attempt.
public struct SecretReader: Sendable {
    private let environment: [String: String]

    public init(environment: [String: String]) {
        self.environment = environment
    }

    /// The value without its line end; an error names where it was looked for, never the value.
    public func read(_ value: Protected) throws(SecretUnreadable) -> String {
        switch value {
        case .inline(let text):
            return text
        case .file(let path):
            guard let data = FileManager.default.contents(atPath: path) else {
                throw SecretUnreadable(description: "the file \(path) cannot be read")
            }
            return SecretReader.trim(data)
        case .credential(let name):
            guard let folder = environment["CREDENTIALS_DIRECTORY"] else {
                throw SecretUnreadable(description: "credential \(name): $CREDENTIALS_DIRECTORY is not set")
            }
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
                throw SecretUnreadable(description: "credential \(name) cannot be read from \(folder)")
            }
            return SecretReader.trim(data)
        case .environment(let name):
            guard let text = environment[name] else {
                throw SecretUnreadable(description: "the environment variable \(name) is not set")
            }
            return text
        }
    }

    private static func trim(_ data: Data) -> String {
        String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// A protected value that is not where it should be.
public struct SecretUnreadable: Error, CustomStringConvertible {
    public var description: String
}
