import CMark

/// A parsed CommonMark text from which everything is gone that a receiver must not be handed: raw HTML, and
/// links and pictures to anywhere but the web and mail. What remains of those is their text.
///
/// Owns libcmark's tree and frees it.
struct MarkdownDocument: ~Copyable {
    private let root: OpaquePointer

    init(_ markdown: String) {
        var text = markdown
        let root = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                cmark_parse_document($0.baseAddress, $0.count, CMARK_OPT_DEFAULT)
            }
        }
        guard let root else { preconditionFailure("libcmark makes a document of any text") }
        self.root = root
        removeWhatIsUnsafe()
    }

    deinit {
        cmark_node_free(root)
    }

    /// Without a line end after the last line.
    var html: String {
        guard let rendered = cmark_render_html(root, CMARK_OPT_DEFAULT) else {
            preconditionFailure("libcmark renders any document")
        }
        defer { cmark_get_default_mem_allocator().pointee.free(rendered) }
        var html = String(cString: rendered)
        while html.last == "\n" { html.removeLast() }
        return html
    }

    var plainText: String {
        var text = PlainText()
        walk { event, node in text.take(event, node) }
        return text.finished
    }

    var richText: RichText {
        var writer = RichTextWriter()
        walk { event, node in writer.take(event, node) }
        return writer.finished
    }

    /// Visits every node in reading order, leaves once and others twice, without recursion: a hostile text
    /// may nest as deep as it is long.
    private func walk(_ visit: (MarkdownEvent, MarkdownNode) -> Void) {
        guard let iterator = cmark_iter_new(root) else { preconditionFailure("libcmark walks any document") }
        defer { cmark_iter_free(iterator) }
        while true {
            switch cmark_iter_next(iterator) {
            case CMARK_EVENT_ENTER: visit(.enter, MarkdownNode(cmark_iter_get_node(iterator)))
            case CMARK_EVENT_EXIT: visit(.exit, MarkdownNode(cmark_iter_get_node(iterator)))
            default: return
            }
        }
    }

    /// Collects before it changes anything, for the walk must not lose its footing.
    private func removeWhatIsUnsafe() {
        var raw: [MarkdownNode] = []
        var misled: [MarkdownNode] = []
        var paragraphs: [MarkdownNode] = []
        walk { event, node in
            guard event == .enter else { return }
            switch node.kind {
            case .htmlBlock, .htmlInline: raw.append(node)
            case .link where !isSafeLink(node.url), .image where !isSafeImage(node.url): misled.append(node)
            case .paragraph: paragraphs.append(node)
            default: break
            }
        }
        for node in raw { node.remove() }
        for node in misled { node.replaceByChildren() }
        for node in paragraphs where node.hasNoVisibleChild { node.remove() }
    }
}

enum MarkdownEvent {
    case enter, exit
}

/// Whether a link may lead to `url`. What is not known to be safe is not: an allow-list, for the ways to
/// write `javascript:` are many.
func isSafeLink(_ url: String) -> Bool {
    hasScheme(["http://", "https://", "mailto:"], url)
}

/// Pictures are fetched by whoever shows them: from the web only.
func isSafeImage(_ url: String) -> Bool {
    hasScheme(["http://", "https://"], url)
}

private func hasScheme(_ schemes: [String], _ url: String) -> Bool {
    let lowercased = url.lowercased()
    return schemes.contains { lowercased.hasPrefix($0) && lowercased.utf8.count > $0.utf8.count }
        && url.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
}
