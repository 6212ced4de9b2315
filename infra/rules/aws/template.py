"""The template as CloudFormation sees it, after the SAM transform and with the parameters' values."""

import copy
import json
import pathlib
import re

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from owner import yours

ROOT = pathlib.Path(__file__).parents[3]

PSEUDO = {
    "AWS::StackName": "acuse-x",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()


def source():
    """template.yaml as it is."""
    return (ROOT / "template.yaml").read_text()


def transformed():
    """template.yaml after the transform `AWS::Serverless`, by AWS's own translator."""
    template = yaml_parse(source())
    # Where `sam deploy` would upload it.
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/code.zip"
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in template["Parameters"].items()}
    return Translator({}, Parser()).translate(template, defaults)


class Refused(Exception):
    """One of the template's own rules refuses these parameters."""


class Stack:
    """A transformed template under given parameters: conditions are evaluated, and parameters have values."""

    def __init__(self, template, given=()):
        self.template = template
        self.yours = tuple(name for section, name in yours(source()) if section == "Resources")
        self.parameters = {name: parameter.get("Default", "") for name, parameter in template["Parameters"].items()}
        self.parameters.update(given)
        for name, value in self.parameters.items():
            if template["Parameters"][name]["Type"] == "Number":
                self.parameters[name] = int(value)
        self._check_rules()
        kept = copy.deepcopy(template)
        self.resources = {
            name: {
                **resource,
                "Properties": self._evaluated(resource.get("Properties", {})),
            }
            for name, resource in kept["Resources"].items()
            if self._exists(resource)
        }
        outputs = {name: output for name, output in kept.get("Outputs", {}).items() if self._exists(output)}
        self.outputs = self._evaluated(outputs)

    def of_type(self, type_):
        """Logical ids and properties of our resources of a type. Those of the owner, and those that SAM generates
        for them, are left to cfn-lint."""
        ours = [(name, own) for name, own in self.resources.items() if not name.startswith(self.yours)]
        return [(name, own["Properties"]) for name, own in ours if own["Type"] == type_]

    def properties(self, reference):
        """The properties of the resource that a `Ref` or `Fn::GetAtt` refers to."""
        return self.resources.get(target(reference), {}).get("Properties", {})

    def _check_rules(self):
        for name, own in self.template.get("Rules", {}).items():
            if "RuleCondition" in own and not self._truth(own["RuleCondition"]):
                continue
            for assertion in own["Assertions"]:
                if not self._truth(assertion["Assert"]):
                    raise Refused(f"{name}: {assertion['AssertDescription']}")

    def _exists(self, entry):
        return "Condition" not in entry or self._truth({"Condition": entry["Condition"]})

    def _truth(self, expression):
        ((function, operands),) = expression.items()
        match function:
            case "Condition":
                return self._truth(self.template["Conditions"][operands])
            case "Fn::Equals":
                return self._text(operands[0]) == self._text(operands[1])
            case "Fn::Not":
                return not self._truth(operands[0])
            case "Fn::And":
                return all(map(self._truth, operands))
            case "Fn::Or":
                return any(map(self._truth, operands))
            case "Fn::Contains":
                return self._text(operands[1]) in map(self._text, operands[0])
        raise ValueError(f"the condition function {function} is not supported")

    def _text(self, value):
        """Parameters are compared as strings."""
        if isinstance(value, dict):
            value = self.parameters[value["Ref"]]
        return str(value)

    def _evaluated(self, node):
        if isinstance(node, list):
            return [item for item in map(self._evaluated, node) if item is not NOTHING]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Fn::If"}:
            condition, yes, no = node["Fn::If"]
            return self._evaluated(yes if self._truth({"Condition": condition}) else no)
        if set(node) == {"Ref"}:
            name = node["Ref"]
            if name == "AWS::NoValue":
                return NOTHING
            return self.parameters.get(name, PSEUDO.get(name, node))
        if set(node) == {"Fn::Sub"} and isinstance(node["Fn::Sub"], str):
            values = {**self.parameters, **PSEUDO}
            text = re.sub(r"\$\{([\w:]+)\}", lambda m: str(values.get(m[1], m[0])), node["Fn::Sub"])
            return {"Fn::Sub": text} if re.search(r"\$\{[^!]", text) else text
        evaluated = {key: self._evaluated(value) for key, value in node.items()}
        evaluated = {key: value for key, value in evaluated.items() if value is not NOTHING}
        joined = joined_text(evaluated)
        return evaluated if joined is None else self._evaluated({"Fn::Sub": joined})


def target(reference):
    """The logical id that a `Ref` or `Fn::GetAtt` refers to."""
    if isinstance(reference, dict) and "Ref" in reference:
        return reference["Ref"]
    if isinstance(reference, dict) and "Fn::GetAtt" in reference:
        names = reference["Fn::GetAtt"]
        return names[0] if isinstance(names, list) else names.split(".")[0]
    return None


def references(node):
    """All logical ids that anything in `node` refers to."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        if target(node):
            yield target(node)
        if "Fn::Sub" in node:
            text, own = node["Fn::Sub"] if isinstance(node["Fn::Sub"], list) else (node["Fn::Sub"], {})
            names = re.findall(r"\$\{(\w+[\w.:]*)\}", text)
            yield from (name.split(".")[0] for name in names if name not in own)
        for value in node.values():
            yield from references(value)


def is_text(value):
    """Whether this is a string, or one in which `Fn::Sub` replaces names."""
    return isinstance(value, str) or set(value) == {"Fn::Sub"} and isinstance(value["Fn::Sub"], str)


def joined_text(node):
    """The text of an `Fn::Join` or of an `Fn::Sub` with names of its own, with the placeholders that remain. None if
    it is neither, or joins what has no text yet, such as an ARN."""
    match node:
        case {"Fn::Join": [separator, items]}:
            items = [own if isinstance(own, str) else own.get("Fn::Sub") for own in items]
            return separator.join(items) if all(isinstance(own, str) for own in items) else None
        case {"Fn::Sub": [template, names]}:
            names = {name: own if isinstance(own, str) else own.get("Fn::Sub") for name, own in names.items()}
            known = all(isinstance(own, str) for own in names.values())
            return re.sub(r"\$\{(\w+)\}", lambda m: names.get(m[1], m[0]), template) if known else None
    return None


def as_list(value):
    """A string or list of strings of a policy, as a list."""
    return value if isinstance(value, list) else [value]


def text(value):
    """A value as text, with the placeholders of `Fn::Sub` unchanged."""
    if isinstance(value, dict) and isinstance(value.get("Fn::Sub"), str):
        return value["Fn::Sub"]
    return value if isinstance(value, str) else json.dumps(value)
