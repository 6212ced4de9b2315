"""CloudFormation."""

import json

from .rule import broken_by, rule
from .template import references

CLOUDFORMATION = "https://docs.aws.amazon.com/AWSCloudFormation/latest/"
RULE_FUNCTIONS = {
    *("Fn::And", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::Equals", "Fn::Not", "Fn::Or"),
    *("Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll", "Ref"),
}


@rule(CLOUDFORMATION + "TemplateReference/conditions-section-structure.html")
def references_exist(stack):
    """Nothing refers to a resource that a condition leaves out."""
    known = set(stack.resources) | set(stack.parameters)
    for where, entries in [("Resources", stack.resources), ("Outputs", stack.outputs)]:
        for name, entry in entries.items():
            named = {*references(entry), *([entry["DependsOn"]] if isinstance(entry.get("DependsOn"), str) else [])}
            for missing in sorted(own for own in named - known if not own.startswith("AWS::")):
                yield f"{where} {name} names {missing}"


broken_by(
    references_exist,
    output=lambda r, t: t["Outputs"]["DomainTarget"].pop("Condition"),
    resource=lambda r, t: r["DomainMapping"].pop("Condition"),
    deleted=lambda r, t: r.pop("QuarantineQueue"),
)


@rule(CLOUDFORMATION + "TemplateReference/conditions-section-structure.html")
def required_properties_remain(stack):
    """`AWS::NoValue` removes a property. Required ones remain, and no list or map is left empty."""
    required = {
        "AWS::Lambda::EventSourceMapping": ["FunctionName", "EventSourceArn", "BatchSize"],
        "AWS::Lambda::Function": ["Code", "Role", "Runtime", "Handler"],
        "AWS::ApiGatewayV2::DomainName": ["DomainName", "DomainNameConfigurations"],
        "AWS::SNS::Subscription": ["TopicArn", "Protocol", "Endpoint"],
    }
    for name, resource in stack.resources.items():
        for property_ in required.get(resource["Type"], []):
            if resource["Properties"].get(property_) in (None, "", [], {}):
                yield f"{name} has no {property_}"
        for property_, value in resource["Properties"].items():
            if value in ([], {}):
                yield f"{name}: {property_} is empty"


broken_by(
    required_properties_remain,
    role=lambda r, t: r["KuentaFunction"]["Properties"].update(Role={"Fn::If": ["HasKey", "x", {"Ref": "AWS::NoValue"}]}),
    empty=lambda r, t: r["EventQueuePolicy"]["Properties"].update(
        Queues=[{"Fn::If": ["HasKey", "x", {"Ref": "AWS::NoValue"}]}]
    ),
)


@rule(CLOUDFORMATION + "UserGuide/cloudformation-limits.html")
def the_template_is_within_the_limits(stack):
    """At most 200 parameters and outputs, 500 resources, 1,024 bytes of description, 4,000 per parameter, 1 MB in all."""
    template = stack.template
    counts = [("Parameters", 200), ("Outputs", 200), ("Resources", 500), ("Mappings", 200)]
    for part, most in counts:
        if len(template.get(part, {})) > most:
            yield part
    if len(template["Description"].encode()) > 1024 or len(json.dumps(template)) > 1_000_000:
        yield "the template"
    for part, most in [("Parameters", 4000), ("Outputs", 1024)]:
        for name, entry in template[part].items():
            if len(entry.get("Description", "").encode()) > most or len(name) > 255:
                yield name


broken_by(
    the_template_is_within_the_limits,
    wordy=lambda r, t: t.update(Description="x" * 1025),
    many=lambda r, t: t["Outputs"].update({f"Output{number}": {"Value": "x"} for number in range(200)}),
)


@rule(CLOUDFORMATION + "TemplateReference/intrinsic-function-reference-rules.html")
def rules_use_their_own_functions(stack):
    """A rule compares parameters with the functions for rules only, which don't include `Fn::If`."""
    for name, own in stack.template["Rules"].items():
        unknown = {key for key in keys(own) if key.startswith("Fn::")} - RULE_FUNCTIONS
        named = set(references(own)) - set(stack.template["Parameters"])
        if unknown or named or not own.get("Assertions"):
            yield f"{name}: {sorted(unknown | named)}"


broken_by(
    rules_use_their_own_functions,
    unsupported=lambda r, t: t["Rules"].update(Wrong=never({"Fn::Equals": [{"Fn::If": ["HasKey", "a", "b"]}, "b"]})),
    resource=lambda r, t: t["Rules"].update(Wrong=never({"Fn::Equals": [{"Ref": "EventQueue"}, "b"]})),
)


def never(expression):
    """A rule with a condition that is never true, so that `expression` is read but not evaluated."""
    return {"RuleCondition": {"Fn::Equals": ["a", "b"]}, "Assertions": [{"Assert": expression, "AssertDescription": "x"}]}


def keys(node):
    if isinstance(node, list):
        for item in node:
            yield from keys(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from keys(value)
