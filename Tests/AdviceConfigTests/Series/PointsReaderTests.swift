import AdviceConfig
import AdviceCore
import Testing

@Suite("The order of points")
struct PointsReaderTests {
    /// Files by name with their explicit numbers, and the ids in the order that results.
    private static let orders: [([(String, Int?)], [String])] = [
        ([("b.md", nil), ("a.md", nil)], ["a", "b"]),
        ([("10-j.md", nil), ("2-b.md", nil), ("1-a.md", nil)], ["a", "b", "j"]),
        ([("1-a.md", 3), ("2-b.md", 1), ("3-c.md", 2)], ["b", "c", "a"]),
        ([("a.md", nil), ("z.md", 1)], ["z", "a"]),
        ([("01.md", nil), ("2026-plan.md", nil)], ["01", "plan"]),
        ([("1-a.md", nil), ("1-b.md", nil), ("notes.txt", nil), (".hidden.md", nil)], ["a", "b"]),
    ]

    @Test(
        "is that of their numbers, else of their names' numbers, else of their names",
        arguments: orders.indices)
    func order(_ index: Int) throws {
        let (files, expected) = Self.orders[index]
        let folder = try LoadTests.folder()
        let settings = LoadTests.settings.replacing("points/", with: "mine")
        try folder.write("advised.yaml", settings)
        for (name, number) in files {
            try folder.write(
                "mine/" + name, "---\ntitle: T\n" + (number.map { "number: \($0)\n" } ?? "") + "---\nText.\n")
        }
        let configuration = try #require(LoadTests.load(folder).configuration)
        #expect(configuration.series[0].points.map(\.id) == expected)
        #expect(configuration.series[0].points.map(\.number) == Array(1...expected.count))
    }
}
