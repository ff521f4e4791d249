import AdviceCore

extension RosterEntry {
    /// Tells whether the entry is as it was when it was last taken. `cohorts` are the store's numbers.
    func digest(cohorts: [Int64]) -> Int64 {
        var sum = Checksum()
        sum.mix(subscriber.id)
        subscriber.mixAddress(into: &sum)
        sum.mix(limitKey)
        sum.mix((sharesHost ? 1 : 0) + (subscriber.paused ? 2 : 0))
        sum.mix(subscriber.zone)
        sum.mix(Int64(subscriber.at?.secondsOfDay ?? -1))
        sum.mix(Int64(subscriber.joined?.day ?? .min))
        sum.mix(RosterText.text(subscriber.options))
        for cohort in cohorts { sum.mix(cohort) }
        return sum.signed
    }
}

extension Subscriber {
    /// Tells whether it is still the same endpoint: a closed one opens again when this changes. Besides URL
    /// and secrets it is what names the receiver behind a chat service's common URL.
    var fingerprint: Int64 {
        var sum = Checksum()
        mixAddress(into: &sum)
        for option in [options.to, options.topic, options.user] { sum.mix(option) }
        sum.mix(options.token.map(RosterText.text))
        // Who is to be asked from now on has not been asked yet.
        if isChallenged { sum.mix(1) }
        return sum.signed
    }

    fileprivate func mixAddress(into sum: inout Checksum) {
        sum.mix(RosterText.text(url))
        for secret in secrets { sum.mix(RosterText.text(secret)) }
        sum.mix(Int64(secrets.count))
        sum.mix(format.rawValue)
    }
}
