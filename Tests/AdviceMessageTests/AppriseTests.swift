import AdviceCore
import AdviceMessage
import Foundation
import TestTools
import Testing

/// What PyPI's Apprise, which thousands use for these services, sends to each of them: the method, the place
/// and the members that carry the text are to be the same as ours.
struct AppriseTests {
    struct Peer: Sendable, CustomStringConvertible {
        var format: Format
        /// As Apprise writes a service.
        var address: String
        /// Our destination for the same place.
        var destination: Destination
        /// The members that both have, with dots for what is within.
        var members: [String]
        var preset: String?
        var description: String { preset ?? format.rawValue }
    }

    private static let peers: [Peer] = [
        Peer(
            format: .slack,
            address: "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?footer=no&blocks=yes",
            destination: Destination(
                url: "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"),
            members: []),
        Peer(
            format: .discord, address: "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/?format=markdown",
            destination: Destination(
                url: "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"),
            members: ["embeds"]),
        Peer(
            format: .teams,
            address: "workflows://prod-42.westus.logic.azure.com/643e69f83c8944438d68119179a10a64/sig",
            destination: Destination(
                url: "https://prod-42.westus.logic.azure.com/workflows/643e69f83c8944438d68119179a10a64/"
                    + "triggers/manual/paths/invoke?sig=sig"),
            members: [
                "type", "attachments", "attachments.contentType", "attachments.content.type",
                "attachments.content.body",
            ]),
        Peer(
            format: .googlechat, address: "gchat://space/key/token",
            destination: Destination(
                url: "https://chat.googleapis.com/v1/spaces/space/messages?key=key&token=token"),
            members: ["text"]),
        Peer(
            format: .mattermost, address: "mmosts://mm.example.org/3ccdd113474722377935511fc85d3dd4",
            destination: Destination(url: "https://mm.example.org/hooks/3ccdd113474722377935511fc85d3dd4"),
            members: ["text", "username"]),
        Peer(
            format: .telegram, address: "tgram://123456789:abcdefg_hijklmnop/12315544/?format=html",
            destination: Destination(
                url: "https://api.telegram.org", to: "12315544", token: "123456789:abcdefg_hijklmnop"),
            members: ["chat_id", "text", "parse_mode"]),
        Peer(
            format: .zulip,
            address: "zulip://bot-name@acme/a0123456789012345678901234567890/advice?topic=daily",
            destination: Destination(
                url: "https://acme.zulipchat.com", to: "advice", topic: "daily",
                user: "bot-name@acme.zulipchat.com",
                token: "a0123456789012345678901234567890"),
            members: ["type", "to", "content"]),
        Peer(
            format: .ntfy, address: "ntfys://ntfy.example.org/advice?format=markdown",
            destination: Destination(url: "https://ntfy.example.org", topic: "advice"),
            members: ["topic", "title", "message"]),
        Peer(
            format: .template, address: "gotifys://gotify.example.org/token123?format=markdown",
            destination: Destination(url: "https://gotify.example.org/message"),
            members: ["title", "message", "priority", "extras"], preset: "gotify"),
        Peer(
            format: .template, address: "ifttt://key@event",
            destination: Destination(url: "https://maker.ifttt.com/trigger/event/with/key/key"),
            members: ["value1", "value2"], preset: "ifttt"),
    ]

    private struct Sent: Decodable {
        var method: String
        var url: String
        var members: [String]
    }

    @Test("Apprise sends the same shape to the same place", arguments: peers)
    func same(_ peer: Peer) throws {
        var destination = peer.destination
        if let preset = peer.preset { destination.template = BodyTemplate.preset(preset) }
        let (request, body) = try write(.released(try buildTrust()), as: peer.format, to: destination)
        let ours = members(try decoded(body, peer.format))
        let said = try runPython(
            Self.script, input: try JSONSerialization.data(withJSONObject: ["address": peer.address]))
        let sent = try #require(try JSONDecoder().decode([Sent].self, from: Data(said.utf8)).last)
        #expect(sent.method == request.method.rawValue)
        #expect(place(sent.url) == place(request.url))
        for member in peer.members {
            #expect(ours.contains(member), "ours has no \(member): \(ours.sorted())")
            #expect(sent.members.contains(member), "Apprise's has no \(member): \(sent.members)")
        }
    }

    /// Host and path: in queries Apprise says the same in another order.
    private func place(_ url: String) -> String {
        var place = String(url.prefix { $0 != "?" })
        if place.hasSuffix("/") { place.removeLast() }
        return place.replacing("discordapp.com", with: "discord.com").replacing("%3A", with: ":").lowercased()
    }

    private func members(_ value: Any, _ path: String = "") -> Set<String> {
        if let list = value as? [Any] { return list.reduce(into: []) { $0.formUnion(members($1, path)) } }
        guard let object = value as? [String: Any] else { return [] }
        return object.reduce(into: []) { found, member in
            let name = path.isEmpty ? member.key : path + "." + member.key
            found.insert(name)
            found.formUnion(members(member.value, name))
        }
    }

    /// Nothing leaves: what Apprise would send is written down instead.
    private static let script = """
        import json, sys, urllib.parse
        import apprise, requests
        sent = []
        def members(value, path=""):
            if isinstance(value, list):
                return {name for entry in value for name in members(entry, path)}
            if not isinstance(value, dict):
                return set()
            names = set()
            for key, inner in value.items():
                name = path + "." + key if path else key
                names |= {name} | members(inner, name)
            return names
        def request(self, method, url, **given):
            data = given.get("data") or given.get("json") or {}
            if isinstance(data, bytes):
                data = data.decode()
            if isinstance(data, str):
                data = json.loads(data)
            sent.append({"method": method.upper(), "url": url, "members": sorted(members(data))})
            answer = requests.Response()
            answer.status_code = 200
            answer._content = b'{"ok": true, "result": {}}'
            return answer
        requests.Session.request = request
        address = json.load(sys.stdin)["address"]
        apprise.Apprise([address]).notify(title="Title", body="Body *text*", body_format="markdown")
        json.dump(sent, sys.stdout)
        """
}
