import AdviceCore
import AdviceDaemon
import AdviceMessage
import ArgumentParser

struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes signing secrets.", subcommands: [New.self, Rotate.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a signing secret, and says where it goes.",
            discussion: "The secret alone is written to standard output; the explanation to standard error.")

        @Flag(help: "A key pair (ed25519, v1a): the receiver then holds no secret.") var ed25519 = false

        func run() throws {
            let (text, secret) = try Keys.make(ed25519 ? .ed25519 : .symmetric)
            Output.line(text)
            Output.note(
                """

                Put it into a file that only root and advised can read, and name that in subscribers.yaml:
                    secret: { file: secrets/ID }        # chmod 640 secrets/ID
                Give the receiver:
                    \(secret.receiverText)
                """)
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a subscriber a new secret of the kind it has, and says how to change over.",
            discussion: """
                It changes nothing. The new secret alone is written to standard output; the explanation to \
                standard error. While the file names both, every request is signed with both.
                """)

        @OptionGroup var options: InstallationOptions
        @Argument(help: "The subscriber's id.") var subscriber: String
        @Flag(help: "A key pair (ed25519, v1a), whatever it has now.") var ed25519 = false

        func run() throws {
            let installation = options.installation
            let receiver = try installation.subscriber(subscriber, in: try installation.configuration())
            let old = receiver.secrets.first
            let (text, secret) = try Keys.make(try kind(of: old, installation))
            Output.line(text)
            let fresh = "{ file: \(name(besides: old)) }"
            let entry = old.map { "[\(fresh), \(shown($0))]" } ?? fresh
            Output.note(
                """

                1. Give the receiver, which is to take both for a while:
                       \(secret.receiverText)
                2. Put the new secret into the file named first, chmod 640, and into the entry of \
                \(receiver.id):
                       secret: \(entry)
                   then `advised reload`: every request is signed with both.
                """)
            guard old != nil else { return }
            Output.note(
                """
                3. When the receiver has it, leave the old one out, and `advised reload` again:
                       secret: \(fresh)
                """)
        }

        /// That of the secret in force. One that only the service can read tells nothing.
        private func kind(of old: Protected?, _ installation: Installation) throws -> SigningSecret.Kind {
            if ed25519 { return .ed25519 }
            guard let old else { return .symmetric }
            if let text = try? installation.secrets.read(old) { return try SigningSecret(text).kind }
            Output.note(
                "advised: the present secret cannot be read here; for a key pair say --ed25519")
            return .symmetric
        }

        /// As the file may have it. One that stands there in so many words is not shown.
        private func shown(_ old: Protected) -> String {
            if case .inline = old { return "THE-ONE-THAT-IS-THERE" }
            return "\(old)"
        }

        /// Of the file for the new secret, beside that of the old one: `ann`, then `ann.2`, `ann.3`.
        private func name(besides old: Protected?) -> String {
            guard case .file(let path) = old else { return "secrets/\(subscriber)" }
            let parts = path.split(separator: ".", omittingEmptySubsequences: false)
            guard let count = parts.last.flatMap({ Int($0) }), parts.count > 1 else { return path + ".2" }
            return parts.dropLast().joined(separator: ".") + ".\(count + 1)"
        }
    }

    private static func make(_ kind: SigningSecret.Kind) throws -> (text: String, secret: SigningSecret) {
        var random = SystemRandomNumberGenerator()
        let text = SigningSecret.generate(kind, using: &random)
        return (text, try SigningSecret(text))
    }
}
