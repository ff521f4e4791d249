import Mustache

/// A page's template, and the frame that all pages share. Values are escaped; `{{{ }}}` is only for what is
/// HTML already: a rendered template, and the safe HTML of a point's Markdown.
struct Template: Sendable {
    private let mustache: MustacheTemplate

    init(_ text: String) {
        guard let mustache = try? MustacheTemplate(string: text) else {
            preconditionFailure("the templates are part of the program, and PageTests renders each")
        }
        self.mustache = mustache
    }

    func render(_ values: [String: Any]) -> String { mustache.render(values) }

    /// A whole page.
    func page(_ title: String, lang: String = "en", head: String = "", _ values: [String: Any]) -> String {
        Template.frame.render([
            "title": title, "lang": lang, "head": head, "body": render(values),
        ])
    }

    // Everything that a page needs stands in it or in the style sheet: no script, no image, no font.
    private static let frame = Template(
        """
        <!DOCTYPE html>
        <html lang="{{lang}}">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{title}}</title>
        <link rel="stylesheet" href="/style.css">
        {{{head}}}</head>
        <body>
        {{{body}}}</body>
        </html>

        """)
}
