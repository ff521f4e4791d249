import Glibc
import Testing

@testable import AdviceStatus

@Suite("The style sheet")
struct StylesTests {
    /// The colours of a scheme, by name.
    private func colours(isDark: Bool) throws -> [String: [Double]] {
        let parts = Styles.sheet.split(separator: ":root {")
        let block = try #require(parts.dropFirst(isDark ? 1 : 0).first).prefix { $0 != "}" }
        var colours: [String: [Double]] = [:]
        for item in block.split(separator: ";") {
            let sides = item.split(separator: ":").map { $0.filter { !$0.isWhitespace } }
            guard sides.count == 2, sides[1].hasPrefix("#"), let value = Int(sides[1].dropFirst(), radix: 16)
            else { continue }
            colours[sides[0]] = [value >> 16, value >> 8 & 255, value & 255].map { Double($0) / 255 }
        }
        return colours
    }

    /// WCAG 2.1: relative luminance.
    private func luminance(_ colour: [Double]) -> Double {
        let linear = colour.map { $0 <= 0.03928 ? $0 / 12.92 : power(($0 + 0.055) / 1.055, 2.4) }
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    private func power(_ base: Double, _ exponent: Double) -> Double { Glibc.pow(base, exponent) }

    @Test(
        "has a contrast of 4.5 to 1 for every text on every ground, in light and in dark",
        arguments: [false, true])
    func contrast(_ isDark: Bool) throws {
        let colours = try colours(isDark: isDark)
        #expect(colours.count == 9)
        for ground in ["--paper", "--wash"] {
            let paper = luminance(try #require(colours[ground]))
            for ink in ["--ink", "--soft", "--link", "--good", "--warn", "--bad"] {
                let text = luminance(try #require(colours[ink]))
                let ratio = (max(paper, text) + 0.05) / (min(paper, text) + 0.05)
                #expect(ratio >= 4.5, "\(ink) on \(ground): \(ratio)")
            }
        }
    }

    @Test("asks for nothing from elsewhere")
    func nothingElse() {
        #expect(!Styles.sheet.contains("url("))
        #expect(!Styles.sheet.contains("@import"))
    }
}
