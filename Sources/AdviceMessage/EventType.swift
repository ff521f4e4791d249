/// What a request tells its receiver: the `type` of its body, and part of its webhook-id.
///
/// The words are a contract (interface.md §3.2): fields are only added, and a break is a new type.
public enum EventType: String, Hashable, Sendable, CaseIterable {
    case pointReleased = "advice.point.released"
    /// A correction, to those who got the point or may have.
    case pointRevised = "advice.point.revised"
    /// A retraction, to the same.
    case pointWithdrawn = "advice.point.withdrawn"
    case seriesCompleted = "advice.series.completed"
    case test = "advice.test"
    /// Asks an endpoint whether it wants to be one; nothing else is sent before it has answered.
    case endpointVerify = "advice.endpoint.verify"
    /// To operators.
    case alert = "advice.alert"
}
