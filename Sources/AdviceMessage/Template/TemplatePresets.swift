extension BodyTemplate {
    /// One of `presetNames`; nil for another name. `method` and `contentType` are the preset's, where they
    /// are not given.
    public static func preset(
        _ name: String, method: WrittenRequest.Method? = nil, contentType: String? = nil
    ) -> BodyTemplate? {
        guard let text = presets.first(where: { $0.name == name })?.text else { return nil }
        do {
            return try BodyTemplate(
                text, method: method ?? .post, contentType: contentType ?? "application/json")
        } catch {
            preconditionFailure("the preset \(name) is wrong: \(error)")
        }
    }

    /// gotify, rocketchat, homeassistant, ifttt, n8n, zapier.
    public static var presetNames: [String] { presets.map(\.name) }

    private static let presets: [(name: String, text: String)] = [
        ("gotify", gotify), ("rocketchat", rocketChat), ("homeassistant", flat), ("ifttt", ifttt),
        ("n8n", flat), ("zapier", flat),
    ]

    /// https://gotify.net/docs/pushmsg: the token goes into a header `X-Gotify-Key`.
    private static let gotify = #"""
        {"title":"{{title}}","message":"{{markdown}}","priority":{{priority}},\#
        "extras":{"client::display":{"contentType":"text/markdown"}\#
        {{#url}},"client::notification":{"click":{"url":"{{url}}"}}{{/url}}}}
        """#

    /// https://docs.rocket.chat/docs/integrations: `text` has no escapes, so it gets none of our markup.
    private static let rocketChat = #"{"alias":"advised","text":"{{title}}\n\n{{text}}"}"#

    /// Three values and no more: https://help.ifttt.com/hc/en-us/articles/115010230347
    private static let ifttt = #"{"value1":"{{title}}","value2":"{{text}}","value3":"{{url}}"}"#

    /// For places where one picks what one wants from a flat object.
    private static let flat = #"""
        {"id":"{{id}}","type":"{{type}}","time":"{{time}}","title":"{{title}}","text":"{{text}}",\#
        "markdown":"{{markdown}}","url":"{{url}}","series":"{{series}}","series_title":"{{series_title}}",\#
        "point":"{{point}}"{{#number}},"number":{{number}},"of":{{of}}{{/number}},\#
        "day":"{{day}}","notice":"{{notice}}","urgent":{{urgent}},\#
        "test":{{^test}}false{{/test}}{{#test}}true{{/test}}}
        """#
}
