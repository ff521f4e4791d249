import CMark

/// One node of libcmark's tree, borrowed: valid as long as its document is.
struct MarkdownNode {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer?) {
        guard let pointer else { preconditionFailure("an event of libcmark's walk has a node") }
        self.pointer = pointer
    }

    enum Kind {
        case document, quote, list, listEntry, codeBlock, htmlBlock, paragraph, heading, rule
        case text, softBreak, lineBreak, code, htmlInline, emphasis, strong, link, image, other
    }

    var kind: Kind {
        switch cmark_node_get_type(pointer) {
        case CMARK_NODE_DOCUMENT: .document
        case CMARK_NODE_BLOCK_QUOTE: .quote
        case CMARK_NODE_LIST: .list
        case CMARK_NODE_ITEM: .listEntry
        case CMARK_NODE_CODE_BLOCK: .codeBlock
        case CMARK_NODE_HTML_BLOCK: .htmlBlock
        case CMARK_NODE_PARAGRAPH: .paragraph
        case CMARK_NODE_HEADING: .heading
        case CMARK_NODE_THEMATIC_BREAK: .rule
        case CMARK_NODE_TEXT: .text
        case CMARK_NODE_SOFTBREAK: .softBreak
        case CMARK_NODE_LINEBREAK: .lineBreak
        case CMARK_NODE_CODE: .code
        case CMARK_NODE_HTML_INLINE: .htmlInline
        case CMARK_NODE_EMPH: .emphasis
        case CMARK_NODE_STRONG: .strong
        case CMARK_NODE_LINK: .link
        case CMARK_NODE_IMAGE: .image
        default: .other
        }
    }

    /// The text of a leaf; empty where there is none.
    var literal: String { cmark_node_get_literal(pointer).map { String(cString: $0) } ?? "" }

    /// Where a link or a picture leads, entities and escapes resolved.
    var url: String { cmark_node_get_url(pointer).map { String(cString: $0) } ?? "" }

    var isOrdered: Bool { cmark_node_get_list_type(pointer) == CMARK_ORDERED_LIST }

    /// The number of an ordered list's first entry.
    var listStart: Int { Int(cmark_node_get_list_start(pointer)) }

    /// No blank lines between a list's entries.
    var isTight: Bool { cmark_node_get_list_tight(pointer) != 0 }

    var parent: MarkdownNode? { cmark_node_parent(pointer).map { MarkdownNode($0) } }
    var isFirst: Bool { cmark_node_previous(pointer) == nil }

    /// Nothing, or nothing but line ends.
    var hasNoVisibleChild: Bool {
        var child = cmark_node_first_child(pointer)
        while let node = child {
            guard [.softBreak, .lineBreak].contains(MarkdownNode(node).kind) else { return false }
            child = cmark_node_next(node)
        }
        return true
    }

    /// Takes the node out of its document and frees it.
    func remove() {
        cmark_node_unlink(pointer)
        cmark_node_free(pointer)
    }

    /// Puts the children where the node was, and frees the node.
    func replaceByChildren() {
        while let child = cmark_node_first_child(pointer) {
            precondition(
                cmark_node_insert_before(pointer, child) == 1, "what stands in a link may stand beside it")
        }
        remove()
    }
}
