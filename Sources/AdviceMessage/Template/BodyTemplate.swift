/// A body of a subscriber's own, in Mustache (https://mustache.github.io/mustache.5.html): variables,
/// sections, inverted sections and comments. What is put in is escaped for the content type always; there is
/// no way to write it raw.
///
/// Parsed once, at start and at each reload.
public struct BodyTemplate: Sendable {
    public let method: WrittenRequest.Method
    /// As it goes into the header, such as `application/json`.
    public let contentType: String

    /// `method` is POST or PUT. Throws the first mistake: a tag that is not closed, a name that no
    /// announcement has, a body that is no JSON where the content type says so.
    public init(
        _ text: String, method: WrittenRequest.Method = .post, contentType: String = "application/json"
    ) throws(TemplateMistake) {
        self.method = method
        self.contentType = contentType
    }

    /// One of `presetNames`; nil for another name. `method` and `contentType` are the preset's, where they
    /// are not given.
    public static func preset(
        _ name: String, method: WrittenRequest.Method? = nil, contentType: String? = nil
    ) -> BodyTemplate? {
        nil
    }

    /// gotify, rocketchat, homeassistant, ifttt, n8n, zapier.
    public static var presetNames: [String] { [] }

    /// What a template may name, in the order in which the documentation shows them.
    public static var names: [String] { [] }
}

/// What is wrong with a template, and where.
public struct TemplateMistake: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// In characters, from 1.
    public let column: Int
    /// What is wrong and what was expected.
    public let message: String

    public var description: String { "\(line):\(column): \(message)" }
}
