public import AdviceCore

extension Configuration {
    /// `zone: local` means what it came to when the series was first seen; the machine's zone may have been
    /// changed since, and that is not taken by the way (R9).
    public func keepingLocalZones(_ records: [SeriesRecord]) -> Configuration {
        var kept = self
        for place in kept.series.indices where kept.series[place].isZoneLocal {
            let key = kept.series[place].recordKey
            if let zone = records.first(where: { $0.key == key })?.details.localZone {
                kept.series[place].zone = .named(zone)
            }
        }
        return kept
    }
}
