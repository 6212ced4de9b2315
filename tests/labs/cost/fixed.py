"""What the stack has that costs money each month, counted in the transformed template: by default, and with the other
value of each parameter that has two. Prints JSON."""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "infra/rules"))
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from aws.template import Refused, Stack, transformed  # noqa: E402


def counted(stack):
    def of_type(name):
        return [own["Properties"] for own in stack.resources.values() if own["Type"] == name]

    def metrics(alarm):
        """What CloudWatch charges an alarm for: each metric that it reads. An expression costs nothing."""
        return sum("MetricStat" in own for own in alarm.get("Metrics", [])) or 1

    # An AWS::CloudWatch::CompositeAlarm has a price of its own, which prices.json does not have.
    assert not of_type("AWS::CloudWatch::CompositeAlarm")
    alarms = of_type("AWS::CloudWatch::Alarm")
    mappings = of_type("AWS::Lambda::EventSourceMapping")
    return {
        "alarms": len(alarms),
        "alarm_metrics": sum(map(metrics, alarms)),
        "dashboards": len(of_type("AWS::CloudWatch::Dashboard")),
        "secrets": len(of_type("AWS::SecretsManager::Secret")),
        "keys": len(of_type("AWS::KMS::Key")),
        "polled_queues": len(mappings),
    }


def switches(template):
    """Each parameter with two values, and the one that is not its default."""
    for name, own in template["Parameters"].items():
        values = [str(value) for value in own.get("AllowedValues", [])]
        others = [value for value in values if value != str(own.get("Default"))]
        if len(values) == 2 and len(others) == 1:
            yield name, others[0]


def main():
    template = transformed()
    stack = Stack(template)
    default = counted(stack)
    changed = []
    for name, value in switches(template):
        try:
            counts = counted(Stack(template, {name: value}))
        except Refused:
            continue
        if counts != default:
            changed.append({"parameter": name, "value": value, "counts": counts})
    days = {own["Properties"]["RetentionInDays"] for own in stack.resources.values() if own["Type"] == "AWS::Logs::LogGroup"}
    assert len(days) == 1, days
    parameters = {"records_days": stack.parameters["RetentionDays"], "logs_days": int(days.pop())}
    print(json.dumps({"default": default, "changed": changed, **parameters}))


main()
