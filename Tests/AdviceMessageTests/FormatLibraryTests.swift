import AdviceCore
import AdviceMessage
import Foundation
import TestTools
import Testing

/// Our requests before judges that nobody here wrote. Each takes ours and refuses a damaged one.
struct FormatLibraryTests {
    /// One request of each type of announcement, with the longest, the emptiest and the most hostile points.
    private static func requests(
        _ format: Format, to destination: Destination? = nil, emptyTitle: String = ""
    ) throws -> [(request: WrittenRequest, body: [UInt8])] {
        var announcements = try oneOfEach().map(\.announcement)
        let long = try point(
            title: String(repeating: "long ", count: 2_000),
            body: String(repeating: "w *o* rd ", count: 7_000),
            notice: String(repeating: "notice ", count: 2_000))
        announcements.append(.released(long))
        announcements.append(.released(try point(title: emptyTitle, body: "", series: emptyTitle)))
        for text in Hostile.all {
            announcements.append(
                .released(try point(title: text, body: Hostile.literally(text), notice: text, series: text)))
        }
        return try announcements.map { try write($0, as: format, to: destination) }
    }

    private static func judged(_ script: String, _ cases: [[String: Any]]) throws -> [String] {
        let input = try JSONSerialization.data(withJSONObject: cases)
        let said = try runPython(script, input: input)
        return said.split(separator: "\n").map(String.init)
    }

