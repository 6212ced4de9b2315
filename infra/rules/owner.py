"""What in template.yaml is the owner's: the entries under the headings `Yours`, and the policy with the permissions
of their hooks. tests/template.rs reads the template in the same way."""

import re

POLICY = "hooks"


def yours(text):
    """The owner's entries as pairs of section and name. A heading's entries end with the section."""
    section, is_yours, entries = None, False, []
    for line in text.splitlines():
        if match := re.match(r"(\w+):$", line):
            section, is_yours = match[1], False
        elif line.startswith("  # ── Yours"):
            is_yours = True
        elif is_yours and (match := re.match(r"  (\w+):", line)):
            entries.append((section, match[1]))
    return entries


def without_yours(template, text):
    """Removes the owner's part from `template`."""
    for section, name in yours(text):
        template[section].pop(name)
    properties = template["Resources"]["ConsumerRole"]["Properties"]
    properties["Policies"] = [policy for policy in properties["Policies"] if policy["PolicyName"] != POLICY]
    return template
