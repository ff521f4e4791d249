/// A point's body in the three forms in which receivers are given it. Made once, at the release, and kept
/// with it: a later libcmark must not change bytes that were promised to stay the same.
public struct RenderedMarkdown: Hashable, Sendable, Codable {
    /// As its author wrote it.
    public let markdown: String
    /// For places that show text as it is.
    public let text: String
    /// Safe to show: no raw HTML, no link but http, https and mailto.
    public let html: String

    /// `markdown` is CommonMark 0.30; any text is.
    public init(_ markdown: String) {
        let document = MarkdownDocument(markdown)
        self.markdown = markdown
        text = document.plainText
        html = document.html
    }

    /// As it was kept.
    public init(markdown: String, text: String, html: String) {
        self.markdown = markdown
        self.text = text
        self.html = html
    }
}
