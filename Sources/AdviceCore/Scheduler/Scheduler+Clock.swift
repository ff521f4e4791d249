/// Whether the clock is believed, and what follows from that.
extension Scheduler {
    /// Whatever may change whether the clock is believed, with all that follows.
    mutating func changeTrust(
        _ effects: inout [Effect], request: UInt64? = nil, decision: String? = nil,
        _ change: (inout ClockTrust) -> Void
    ) {
        let before = trust.state
        change(&trust)
        guard trust.state != before else { return }
        deliveries.hold(trust.isHolding)
        effects.append(.trustClock(!trust.isHolding))
        forgetAll()
        switch (before, trust.state) {
        case (_, .suspect(let hold, _)):
            commit(.hold(hold, decision: nil), tellings: [.clockSuspect(hold)], &effects)
            endings.append(Scheduler.alarm(hold))
        case (.suspect, _):
            commit(
                .hold(nil, decision: decision), tellings: [.clockTrusted], request: request,
                words: "the clock is believed from now on", &effects)
        default:
            effects.append(.tell(.clockTrusted))
        }
    }

    static func alarm(_ hold: ClockHold) -> Alarm {
        Alarm(
            .clock,
            words: "The clock was set forward to \(hold.since), further than is believed without evidence: "
                + "everything was held until then.")
    }
}
