import Foundation
import Testing

/// `keys rotate`, and the names that somebody may have meant.
@Suite(.timeLimit(.minutes(3)))
struct KeysTests {
    @Test("`keys rotate` makes a secret of the same kind, and shows how to change over to it")
    func rotate() async throws {
        try await Site.with { site in
            let pair = try await site.plain(["keys", "new", "--ed25519"]).output
            try site.write(pair, to: "bob-secret")
            try site.write(
                Settings([
                    .init(id: "ann", url: "https://ann.example/"),
                    .init(id: "bob", url: "https://bob.example/", secret: "{ file: bob-secret }"),
                ]))
            let before = try site.read("subscribers.yaml")
            let ann = try await site.rotate("ann")
            #expect(ann.ending == .exited(0), "\(ann.errors)")
            #expect(ann.output.hasPrefix("whsec_") && ann.output.split(separator: "\n").count == 1)
            #expect(ann.errors.contains("[{ file: secrets/ann }, THE-ONE-THAT-IS-THERE]"))
            // The receiver of a shared secret holds that very secret; the old one is not shown.
            #expect(ann.errors.contains(ann.output.dropLast()) && !ann.errors.contains(Settings.secret))

            let bob = try await site.rotate("bob")
            #expect(bob.output.hasPrefix("whsk_") && bob.errors.contains("whpk_"))
            #expect(!bob.errors.contains("whsk_"))
            #expect(bob.errors.contains("/bob-secret.2 }, { file: ") && bob.errors.contains("/bob-secret }]"))
            #expect(try site.read("subscribers.yaml") == before)
        }
    }

    @Test("an unknown name is answered with the nearest known one")
    func nearest() async throws {
        try await Site.with { site in
            try site.write(Settings(ann: "https://ann.example/"))
            for (words, name) in [
                (["keys", "rotate", "anm", "--config", site.configPath], "ann"), (["test", "anne"], "ann"),
                (["skip", "build-thrust"], "build-trust"), (["pause", "dayly"], "daily"),
                (["pause", "--subscriber", "amn"], "ann"), (["preview", "bild-trust"], "build-trust"),
            ] {
                let done = try await words[0] == "keys" ? site.plain(words) : site.advised(words)
                #expect(done.ending == .exited(1), "\(words): \(done.errors)")
                #expect(done.errors.contains("did you mean '\(name)'?"), "\(words): \(done.errors)")
            }
        }
    }
}

extension Site {
    fileprivate func rotate(_ id: String) async throws -> Finished {
        try await plain(["keys", "rotate", id, "--config", configPath])
    }
}
