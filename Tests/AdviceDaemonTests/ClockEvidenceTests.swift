import AdviceCore
import Foundation
import Testing

@testable import AdviceDaemon

@Suite("The evidence that the clock is kept")
struct ClockEvidenceTests {
    private let noon = Instant(seconds: 1_783_000_000)

    @Test(
        "the kernel's error bound decides; at its limit the clock is kept by nobody",
        arguments: [
            (0, .synchronized), (500_000, .synchronized), (15_999_999, .synchronized),
            (16_000_000, .unsynchronized), (16_000_001, .unsynchronized),
        ] as [(Int, ClockSync)])
    func kernel(_ error: Int, _ expected: ClockSync) throws {
        // The folder says the contrary, and is not asked.
        let folder = try TemporaryFolder()
        if expected == .unsynchronized { try folder.write(Data(), to: "synchronized") }
        let evidence = ClockEvidence(kernelError: { error }, folder: folder.path)
        #expect(evidence.sync(steppedAt: nil) == expected)
    }

    @Test("this machine's kernel says something, and the clock passes it on")
    func real() {
        let evidence = ClockEvidence(folder: "/nonexistent")
        #expect(evidence.kernelError() != nil)
        #expect(SystemClock().sync(steppedAt: nil) == evidence.sync(steppedAt: nil))
        #expect(SystemClock().sync(steppedAt: nil) != .unknown)
    }

    /// Where the kernel will not say: how long before the step was noticed timesyncd touched its file.
    @Test(
        "where the kernel refuses, what timesyncd touched since the step is evidence",
        arguments: [
            (-3600, .synchronized), (0, .synchronized), (60, .synchronized),
            (61, .unsynchronized), (43_200, .unsynchronized),
        ] as [(Int64, ClockSync)])
    func timesync(_ secondsBefore: Int64, _ expected: ClockSync) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(Data(), to: "synchronized")
        let touched = Date(timeIntervalSince1970: Double(noon.seconds - secondsBefore))
        try FileManager.default.setAttributes([.modificationDate: touched], ofItemAtPath: file)
        let evidence = ClockEvidence(kernelError: { nil }, folder: folder.path)
        #expect(evidence.sync(steppedAt: noon) == expected)
        #expect(evidence.sync(steppedAt: nil) == .synchronized, "no step: however old")
    }

    @Test("timesyncd runs, and has not been told the time yet")
    func waiting() throws {
        let folder = try TemporaryFolder()
        let evidence = ClockEvidence(kernelError: { nil }, folder: folder.path)
        #expect(evidence.sync(steppedAt: nil) == .unsynchronized)
        #expect(evidence.sync(steppedAt: noon) == .unsynchronized)
    }

    @Test("where neither the kernel nor timesyncd can be asked, nothing is known")
    func unknown() {
        let evidence = ClockEvidence(kernelError: { nil }, folder: "/nonexistent")
        #expect(evidence.sync(steppedAt: nil) == .unknown)
        #expect(evidence.sync(steppedAt: noon) == .unknown)
    }
}
