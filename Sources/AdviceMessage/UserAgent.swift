public import AdviceCore

/// `advised/VERSION (+CONTACT)`: whom a receiver's operator may ask. Our own servers refuse it, for it would
/// be a loop.
public func userAgent(contact: String?, version: String = Version.text) -> String {
    "advised/\(version)" + (contact.map { " (+\($0))" } ?? "")
}
