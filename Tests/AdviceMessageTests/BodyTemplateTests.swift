import AdviceCore
import AdviceMessage
import Foundation
import Testing

struct BodyTemplateTests {
    private func render(_ template: String, _ contentType: String = "application/json") throws -> String {
        let destination = destination(
            .template, template: try BodyTemplate(template, contentType: contentType))
        let (_, body) = try write(.released(try buildTrust()), as: .template, to: destination)
        return String(decoding: body, as: UTF8.self)
    }

    @Test(
        "values, sections, inverted sections, lists and comments",
        arguments: [
            ("{{title}}!", "Build trust with your medical team!"), ("{{ number }}/{{of}}", "2/15"),
            ("{{#url}}at {{url}}{{/url}}{{^url}}no{{/url}}", "at https://example.org/trust"),
            ("{{#notice}}n{{/notice}}{{^notice}}none{{/notice}}", "none"),
            ("{{#tags}}{{name}}{{^last}},{{/last}}{{/tags}}", "trust"),
            ("{{#sources}}{{title}}{{^last}} | {{/last}}{{/sources}}", "On \"trust\" | Zwei\\drei 🙂"),
            ("{{#sources}}{{^publisher}}{{number}}{{/publisher}}{{/sources}}", "2"),
            ("a{{! a comment }}b", "ab"), ("a\n{{! alone }}\nb", "a\nb"),
            ("a\n  {{#url}}\nb\n{{/url}}\nc", "a\nb\nc"), ("{{#test}}t{{/test}}", ""), ("plain", "plain"),
            ("} {{number}}} {", "} 2} {"), ("{{type}}", "advice.point.released"), ("", ""),
        ])
    func mustache(template: String, expected: String) throws {
        #expect(try render(template, "text/plain") == expected)
    }

    @Test("what is put in is escaped for the content type")
    func escaping() throws {
        #expect(
            try render(#"{"a":"{{#sources}}{{title}}{{/sources}}"}"#) == #"{"a":"On \"trust\"Zwei\\drei 🙂"}"#)
        #expect(
            try render("a={{title}}&b={{url}}", "application/x-www-form-urlencoded; charset=utf-8")
                == "a=Build%20trust%20with%20your%20medical%20team&b=https%3A%2F%2Fexample.org%2Ftrust")
        #expect(
            try render("<a>{{#sources}}{{title}}{{/sources}}</a>", "application/xml")
                == "<a>On &quot;trust&quot;Zwei\\drei 🙂</a>")
    }

    @Test(
        "a mistake says where it is and what was expected",
        arguments: [
            ("a\n b {{titel}}", 2, 4, "there is no 'titel'; there are"), ("{{title", 1, 1, "has no '}}'"),
            ("{{{title}}}", 1, 1, "cannot be written raw"), ("{{&title}}", 1, 1, "cannot be written raw"),
            ("{{> part}}", 1, 1, "is not known here"), ("{{=<% %>=}}", 1, 1, "is not known here"),
            ("{{#url}}", 1, 1, "'url' is not closed"), ("{{/url}}", 1, 1, "no section 'url' to close"),
            ("{{#url}}{{/title}}", 1, 9, "the section to close is 'url'"),
            ("{{}}", 1, 1, "a name is missing"),
            ("{{name}}", 1, 1, "there is no 'name'"), ("{{sources}}", 1, 1, "is a list"),
            ("{{^sources}}{{publisher}}{{/sources}}", 1, 13, "there is no 'publisher'"),
            ("{{.}}", 1, 1, "no '.'"),
        ])
    func mistakes(template: String, line: Int, column: Int, message: String) throws {
        #expect {
            try BodyTemplate(template, contentType: "text/plain")
        } throws: { error in
            guard let mistake = error as? TemplateMistake else { return false }
            return mistake.line == line && mistake.column == column && mistake.message.contains(message)
        }
    }

    @Test(
        "a template for JSON that does not always make JSON is refused",
        arguments: [
            #"{"a":{{title}}}"#, #"{"a":"{{title}}",}"#, #"{"a":{{number}}}"#, "{{title}}",
            #"{"a":[{{#tags}}"{{name}}",{{/tags}}]}"#, #"{"a":{{text}}}"#, #"{"a":"{{#url}}x}{{/url}}"#,
        ])
    func notJSON(template: String) {
        #expect(throws: TemplateMistake.self) { try BodyTemplate(template) }
    }

    @Test(
        "one that does is taken",
        arguments: [
            #"{"a":"{{title}}"}"#, #"{"a":[{{#tags}}"{{name}}"{{^last}},{{/last}}{{/tags}}]}"#,
            #"{"n":{{#number}}{{number}}{{/number}}{{^number}}null{{/number}}}"#,
            #"["{{id}}","{{replaces}}"]"#,
        ])
    func json(template: String) throws {
        _ = try BodyTemplate(template)
    }

    @Test("there is a preset for each of the six, and no other")
    func presets() {
        #expect(
            BodyTemplate.presetNames == ["gotify", "rocketchat", "homeassistant", "ifttt", "n8n", "zapier"])
        for name in BodyTemplate.presetNames { #expect(BodyTemplate.preset(name) != nil) }
        #expect(BodyTemplate.preset("slack") == nil)
        #expect(BodyTemplate.preset("gotify", method: .put)?.method == .put)
    }
}

struct TemplatePageTests {
    @Test("docs/templates.md names every value and every preset, and its example is right")
    func page() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/templates.md"), encoding: .utf8)
        for name in BodyTemplate.names + BodyTemplate.presetNames {
            #expect(page.contains("`\(name)`"), "docs/templates.md does not name \(name)")
        }
        let parts = page.split(separator: "```")
        let example = try #require(parts.first { $0.contains("\"more\"") })
        _ = try BodyTemplate(String(example))
    }
}
