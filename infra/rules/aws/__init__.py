"""AWS's rules that neither the emulator nor cfn-lint enforces, each with its source.

They are held against the template as SAM transforms it, under each set of parameters that changes what is
deployed. `.ci/aws-rules` runs them, and shows of each that it finds a template which breaks it.
"""

from . import api, events, functions, keeping, monitoring, queues, roles, stack  # noqa: F401
from .rule import RULES  # noqa: F401
