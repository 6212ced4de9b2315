"""The registry of rules."""

RULES = {}


class Rule:
    """One of AWS's rules: its text, its source, the check, and ways to break it."""

    def __init__(self, source, problems):
        self.name = problems.__name__
        self.words = problems.__doc__
        self.source = source
        self.problems = problems
        self.breaks = []

    def breaks_it(self, change):
        """Registers a change to the transformed template that this rule must find."""
        self.breaks.append(change)
        return change


def rule(source):
    """Registers a function that yields what is wrong with a `Stack`."""

    def register(problems):
        RULES[problems.__name__] = Rule(source, problems)
        return RULES[problems.__name__]

    return register


def broken_by(rule_, **changes):
    """Registers ways to break `rule_`: functions that change the template, given its resources and itself."""
    for change in changes.values():
        rule_.breaks_it(change)
