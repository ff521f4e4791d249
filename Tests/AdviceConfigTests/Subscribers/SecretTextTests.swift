import Foundation
import Testing

@testable import AdviceConfig

@Suite("The form of a secret")
struct SecretTextTests {
    private func encoded(_ count: Int) -> String { Data(repeating: 7, count: count).base64EncodedString() }

    @Test(
        "24 to 64 bytes, with or without a prefix",
        arguments: [(23, false), (24, true), (64, true), (65, false)])
    func symmetric(_ count: Int, _ isRight: Bool) {
        for prefix in ["", "whsec_"] {
            #expect((SecretText.mistake(in: prefix + encoded(count)) == nil) == isRight)
        }
    }

    @Test(
        "an ed25519 key is 32 bytes, or 64 with its public half",
        arguments: [(31, false), (32, true), (64, true)])
    func asymmetric(_ count: Int, _ isRight: Bool) {
        #expect((SecretText.mistake(in: "whsk_" + encoded(count)) == nil) == isRight)
    }

    @Test(
        "anything but base64 with its padding is refused",
        arguments: [
            "", "whsec_", "hunter2", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_",
            "none",
        ])
    func noSecrets(_ text: String) {
        #expect(SecretText.mistake(in: text) != nil)
    }
}
