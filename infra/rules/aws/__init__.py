"""AWS's rules that neither the emulator nor cfn-lint enforces, each with its source.

`.ci/aws-rules` checks the transformed template against them under every set of parameters that makes a difference,
and checks that each rule finds a template that breaks it.
"""

from . import api, chat, events, functions, monitoring, queues, roles, stack, storage  # noqa: F401
from .rule import RULES  # noqa: F401
