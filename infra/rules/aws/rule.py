"""What a rule is."""

RULES = {}


class Rule:
    """A rule of AWS's: its words, where they are from, what is wrong with a stack, and how to break it."""

    def __init__(self, source, problems):
        self.name = problems.__name__
        self.words = problems.__doc__
        self.source = source
        self.problems = problems
        self.breaks = []

    def breaks_it(self, change):
        """Registers a change to the transformed template's resources that this rule must find."""
        self.breaks.append(change)
        return change


def rule(source):
    """Registers a function that yields what is wrong with a `Stack`."""

    def register(problems):
        RULES[problems.__name__] = Rule(source, problems)
        return RULES[problems.__name__]

    return register


def broken_by(rule_, **changes):
    """Ways to break `rule_`, by a word for each: functions of the template's resources and the template."""
    for change in changes.values():
        rule_.breaks_it(change)
