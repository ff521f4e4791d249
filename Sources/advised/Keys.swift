import AdviceMessage
import ArgumentParser

struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes signing secrets.", subcommands: [New.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a signing secret, and says where it goes.",
            discussion: "The secret alone is written to standard output; the explanation to standard error.")

        @Flag(help: "A key pair (ed25519, v1a): the receiver then holds no secret.") var ed25519 = false

        func run() throws {
            var random = SystemRandomNumberGenerator()
            let text = SigningSecret.generate(ed25519 ? .ed25519 : .symmetric, using: &random)
            let secret = try SigningSecret(text)
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
}
