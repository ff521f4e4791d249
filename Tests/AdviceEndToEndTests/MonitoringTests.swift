import Foundation
import TestTools
import Testing

/// The files in Config/monitoring, by Prometheus' own tools, and a scrape by Prometheus itself.
@Suite(.timeLimit(.minutes(3)))
struct MonitoringTests {
    private static let folder =
        URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/Config/monitoring"

    @Test("the alert rules are sound, quiet where all is well, and each rings for its trouble")
    func rules() async throws {
        try await Site.with { site in
            let promtool = try Tools.debian("promtool", package: "prometheus")
            for words in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]] {
                let path = "\(MonitoringTests.folder)/\(words[2])"
                let done = try await site.finished(
                    site.start([promtool] + words.prefix(2) + [path], named: "promtool"), within: .seconds(60)
                )
                #expect(done.ending == .exited(0), "\(done.output) \(done.errors)")
            }
        }
    }

    @Test("rules and dashboard ask for metrics that there are")
    func names() async throws {
        try await PagesPlace.with { place in
            let text = try WebClient.get("/metrics", from: place.status).text
            let known = Set(text.matches(of: /# TYPE (\w+)/).map { String($0.1) })
            for name in ["alerts.yml", "alerts_test.yml", "grafana-dashboard.json"] {
                let file = try String(contentsOfFile: "\(MonitoringTests.folder)/\(name)", encoding: .utf8)
                let asked = Set(file.matches(of: /advised_\w+/).map { String($0.0) })
                #expect(asked.count > 5)
                for metric in asked {
                    let plain = metric.replacing("_bucket", with: "")
                    #expect(known.contains(plain), "\(name) asks for \(metric)")
                }
            }
            _ = try JSON(
                String(contentsOfFile: "\(MonitoringTests.folder)/grafana-dashboard.json", encoding: .utf8))
        }
    }

    @Test("Prometheus scrapes it, and answers a query over what it has")
    func scrape() async throws {
        try await PagesPlace.with { place in
            let port = try Loopback.freePort()
            let target = place.statusURL.replacing("http://", with: "")
            let settings = try place.site.write(
                """
                global: { scrape_interval: 1s }
                scrape_configs:
                  - job_name: advised
                    static_configs: [{ targets: ["\(target)"] }]
                rule_files: ["\(MonitoringTests.folder)/alerts.yml"]

                """, to: "prometheus.yml")
            let prometheus = try place.site.start(
                [
                    Tools.debian("prometheus", package: "prometheus"), "--config.file=\(settings)",
                    "--storage.tsdb.path=\(place.site.folder)/tsdb",
                    "--web.listen-address=127.0.0.1:\(port)",
                ], named: "prometheus")
            for query in [
                "up", "advised_subscribers%2F2",
                "histogram_quantile(1,advised_delivery_lateness_seconds_bucket)%3E0",
            ] {
                try await poll("\(query): \(prometheus.errors)", every: .milliseconds(200)) {
                    let answer = try? WebClient.get("/api/v1/query?query=\(query)", from: .port(port))
                    return answer?.text.contains("\"status\":\"success\"") == true
                        && answer?.text.contains("\"value\":[") == true
                        && (query == "histogram_quantile(1,advised_delivery_lateness_seconds_bucket)%3E0"
                            || answer?.text.contains(",\"1\"]") == true)
                }
            }
        }
    }
}
