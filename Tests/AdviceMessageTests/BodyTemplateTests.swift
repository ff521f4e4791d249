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

    private func mistakes(_ template: String, _ contentType: String = "text/plain") -> [TemplateMistake] {
        do throws(TemplateMistakes) {
            _ = try BodyTemplate(template, contentType: contentType)
            return []
        } catch {
            return error.all
        }
    }

    @Test(
        "a mistake says where it is and what was expected",
        arguments: [
            ("a\n b {{titel}}", 2, 4, "there is no 'titel'"), ("{{title", 1, 1, "has no '}}'"),
            ("{{{title}}}", 1, 1, "cannot be written raw"), ("{{&title}}", 1, 1, "cannot be written raw"),
            ("{{> part}}", 1, 1, "is not known here"), ("{{=<% %>=}}", 1, 1, "is not known here"),
            ("{{#url}}", 1, 1, "'url' is not closed"), ("{{/url}}", 1, 1, "no section 'url' to close"),
            ("{{#url}}{{/title}}", 1, 9, "the section to close is 'url'"),
            ("{{}}", 1, 1, "a name is missing"), ("{{#}}x{{/}}", 1, 1, "a name is missing"),
            ("{{name}}", 1, 1, "there is no 'name'"), ("{{sources}}", 1, 1, "is a list"),
            ("{{^sources}}{{publisher}}{{/sources}}", 1, 13, "there is no 'publisher'"),
            ("{{.}}", 1, 1, "no '.'"), ("é🇩🇪{{#tags}}\r\n{{/tags}}\r\n{{x}}", 3, 1, "no 'x'"),
        ])
    func mistakes(template: String, line: Int, column: Int, message: String) throws {
        let all = mistakes(template)
        #expect(all.count == 1, "\(all)")
        let mistake = try #require(all.first)
        #expect(mistake.line == line && mistake.column == column && mistake.message.contains(message))
    }

    @Test(
        "all mistakes are told, in their order, and none that follows from another",
        arguments: [
            ("{{titel}}\n{{url}} {{textt}}", ["1:1", "2:9"]),
            ("{{{title}}} {{> x}} {{titel}}", ["1:1", "1:13", "1:21"]),
            ("{{title {{url}}\n{{/tags}}", ["1:1", "2:1"]),
            ("{{#sourcs}}{{publisher}}{{/sourcs}}{{#tag}}{{name}}{{nam}}{{/tag}}", ["1:1", "1:36", "1:52"]),
            ("{{#url}}{{#test}}{{/url}}{{/test}}", ["1:18", "1:26"]),
            ("{{#url}}{{/title}}{{#test}}\n{{#tags}}", ["1:9", "1:19", "2:1"]),
            ("{{sources}}{{}}", ["1:1", "1:12"]), ("{{{{", ["1:1"]), ("{{!a\n{{b", ["1:1"]),
            ("{{a\n{{{b\n{{{url}}}", ["1:1", "2:1", "3:1"]),
        ])
    func everyMistake(template: String, places: [String]) {
        #expect(mistakes(template).map { "\($0.line):\($0.column)" } == places, "\(mistakes(template))")
    }

    @Test("a file full of mistakes is read in a moment", .timeLimit(.minutes(2)))
    func full() {
        for part in ["{{", "{{!", "{{x}}", "{{#url}}", "{{/url}}", "{", "{{{"] {
            let template = String(repeating: part, count: 65_536 / part.utf8.count)
            #expect(!mistakes(template).isEmpty, "\(part)")
        }
        let values = "[" + String(repeating: "{{title}},", count: 400) + "0]"
        #expect(mistakes(values, "application/json").count == 100)
    }

    @Test("sections may stand 32 deep, and no deeper: whoever writes them has a stack that ends")
    func deep() {
        func nested(_ depth: Int) -> String {
            String(repeating: "{{#url}}", count: depth) + String(repeating: "{{/url}}", count: depth)
        }
        #expect(mistakes(nested(32)).isEmpty)
        #expect(mistakes(nested(33)).map(\.column) == [257])
        #expect(mistakes(nested(8_000)).count == 1)
    }

    @Test("a name that there is not comes with those that there are, within a list the list's first")
    func unknownNames() throws {
        let mistake = try #require(mistakes("{{#sources}}{{publsher}}{{/sources}}").first)
        #expect(mistake.unknownName == "publsher")
        #expect(mistake.knownNames == ["title", "publisher", "url", "last"] + BodyTemplate.names)
        #expect(mistakes("{{title").first?.unknownName == nil)
    }

    @Test(
        "a template for JSON that does not always make JSON is refused, with where",
        arguments: [
            (#"{"a":{{title}}}"#, ["1:6"]), (#"{"a":"{{title}}",}"#, ["1:18"]),
            (#"{"a":{{number}}}"#, ["1:6"]), (#"{"a": {{number}} }"#, ["1:7"]), ("{{title}}", ["1:1"]),
            (#"{"a":[{{#tags}}"{{name}}",{{/tags}}]}"#, ["1:36"]), (#"{"a":"{{#url}}x}{{/url}}"#, ["1:6"]),
            ("{\n \"a\": {{text}},\n \"b\": {{number}},\n \"c\": {{title}}\n}", ["2:7", "3:7", "4:7"]),
            ("{\"a\": {{text}},\n \"b\": \"{{titel}}\",\n}", ["1:7", "2:8", "3:1"]),
            ("{\"a\": {{titel}} }", ["1:7"]), ("{\"a\": \"{{{title}}}\" }", ["1:8"]),
            ("{\"a\": \"\n{{title}}\"}", ["1:8"]), (#"{"a": "\q{{title}}"}"#, ["1:8"]),
            (#"{"a": {{url}}{{/url}}}"#, ["1:14"]), (#"{"a": 1"#, ["1:8"]), ("", ["1:1"]),
            (#"{"a": [{{#tags}}"x"{{/tags}},2]}"#, ["1:17", "1:29"]),
        ])
    func notJSON(template: String, places: [String]) {
        let all = mistakes(template, "application/json")
        #expect(all.map { "\($0.line):\($0.column)" } == places, "\(all)")
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
