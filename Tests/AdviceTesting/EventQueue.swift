/// What is to happen in a `World`, the earliest first: a binary heap by (time, sequence).
struct EventQueue: Sendable {
    private var heap: [World.Happening] = []

    var next: World.Happening? { heap.first }

    /// The earliest of which `condition` holds.
    func first(where condition: (World.Happening) -> Bool) -> World.Happening? {
        heap.filter(condition).min(by: EventQueue.isEarlier)
    }

    mutating func add(_ happening: World.Happening) {
        heap.append(happening)
        var place = heap.count - 1
        while place > 0, EventQueue.isEarlier(heap[place], heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func take() -> World.Happening? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < heap.count && EventQueue.isEarlier(heap[child], heap[least]) {
                least = child
            }
            guard least != place else { return first }
            heap.swapAt(place, least)
            place = least
        }
    }

    private static func isEarlier(_ left: World.Happening, _ right: World.Happening) -> Bool {
        (left.at, left.sequence) < (right.at, right.sequence)
    }
}

extension World.Happening.What {
    var isWrite: Bool {
        switch self {
        case .commit, .claim: true
        case .arrive, .feed, .start: false
        }
    }
}
