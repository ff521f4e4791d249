import AdviceCore
import Testing

@testable import AdviceCourier

/// The table of what services say in words of their own (delivery.md §1, §4), by their documentation.
@Suite("Answers of services")
struct ServiceAnswerTests {
    struct Answer: CustomTestStringConvertible, Sendable {
        var format: Format
        var status: Int
        var body: String
        var outcome: Outcome
        /// In the words for people.
        var said: String?

        init(_ format: Format, _ status: Int, _ body: String, _ outcome: Outcome, _ said: String? = nil) {
            (self.format, self.status, self.body, self.outcome, self.said) = (
                format, status, body, outcome, said
            )
        }

        var testDescription: String { "\(format.rawValue) \(status) \(body)" }
    }

    private static func exchange(_ format: Format, _ status: Int, _ body: String) -> Exchange {
        var exchange = Exchange()
        exchange.status = status
        exchange.format = format
        exchange.body = Array(body.utf8)
        return exchange
    }

    private static func words(_ exchange: Exchange) -> String? {
        CurlOutcome.words(for: exchange, timeout: .seconds(15), connectTimeout: .seconds(5))
    }

    private static let slack: [Answer] = [
        Answer(.slack, 200, "ok", .delivered),
        Answer(.slack, 400, "invalid_payload", .unfit, "400 Bad Request"),
        Answer(.slack, 400, "user_not_found", .unfit),
        Answer(.slack, 400, "invalid_token", .goneForGood, "revoked (invalid_token)"),
        Answer(.slack, 403, "invalid_token", .goneForGood),
        Answer(.slack, 403, "action_prohibited", .refused, "403 Forbidden"),
        Answer(.slack, 404, "channel_not_found", .goneForGood),
        Answer(.slack, 400, "channel_not_found", .goneForGood, "channel_not_found"),
        Answer(.slack, 404, "no_service", .goneForGood),
        Answer(.slack, 404, "", .goneForGood, "404 Not Found: Slack has no such webhook any more"),
        Answer(.slack, 410, "channel_is_archived", .gone, "410 Gone"),
        Answer(.slack, 429, "", .retryAfter(.zero), "429 Too Many Requests"),
        Answer(.slack, 500, "rollup_error", .retry),
        Answer(.slack, 503, "no_service", .retry),
    ]

