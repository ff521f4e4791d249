import AdviceCore

/// What a scheduler asked for, sorted by kind.
extension [Effect] {
    var transactions: [(number: UInt64, transaction: Transaction)] {
        compactMap {
            if case .commit(let number, let transaction) = $0 { (number, transaction) } else { nil }
        }
    }

    var releases: [ReleaseDraft] {
        transactions.compactMap { if case .release(let draft) = $0.transaction { draft } else { nil } }
    }

    var saves: [SeriesRecord] {
        transactions.compactMap { if case .save(let record, _) = $0.transaction { record } else { nil } }
    }

    var inherited: [CohortLedger] {
        transactions.compactMap { if case .enter(let ledger) = $0.transaction { ledger } else { nil } }
    }

    var groups: [OutcomeGroup] {
        transactions.compactMap { if case .record(let group) = $0.transaction { group } else { nil } }
    }

    var attempts: [Attempt] {
        flatMap { effect -> [Attempt] in if case .send(let attempts) = effect { attempts } else { [] } }
    }

    var claims: [Int] { compactMap { if case .claim(let limit) = $0 { limit } else { nil } } }
    var armed: Instant? { compactMap { if case .arm(let instant) = $0 { instant } else { nil } }.last }
    var exits: [Exit] { compactMap { if case .exit(let exit) = $0 { exit } else { nil } } }
    var answers: [Answer] { compactMap { if case .answer(_, let answer) = $0 { answer } else { nil } } }

    var settlements: [Settlement] {
        compactMap {
            switch $0 {
            case .tell(.delivered(let settlement)), .tell(.waiting(let settlement)),
                .tell(.exhausted(let settlement)), .tell(.cancelled(let settlement)):
                settlement
            default: nil
            }
        }
    }
}
