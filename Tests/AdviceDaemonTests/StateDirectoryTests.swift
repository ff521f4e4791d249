import Testing

@testable import AdviceDaemon

@Suite("Where the state is")
struct StateDirectoryTests {
    struct Case: Sendable {
        var given: String?
        var configuration: String
        var environment: [String: String] = [:]
        var expected: String
    }

    static let cases = [
        Case(given: "/srv/x", configuration: "/etc/advised/advised.yaml", expected: "/srv/x"),
        Case(
            given: nil, configuration: "/etc/advised/advised.yaml",
            environment: ["STATE_DIRECTORY": "/var/lib/two:/var/lib/three"], expected: "/var/lib/two"),
        Case(given: nil, configuration: "/etc/advised/advised.yaml", expected: "/var/lib/advised"),
        Case(given: nil, configuration: "/home/ann/a/advised.yaml", expected: "/home/ann/a/state"),
        Case(
            given: "/given", configuration: "/home/ann/advised.yaml",
            environment: ["STATE_DIRECTORY": "/var/lib/two"], expected: "/given"),
    ]

    @Test(
        "an option goes before systemd's word, and that before what the configuration's place says",
        arguments: cases)
    func resolves(_ example: Case) {
        let found = StateDirectory.resolve(
            given: example.given, configuration: example.configuration, environment: example.environment)
        #expect(found == example.expected)
    }

    @Test("the control socket is in the runtime directory under systemd, else with the state")
    func socket() {
        let environment = ["RUNTIME_DIRECTORY": "/run/advised"]
        #expect(
            StateDirectory.controlSocket(state: "/x", environment: environment) == "/run/advised/control.sock"
        )
        #expect(StateDirectory.controlSocket(state: "/x", environment: [:]) == "/x/control.sock")
    }
}
