"""What is sent to people: AWS's chat service, and schedules."""

import re

from .roles import statements
from .rule import broken_by, rule
from .template import as_list, target, text

CHATBOT = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-chatbot-"
SLACK = "AWS::Chatbot::SlackChannelConfiguration"
TEAMS = "AWS::Chatbot::MicrosoftTeamsChannelConfiguration"


def channels(stack):
    return [*stack.of_type(SLACK), *stack.of_type(TEAMS)]


@rule(CHATBOT + "slackchannelconfiguration.html")
def channels_have_a_guardrail_of_the_stack(stack):
    """Without guardrail policies, AWS applies `AdministratorAccess` to what is done from the channel."""
    own = {name for name, _ in stack.of_type("AWS::IAM::ManagedPolicy")}
    for name, channel in channels(stack):
        guardrails = [target(policy) for policy in channel.get("GuardrailPolicies", [])]
        if not guardrails or not set(guardrails) <= own:
            yield name


broken_by(
    channels_have_a_guardrail_of_the_stack,
    none=lambda r, t: r["SlackChannel"]["Properties"].pop("GuardrailPolicies"),
    all=lambda r, t: r["TeamsChannel"]["Properties"].update(GuardrailPolicies=["arn:aws:iam::aws:policy/AdministratorAccess"]),
)


@rule(CHATBOT + "slackchannelconfiguration.html")
def channels_get_the_alarms(stack):
    """A channel gets what is published to its topics: at least the one that all alarms go to."""
    used = {target(action) for _, alarm in stack.of_type("AWS::CloudWatch::Alarm") for action in alarm["AlarmActions"]}
    for name, channel in channels(stack):
        if not used <= {target(topic) for topic in channel["SnsTopicArns"]}:
            yield name
        if not re.fullmatch(r"[A-Za-z0-9-_]{1,128}", text(channel["ConfigurationName"])):
            yield f"{name}: {channel['ConfigurationName']}"


broken_by(
    channels_get_the_alarms,
    none=lambda r, t: r["SlackChannel"]["Properties"].update(SnsTopicArns=[{"Ref": "SummaryTopic"}]),
    spaced=lambda r, t: r["SlackChannel"]["Properties"].update(ConfigurationName="acuse slack"),
)


@rule("https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html")
def schedules_may_invoke_their_function(stack):
    """Scheduler assumes the schedule's role, which has to allow `lambda:InvokeFunction` on the target."""
    for name, schedule in stack.of_type("AWS::Scheduler::Schedule"):
        own = schedule["Target"]
        role = target(own["RoleArn"])
        assumed = text(stack.properties(own["RoleArn"])["AssumeRolePolicyDocument"])
        allowed = [
            target(statement["Resource"])
            for holder, statement in statements(stack)
            if holder == role and "lambda:InvokeFunction" in as_list(statement["Action"])
        ]
        if target(own["Arn"]) not in allowed or "scheduler.amazonaws.com" not in assumed:
            yield name


broken_by(
    schedules_may_invoke_their_function,
    other=lambda r, t: r["SummaryScheduleRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0].update(
        Resource={"Fn::GetAtt": ["ConsumerFunction", "Arn"]}
    ),
    nobody=lambda r, t: r["SummaryScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0].update(
        Principal={"Service": "events.amazonaws.com"}
    ),
)
