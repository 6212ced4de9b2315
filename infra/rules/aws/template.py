"""The template as CloudFormation has it once SAM and the parameters are through with it."""

import copy
import json
import pathlib
import re

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).parents[3]

PSEUDO = {
    "AWS::StackName": "acuse-x",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()


def transformed():
    """template.yaml after `AWS::Serverless`, as AWS's own translator writes it."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    # Where `sam deploy` would have put it.
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/code.zip"
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in template["Parameters"].items()}
    return Translator({}, Parser()).translate(template, defaults)


class Refused(Exception):
    """A rule of the template's own does not take these parameters."""


class Stack:
    """A transformed template under given parameters: conditions are decided, and parameters are values."""

    def __init__(self, template, given=()):
        self.template = template
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
                "Properties": self._decided(resource.get("Properties", {})),
            }
            for name, resource in kept["Resources"].items()
            if self._holds(resource)
        }
        outputs = {name: output for name, output in kept.get("Outputs", {}).items() if self._holds(output)}
        self.outputs = self._decided(outputs)

    def of_type(self, type_):
        """Logical ids and properties of the resources of a type."""
        resources = self.resources.items()
        return [(name, resource["Properties"]) for name, resource in resources if resource["Type"] == type_]

    def properties(self, reference):
        """The properties of the resource that a `Ref` or `Fn::GetAtt` names."""
        return self.resources.get(target(reference), {}).get("Properties", {})

    def _check_rules(self):
        for name, own in self.template.get("Rules", {}).items():
            if "RuleCondition" in own and not self._truth(own["RuleCondition"]):
                continue
            for assertion in own["Assertions"]:
                if not self._truth(assertion["Assert"]):
                    raise Refused(f"{name}: {assertion['AssertDescription']}")

    def _holds(self, entry):
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
        raise ValueError(f"{function} is not known here")

    def _text(self, value):
        """Parameters are texts, wherever they are compared."""
        if isinstance(value, dict):
            value = self.parameters[value["Ref"]]
        return str(value)

    def _decided(self, node):
        if isinstance(node, list):
            return [item for item in map(self._decided, node) if item is not NOTHING]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Fn::If"}:
            condition, yes, no = node["Fn::If"]
            return self._decided(yes if self._truth({"Condition": condition}) else no)
        if set(node) == {"Ref"}:
            name = node["Ref"]
            if name == "AWS::NoValue":
                return NOTHING
            return self.parameters.get(name, PSEUDO.get(name, node))
        if set(node) == {"Fn::Sub"} and isinstance(node["Fn::Sub"], str):
            values = {**self.parameters, **PSEUDO}
            text = re.sub(r"\$\{([\w:]+)\}", lambda m: str(values.get(m[1], m[0])), node["Fn::Sub"])
            return {"Fn::Sub": text} if re.search(r"\$\{[^!]", text) else text
        decided = {key: self._decided(value) for key, value in node.items()}
        return {key: value for key, value in decided.items() if value is not NOTHING}


def target(reference):
    """The logical id that a `Ref` or `Fn::GetAtt` names."""
    if isinstance(reference, dict) and "Ref" in reference:
        return reference["Ref"]
    if isinstance(reference, dict) and "Fn::GetAtt" in reference:
        names = reference["Fn::GetAtt"]
        return names[0] if isinstance(names, list) else names.split(".")[0]
    return None


def references(node):
    """All logical ids that are named anywhere in `node`."""
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


def as_list(value):
    """A policy's text or list of texts, as a list."""
    return value if isinstance(value, list) else [value]


def text(value):
    """A value's text, with `Fn::Sub`'s placeholders as they are."""
    if isinstance(value, dict) and isinstance(value.get("Fn::Sub"), str):
        return value["Fn::Sub"]
    return value if isinstance(value, str) else json.dumps(value)
