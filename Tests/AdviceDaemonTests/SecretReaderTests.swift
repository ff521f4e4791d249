import AdviceCore
import Foundation
import Testing

@testable import AdviceDaemon

@Suite("Secrets are read at use")
struct SecretReaderTests {
    @Test("each form is read from its place, without its line end")
    func reads() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(Data("whsec_file\n".utf8), to: "file")
        try folder.write(Data("  whsec_credential\r\n".utf8), to: "ann")
        let reader = SecretReader(environment: [
            "CREDENTIALS_DIRECTORY": folder.path, "ANN": "whsec_variable",
        ])
        #expect(try reader.read(.inline("whsec_inline")) == "whsec_inline")
        #expect(try reader.read(.file(file)) == "whsec_file")
        #expect(try reader.read(.credential("ann")) == "whsec_credential")
        #expect(try reader.read(.environment("ANN")) == "whsec_variable")
    }

    @Test("a changed file is in force at the next reading")
    func rotates() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(Data("one".utf8), to: "file")
        let reader = SecretReader(environment: [:])
        #expect(try reader.read(.file(file)) == "one")
        try folder.write(Data("two".utf8), to: "file")
        #expect(try reader.read(.file(file)) == "two")
    }

    @Test(
        "what is not there is named by its place",
        arguments: [
            (Protected.file("/nowhere/at/all"), "/nowhere/at/all"),
            (.credential("ann"), "CREDENTIALS_DIRECTORY"),
            (.environment("NOT_SET_AT_ALL"), "NOT_SET_AT_ALL"),
        ])
    func names(_ value: Protected, _ word: String) {
        #expect {
            try SecretReader(environment: [:]).read(value)
        } throws: { error in
            "\(error)".contains(word)
        }
    }
}
