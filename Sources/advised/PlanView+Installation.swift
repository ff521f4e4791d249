import AdviceConfig
import AdviceCore
import AdviceDaemon
import AdviceStatus

extension PlanView {
    /// By this machine's zones.
    init(
        _ files: Configuration, _ knowledge: StoreKnowledge, _ installation: Installation, now: Instant
    ) {
        self.init(files, knowledge, rules: { installation.zones.rules($0) }, now: now)
    }
}
