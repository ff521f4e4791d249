import Foundation
import Testing

/// Work is counted in instructions, which a busy machine does not change.
@Suite("Work", .serialized, .timeLimit(.minutes(5)))
struct WorkTests {
    @Test("eight times the hosts are eight times the work; without the settings for it they would not be")
    func linear() async throws {
        try await Site.with { site in
            let nginx = try await site.nginx()
            // valgrind does not read the debugging information of Swift's linker.
            let courier = site.folder + "/courier-bench"
            let strip = try site.start(
                [Tools.strip(), "--strip-debug", "-o", courier, Tools.courierBench()], named: "strip")
            #expect(try await strip.end() == .exited(0))
            func growth(_ mode: String) async throws -> Double {
                let few = try await instructions(of: courier, mode, 500, to: nginx, in: site)
                let many = try await instructions(of: courier, mode, 4000, to: nginx, in: site)
                return Double(many) / Double(few)
            }
            let ours = try await growth("many")
            #expect(ours < 8.8, "the work grows \(ours) times")
            let without = try await growth("kept")
            #expect(without > 10.5, "without the settings it grows \(without) times only")
        }
    }

    /// Of so many deliveries, less what it takes to start.
    private func instructions(
        of courier: String, _ mode: String, _ deliveries: Int, to nginx: Nginx, in site: Site
    ) async throws -> Int {
        try await run(courier, mode, deliveries, nginx, site) - run(courier, mode, 1, nginx, site)
    }

    private func run(
        _ courier: String, _ mode: String, _ deliveries: Int, _ nginx: Nginx, _ site: Site
    ) async throws -> Int {
        let out = site.folder + "/callgrind"
        let child = try site.start(
            [
                Tools.valgrind(), "--tool=callgrind", "--callgrind-out-file=\(out)", courier, mode,
                "\(nginx.port)", "\(deliveries)", "64",
            ], named: "\(mode)\(deliveries)")
        #expect(try await child.end(within: .seconds(120)) == .exited(0), "\(child.errors)")
        #expect(child.output.hasSuffix(" 0\n"), "all are delivered: \(child.output)")
        let totals = try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n")
            .first { $0.hasPrefix("totals: ") }
        return try #require(totals.flatMap { Int($0.dropFirst(8)) })
    }
}
