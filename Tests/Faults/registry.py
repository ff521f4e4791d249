"""The faults by name, and what was asked for on the command line."""


class Fault:
    def __init__(self, name, what, body, quick, thorough):
        self.name, self.what, self.body, self.quick, self.thorough = name, what, body, quick, thorough


class Options:
    # Of the long ones: how many runs, and how long they may take together.
    count = None
    seconds = None


faults = {}
options = Options()


def fault(name, what, quick=False, alone=True, thorough=False):
    """Quick ones run in scripts/test; thorough ones only when they are asked for. One that is not `alone`
    is a short form of another, and left out of the whole."""
    def register(body):
        faults[name] = Fault(name, what, body, quick, thorough)
        faults[name].alone = alone
        return body
    return register