    private static let discord: [Answer] = [
        Answer(.discord, 204, "", .delivered), Answer(.discord, 200, #"{"id":"1"}"#, .delivered),
        Answer(.discord, 400, #"{"code":50035,"message":"Invalid Form Body"}"#, .unfit),
        Answer(.discord, 401, #"{"message":"Invalid Webhook Token","code":50027}"#, .refused),
        Answer(
            .discord, 404, #"{"message":"Unknown Webhook","code":10015}"#, .goneForGood,
            "the webhook was deleted"),
        Answer(
            .discord, 429, #"{"message":"You are being rate limited.","retry_after":64.57,"global":false}"#,
            .retryAfter(.milliseconds(64_570)), "429 Too Many Requests"),
        Answer(.discord, 429, #"{"retry_after": 1e400}"#, .retryAfter(.seconds(1))),
        Answer(.discord, 429, #"{"retry_after":99999999}"#, .retryAfter(.hours(24))),
        Answer(.discord, 429, "<html>Cloudflare</html>", .retryAfter(.zero)),
        Answer(.discord, 502, "", .retry),
    ]

    private static let flood = #"""
        {"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35",
         "parameters":{"retry_after":35}}
        """#

    private static let migrated = #"""
        {"ok":false,"error_code":400,
         "description":"Bad Request: group chat was upgraded to a supergroup chat",
         "parameters":{"migrate_to_chat_id":-100123}}
        """#

    private static let telegram: [Answer] = [
        Answer(.telegram, 200, #"{"ok":true,"result":{"message_id":1}}"#, .delivered),
        Answer(.telegram, 200, #"{"ok":true,"result":{"text":"\"ok\":false"}}"#, .delivered),
        Answer(.telegram, 200, "", .delivered), Answer(.telegram, 200, #"{"ok"#, .delivered),
        Answer(.telegram, 429, flood, .retryAfter(.seconds(35))),
        Answer(
            .telegram, 200, #"{ "ok" : false, "error_code" : 429, "parameters" : { "retry_after" : 7 } }"#,
            .retryAfter(.seconds(7)), "429 Too Many Requests, said in the body of a 200"),
        Answer(.telegram, 200, #"{"ok":false}"#, .unfit, "400 Bad Request, said in the body of a 200"),
        Answer(.telegram, 200, #"{"ok":false,"error_code":7}"#, .unfit),
        Answer(
            .telegram, 403,
            #"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#,
            .goneForGood, "403 Forbidden: the bot was blocked"),
        Answer(
            .telegram, 403, #"{"ok":false,"description":"Forbidden: bot was kicked from the group chat"}"#,
            .goneForGood),
        Answer(
            .telegram, 400, #"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#,
            .goneForGood),
        Answer(.telegram, 400, migrated, .goneForGood, "it has a new id"),
        Answer(.telegram, 403, #"{"description":"Forbidden: user is deactivated"}"#, .goneForGood),
        Answer(
            .telegram, 400, #"{"ok":false,"description":"Bad Request: message is too long"}"#, .unfit,
            "400 Bad Request"),
        Answer(.telegram, 401, #"{"ok":false,"description":"Unauthorized"}"#, .refused),
        Answer(.telegram, 404, #"{"ok":false,"description":"Not Found"}"#, .refused),
    ]

    private static let others: [Answer] = [
        Answer(.matrix, 200, #"{"event_id":"$a"}"#, .delivered),
        Answer(
            .matrix, 401, #"{"errcode":"M_UNKNOWN_TOKEN","error":"Invalid access token"}"#, .goneForGood,
            "the access token"),
        Answer(.matrix, 403, #"{"errcode":"M_FORBIDDEN"}"#, .refused),
        Answer(.matrix, 413, #"{"errcode":"M_TOO_LARGE"}"#, .unfit),
        Answer(
            .matrix, 429, #"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":4871}"#,
            .retryAfter(.milliseconds(4871))),
        Answer(.zulip, 200, #"{"result":"success","msg":"","id":42}"#, .delivered),
        Answer(
            .zulip, 400, #"{"result":"error","msg":"Stream does not exist","code":"STREAM_DOES_NOT_EXIST"}"#,
            .unfit),
        Answer(.zulip, 401, #"{"result":"error","code":"UNAUTHORIZED"}"#, .refused),
        Answer(
            .zulip, 429, #"{"code":"RATE_LIMIT_HIT","result":"error","retry-after":28.706807374954224}"#,
            .retryAfter(.milliseconds(28_707))),
        Answer(
            .zulip, 200, #"{"code":"RATE_LIMIT_HIT","result":"error","retry-after":2.5}"#,
            .retryAfter(.milliseconds(2500))),
        Answer(.zulip, 200, #"{"result":"error","code":"BAD_REQUEST"}"#, .unfit),
        Answer(.ntfy, 200, "{}", .delivered), Answer(.ntfy, 413, "", .unfit),
        Answer(.ntfy, 429, #"{"code":42901,"http":429}"#, .retryAfter(.zero)),
        Answer(.mattermost, 200, "ok", .delivered), Answer(.mattermost, 404, "", .refused),
        Answer(.teams, 202, "", .delivered), Answer(.googlechat, 200, "{}", .delivered),
        Answer(.googlechat, 429, "", .retryAfter(.zero)),
        // Nobody else is heard.
        Answer(.standard, 404, "no_service", .refused), Answer(.template, 404, "", .refused),
        Answer(.standard, 200, #"{"ok":false}"#, .delivered),
        Answer(.standard, 500, #"{"retry_after":9}"#, .retry),
        Answer(.slack, 301, "no_service", .refused),
    ]

    private static let all = [slack, discord, telegram, others].flatMap { $0 }

    @Test("each answer comes to its outcome", arguments: ServiceAnswerTests.all)
    func table(_ answer: Answer) {
        let exchange = Self.exchange(answer.format, answer.status, answer.body)
        #expect(CurlOutcome.outcome(of: exchange) == answer.outcome)
        let words = Self.words(exchange)
        #expect((words == nil) == (answer.outcome == .delivered))
        if let said = answer.said { #expect(words?.contains(said) == true, "\(words ?? "nothing")") }
    }

    @Test("of what the header and the body ask the longer counts")
    func longer() {
        var exchange = Self.exchange(.discord, 429, #"{"retry_after":2.5}"#)
        exchange.retryAfter = .seconds(3)
        #expect(CurlOutcome.outcome(of: exchange) == .retryAfter(.seconds(3)))
        exchange.limitReset = .seconds(9)
        #expect(CurlOutcome.outcome(of: exchange) == .retryAfter(.seconds(9)))
        // It stands in every answer, and means nothing but where the limit was hit.
        exchange.status = 500
        exchange.retryAfter = nil
        exchange.body = []
        #expect(CurlOutcome.outcome(of: exchange) == .retry)
    }

    @Test("who says that nothing is left is left alone until then, though it took this one")
    func rest() {
        var exchange = Self.exchange(.discord, 204, "")
        exchange.limitReset = .seconds(2)
        #expect(ServiceAnswer.rest(exchange) == nil)
        exchange.isLimitSpent = true
        #expect(ServiceAnswer.rest(exchange) == .seconds(2))
        exchange.format = .standard
        #expect(ServiceAnswer.rest(exchange) == nil)
    }

    @Test(
        "seconds with their fraction are read upwards, and what is no number is nothing",
        arguments: [
            ("1", 1000), ("0.25", 250), ("1.0001", 1001), ("", nil), ("-1", nil), ("soon", nil),
            ("nan", nil), ("inf", 86_400_000),
        ] as [(String, Int64?)])
    func seconds(_ text: String, _ expected: Int64?) {
        #expect(ServiceAnswer.seconds(text.utf8)?.milliseconds == expected)
    }
}
