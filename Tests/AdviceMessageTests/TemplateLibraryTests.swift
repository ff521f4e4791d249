import AdviceCore
import AdviceMessage
import Foundation
import TestTools
import Testing

/// Our Mustache beside `chevron`, PyPI's: the same template and the same values make the same text.
struct TemplateLibraryTests {
    private static let templates = [
        "{{title}} {{ number }} of {{of}}", "{{#url}}[{{url}}]{{/url}}", "{{^notice}}none{{/notice}}",
        "{{#sources}}\n- {{title}}{{#publisher}}, {{publisher}}{{/publisher}}\n{{/sources}}\nend",
        "{{#tags}}{{name}}{{^last}}, {{/last}}{{/tags}}", "a\n{{! gone }}\nb {{! gone }} c\n",
        "  {{#url}}\n  in\n  {{/url}}\nout", "{{#test}}t{{/test}}{{^test}}no test{{/test}}", "{ {{number}} }",
        "{{#sources}}{{#tags}}{{name}}{{number}}{{/tags}}{{/sources}}", "\r\n{{#url}}\r\nx\r\n{{/url}}\r\ny",
    ]

    @Test("chevron makes the same of every template")
    func same() throws {
        let released = Announcement.released(try buildTrust())
        let values = Rendering(released, as: .template).bytes
        let cases = try Self.templates.map { template -> [String: String] in
            let destination = destination(
                .template, template: try BodyTemplate(template, contentType: "application/xml"))
            let ours = try write(released, as: .template, to: destination).body
            return [
                "template": template, "values": String(decoding: values, as: UTF8.self),
                "ours": String(decoding: ours, as: UTF8.self),
            ]
        }
        let said = try runPython(
            """
            import json, sys, chevron
            for case in json.load(sys.stdin):
                theirs = chevron.render(case["template"], json.loads(case["values"]))
                print("same" if theirs == case["ours"] else json.dumps([case, theirs]))
            """, input: try JSONSerialization.data(withJSONObject: cases))
        #expect(said.split(separator: "\n").map(String.init) == Array(repeating: "same", count: cases.count))
    }
}
