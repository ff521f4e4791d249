/// One numbered piece of advice in a series. Its identity is `id`, never its place.
public struct Point: Hashable, Sendable, Codable {
    /// `[a-z0-9-]{1,64}`, stable for ever: the ledger and the webhook-id are keyed by it.
    public var id: String
    /// Its place in the series today, from 1. Changes when points are inserted or moved.
    public var number: Int
    public var title: String
    /// CommonMark, as in the file.
    public var body: String
    /// A pin to one release day; a pinned point that was missed does not slide.
    public var date: CivilDate?
    public var tags: [String]
    public var url: String?
    public var sources: [Source]

    /// Where a point's advice rests on.
    public struct Source: Hashable, Sendable, Codable {
        public var title: String
        public var publisher: String?
        public var url: String?

        public init(title: String, publisher: String? = nil, url: String? = nil) {
            self.title = title
            self.publisher = publisher
            self.url = url
        }
    }

    public init(
        id: String, number: Int, title: String, body: String, date: CivilDate? = nil, tags: [String] = [],
        url: String? = nil, sources: [Source] = []
    ) {
        self.id = id
        self.number = number
        self.title = title
        self.body = body
        self.date = date
        self.tags = tags
        self.url = url
        self.sources = sources
    }
}