    @Test("cloudevents reads our events in both modes, by both of its parsers", arguments: [true, false])
    func cloudEvents(isBinary: Bool) throws {
        var destination = destination(.cloudevents)
        destination.mode = isBinary ? .binary : .structured
        var cases: [[String: Any]] = []
        for (request, body) in try Self.requests(.cloudevents, to: destination) {
            var headers: [String: String] = [:]
            for line in request.headers {
                let parts = line.split(separator: ": ", maxSplits: 1)
                headers[String(parts[0])] = String(parts[1])
            }
            cases.append(["headers": headers, "body": String(decoding: body, as: UTF8.self)])
        }
        let count = cases.count
        var damaged = try #require(cases.first)
        var headers = try #require(damaged["headers"] as? [String: String])
        let body = try #require(damaged["body"] as? String)
        headers["ce-type"] = nil
        damaged["headers"] = headers
        damaged["body"] = body.replacing(#""type":"advice.point.released","#, with: "")
        cases.append(damaged)
        if isBinary {
            headers["ce-type"] = "a"
            headers["ce-time"] = "yesterday"
        }
        damaged["headers"] = headers
        damaged["body"] = body.replacing(#""time":"2026"#, with: #""time":"x"#)
        cases.append(damaged)
        let verdicts = try Self.judged(
            """
            import json, sys
            from cloudevents.v1.http import from_http
            from cloudevents.core.bindings.http import HTTPMessage, from_http_event
            for case in json.load(sys.stdin):
                body = case["body"].encode()
                try:
                    old = from_http(case["headers"], body)
                    new = from_http_event(HTTPMessage(headers=case["headers"], body=body))
                    assert old["id"] == new.get_id() and old["type"] == new.get_type()
                    assert old["source"] == new.get_source() and old["specversion"] == "1.0"
                    assert old.data == new.get_data() and isinstance(old.data, dict)
                    assert new.get_time() is not None
                    print(new.get_id(), new.get_type())
                except Exception as error:
                    print("refused", type(error).__name__)
            """, cases)
        #expect(verdicts.count == count + 2)
        for verdict in verdicts.prefix(count) {
            #expect(verdict.hasPrefix("msg_p5jxn8aqm9lwm0d4lokwxjek2a advice."), "\(verdict)")
        }
        for verdict in verdicts.suffix(2) { #expect(verdict.hasPrefix("refused"), "\(verdict)") }
    }

    @Test("slack_sdk's models take our blocks")
    func slack() throws {
        var cases = try Self.requests(.slack).map { try decoded($0.body, .slack) }
        let count = cases.count
        let long = ["type": "mrkdwn", "text": String(repeating: "a", count: 3_001)]
        cases.append(["text": "a", "blocks": [["type": "section", "text": long]]])
        cases.append([
            "text": "a",
            "blocks": [
                [
                    "type": "header",
                    "text": ["type": "plain_text", "text": String(repeating: "a", count: 151)],
                ]
            ],
        ])
        cases.append([
            "text": "a", "blocks": [["type": "sektion", "text": ["type": "mrkdwn", "text": "a"]]],
        ])
        let verdicts = try Self.judged(
            """
            import json, logging, sys
            from slack_sdk.models.blocks import Block
            logging.disable(logging.CRITICAL)
            for case in json.load(sys.stdin):
                try:
                    assert 1 <= len(case["blocks"]) <= 50 and case["text"]
                    for given in case["blocks"]:
                        block = Block.parse(json.loads(json.dumps(given)))
                        assert block is not None, "unknown"
                        written = block.to_dict()
                        assert written["type"] == given["type"]
                        for key in given:
                            assert key in written, key
                    print("taken")
                except Exception as error:
                    print("refused", error)
            """, cases)
        #expect(verdicts.prefix(count) == Array(repeating: "taken", count: count)[...])
        #expect(verdicts.suffix(3).allSatisfy { $0.hasPrefix("refused") }, "\(verdicts.suffix(3))")
    }

    @Test("Microsoft's schema of Adaptive Cards takes our cards")
    func adaptiveCards() throws {
        var cases = try Self.requests(.teams).map { _, body -> [String: Any] in
            let attachments = try #require(try decoded(body, .teams)["attachments"] as? [[String: Any]])
            return try #require(attachments.first?["content"] as? [String: Any])
        }
        let count = cases.count
        for damage in [
            ["type": "TextBlok", "text": "a"], ["type": "TextBlock"],
            ["type": "TextBlock", "text": "a", "size": "Huge"],
        ] {
            cases.append(["type": "AdaptiveCard", "version": "1.4", "body": [damage]])
        }
        let verdicts = try Self.judged(
            """
            import glob, json, os, sys
            import adaptive_cards, jsonschema
            folder = os.path.dirname(adaptive_cards.__file__)
            places = glob.glob(os.path.join(folder, "**", "schema-1.4.json"), recursive=True)
            schema = json.load(open(places[0]))
            validator = jsonschema.validators.validator_for(schema)(schema)
            for case in json.load(sys.stdin):
                errors = list(validator.iter_errors(case))
                print("refused " + errors[0].message[:200] if errors else "taken")
            """, cases)
        #expect(verdicts.prefix(count) == Array(repeating: "taken", count: count)[...])
        #expect(verdicts.suffix(3).allSatisfy { $0.hasPrefix("refused") }, "\(verdicts.suffix(3))")
    }

    @Test("gidgethub takes our X-Hub-Signature-256, and refuses it over another body or by another secret")
    func gitHub() throws {
        let secret = "  a secret of the receiver's \n"
        let rendering = Rendering(.released(try buildTrust()), as: .standard)
        let request = try rendering.request(
            to: destination(.standard), AttemptIdentity(id: "msg_a", timestamp: 1, attempt: 1),
            signing: Signing(github: GitHubSecret(secret)), userAgent: "advised/1")
        let line = try #require(request.headers.first { $0.hasPrefix("x-hub-signature-256: ") })
        let body = String(decoding: rendering.bytes, as: UTF8.self)
        let cases = [
            (body, "a secret of the receiver's"), (body + " ", "a secret of the receiver's"),
            (body, "another"),
        ].map { ["body": $0, "secret": $1, "signature": String(line.dropFirst(21))] }
        let verdicts = try Self.judged(
            """
            import json, sys
            import gidgethub, gidgethub.sansio
            for case in json.load(sys.stdin):
                try:
                    gidgethub.sansio.validate_event(
                        case["body"].encode(), signature=case["signature"], secret=case["secret"])
                    print("valid")
                except gidgethub.ValidationFailure:
                    print("refused")
            """, cases)
        #expect(verdicts == ["valid", "refused", "refused"])
    }

    /// Where no judge exists: schemas written from the services' own documentation, which each of them names.
    @Test(
        "the schemas of what the services take are kept",
        arguments: ["discord", "googlechat", "mattermost", "telegram", "matrix", "zulip", "ntfy"])
    func schemas(_ name: String) throws {
        let format = try #require(Format(rawValue: name))
        try judge(
            try Self.requests(format).map { try decoded($0.body, format) }, by: name,
            damage: Self.damage[name] ?? [:])
    }

    @Test(
        "the schemas of what the presets' services take are kept",
        arguments: BodyTemplate.presetNames)
    func presetSchemas(_ name: String) throws {
        let destination = destination(.template, template: BodyTemplate.preset(name))
        try judge(
            try Self.requests(.template, to: destination).map { try decoded($0.body, .template) }, by: name,
            damage: ["text": 1, "message": 2, "value1": 3])
    }

    /// There is no judge of what stands in our own bodies but the schemas that we publish.
    @Test("the schemas of docs/schema take our own format")
    func standard() throws {
        // None without a title is ever loaded, and the challenge of these tests is shorter than any.
        var bodies = try Self.requests(.standard, emptyTitle: "-").map { try decoded($0.body, .standard) }
            .filter { $0["type"] as? String != "advice.endpoint.verify" }
        let count = bodies.count
        let first = try #require(bodies.first)
        var data = try #require(first["data"] as? [String: Any])
        var point = try #require(data["point"] as? [String: Any])
        point["number"] = "two"
        data["point"] = point
        bodies.append(first.merging(["data": data]) { $1 })
        data["point"] = nil
        bodies.append(first.merging(["data": data]) { $1 })
        bodies.append(first.merging(["timestamp": "yesterday"]) { $1 })
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/schema")
        let verdicts = try Self.judged(
            """
            import json, pathlib, sys
            from jsonschema import Draft202012Validator
            from referencing import Registry, Resource
            folder, *cases = json.load(sys.stdin)
            schemas = {place.name: json.loads(place.read_text())
                       for place in pathlib.Path(folder["folder"]).glob("*.json")}
            registry = Registry().with_resources(
                (name, Resource.from_contents(schema)) for name, schema in schemas.items())
            for case in cases:
                validator = Draft202012Validator(schemas[case["type"] + ".json"], registry=registry)
                errors = list(validator.iter_errors(case))
                print("refused " + errors[0].message[:200] if errors else "taken")
            """, [["folder": folder.path]] + bodies)
        #expect(verdicts.prefix(count) == Array(repeating: "taken", count: count)[...])
        #expect(
            verdicts.suffix(3).allSatisfy { $0.hasPrefix("refused") } && verdicts.count == count + 3,
            "\(verdicts.suffix(3))")
    }

    private static var damage: [String: [String: Any]] {
        [
            "discord": ["content": String(repeating: "a", count: 2_001)], "googlechat": ["text": ""],
            "mattermost": ["text": String(repeating: "a", count: 16_384)],
            "telegram": ["parse_mode": "Markdown"],
            "matrix": ["msgtype": "text"], "zulip": ["topic": String(repeating: "a", count: 61)],
            "ntfy": ["priority": 9],
        ]
    }

    private func judge(_ bodies: [[String: Any]], by schema: String, damage: [String: Any]) throws {
        let damaged = try #require(bodies.first).merging(damage) { $1 }
        let place = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "Schemas/\(schema).json")
        let text = try String(contentsOf: place, encoding: .utf8)
        let verdicts = try Self.judged(
            """
            import json, sys
            import jsonschema
            schema, *cases = json.load(sys.stdin)
            schema = json.loads(schema["text"])
            assert "documentation" in schema["$comment"] or "specification" in schema["$comment"]
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            for case in cases:
                errors = list(validator.iter_errors(case))
                print("refused " + errors[0].message[:200] if errors else "taken")
            """, [["text": text]] + bodies + [damaged])
        #expect(verdicts.dropLast() == Array(repeating: "taken", count: bodies.count)[...])
        #expect(verdicts.last?.hasPrefix("refused") == true)
    }
}
