/// The program's version, in one place: the user agent, `--version` and the metrics say it.
public enum Version {
    /// Semantic versioning 2.0.
    public static let text = "0.1.0"
}
