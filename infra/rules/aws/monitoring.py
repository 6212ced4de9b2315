"""CloudWatch: alarms, the dashboard, logs."""

import json
import re

from .rule import broken_by, rule
from .template import target, text

CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/"
ALARM = "AWS::CloudWatch::Alarm"


def alarms(stack):
    return stack.of_type(ALARM)


def expressions(alarm):
    return [own["Expression"] for own in alarm.get("Metrics", []) if "Expression" in own]


def change(name, **properties):
    """Breaks a rule by changing properties of an alarm."""
    return lambda r, t: r[name]["Properties"].update(properties)


def change_dashboard(old, new):
    def changed(r, t):
        body = r["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        body[0] = body[0].replace(old, new)

    return changed


def change_metric(name, place, **properties):
    return lambda r, t: r[name]["Properties"]["Metrics"][place].update(properties)


@rule(CLOUDWATCH + "monitoring/using-metric-math.html")
def filled_alarms_evaluate_several_periods(stack):
    """FILL turns a metric that is slightly late into zero. Such an alarm must be M out of N, or it can get stuck."""
    for name, alarm in alarms(stack):
        filled = any("FILL(" in own for own in expressions(alarm))
        if filled and not alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) < alarm["EvaluationPeriods"]:
            yield name


broken_by(
    filled_alarms_evaluate_several_periods,
    one=change("DeadLettersAlarm", EvaluationPeriods=1, DatapointsToAlarm=1),
    filled=lambda r, t: (
        change_metric("ThrottleAlarm", 0, Expression="FILL(api, 0)")(r, t),
        change("ThrottleAlarm", EvaluationPeriods=2, DatapointsToAlarm=2)(r, t),
    ),
)


@rule(CLOUDWATCH + "APIReference/API_PutMetricAlarm.html")
def alarms_look_back_a_day_or_a_week(stack):
    """All evaluation periods together are at most a day, or a week if the period is an hour or more."""
    for name, alarm in alarms(stack):
        own = [metric["MetricStat"]["Period"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
        period = max(own, default=alarm.get("Period"))
        most = 604_800 if period >= 3600 else 86_400
        if period % 60 or period * int(alarm["EvaluationPeriods"]) > most:
            yield f"{name}: {period} s × {alarm['EvaluationPeriods']}"


broken_by(
    alarms_look_back_a_day_or_a_week,
    days=change("OpenEventAlarm", EvaluationPeriods=289),
    weeks=lambda r, t: t["Parameters"]["KuentaSilentHours"].update(Default=169),
    odd=change("OpenEventAlarm", Period=90),
)


@rule(CLOUDWATCH + "APIReference/API_PutMetricAlarm.html")
def datapoints_are_within_the_periods(stack):
    """`DatapointsToAlarm` is between 1 and `EvaluationPeriods`."""
    for name, alarm in alarms(stack):
        if not 1 <= alarm.get("DatapointsToAlarm", 1) <= int(alarm["EvaluationPeriods"]):
            yield name


broken_by(datapoints_are_within_the_periods, more=change("OpenEventAlarm", DatapointsToAlarm=25))


@rule(CLOUDWATCH + "APIReference/API_PutMetricAlarm.html")
def alarm_names_descriptions_and_actions_are_within_limits(stack):
    """Names are unique and at most 255 characters, descriptions at most 1,024, and there are at most 5 actions."""
    names = [text(alarm["AlarmName"]) for _, alarm in alarms(stack)]
    for name, alarm in alarms(stack):
        # Leaves room for a stack name of 128 characters.
        long = len(text(alarm["AlarmName"])) > 255 - 128 or len(text(alarm["AlarmDescription"])) > 1024 - 128
        if long or names.count(text(alarm["AlarmName"])) > 1 or len(alarm["AlarmActions"]) > 5:
            yield name


broken_by(
    alarm_names_descriptions_and_actions_are_within_limits,
    same=lambda r, t: r["ThrottleAlarm"]["Properties"].update(AlarmName=r["ServerErrorAlarm"]["Properties"]["AlarmName"]),
    long=change("ThrottleAlarm", AlarmName="x" * 256),
)


@rule(CLOUDWATCH + "monitoring/alarm-limits.html")
def metric_math_is_within_limits(stack):
    """An alarm on metric math has at most 10 metrics."""
    for name, alarm in alarms(stack):
        if sum("MetricStat" in own for own in alarm.get("Metrics", [])) > 10:
            yield name


broken_by(
    metric_math_is_within_limits,
    many=lambda r, t: r["ThrottleAlarm"]["Properties"]["Metrics"].extend(r["ThrottleAlarm"]["Properties"]["Metrics"][1:] * 2),
)


@rule(CLOUDWATCH + "APIReference/API_MetricDataQuery.html")
def metric_math_gives_one_result(stack):
    """Exactly one metric of an alarm returns data, ids begin in lower case, and expressions name existing ids."""
    for name, alarm in alarms(stack):
        metrics = alarm.get("Metrics", [])
        ids = [own["Id"] for own in metrics]
        names = {word for own in expressions(alarm) for word in re.findall(r"\b[a-z]\w*", own)}
        one = sum(own.get("ReturnData", True) for own in metrics) == 1
        if metrics and not (one and len(set(ids)) == len(ids) and names <= set(ids)):
            yield f"{name}: {sorted(names - set(ids))}"
        if not all(re.fullmatch(r"[a-z]\w*", own) for own in ids):
            yield f"{name}: {ids}"


broken_by(
    metric_math_gives_one_result,
    two=change_metric("ThrottleAlarm", 1, ReturnData=True),
    unknown=change_metric("ThrottleAlarm", 0, Expression="SUM([api, nobody])"),
    capital=change_metric("ThrottleAlarm", 1, Id="Api"),
)


@rule(CLOUDWATCH + "monitoring/using-metric-math.html")
def metric_math_has_one_period(stack):
    """All metrics of an expression have the same period, and an alarm can't use SEARCH."""
    for name, alarm in alarms(stack):
        periods = {own["MetricStat"]["Period"] for own in alarm.get("Metrics", []) if "MetricStat" in own}
        if len(periods) > 1 or any("SEARCH(" in own for own in expressions(alarm)):
            yield name


broken_by(
    metric_math_has_one_period,
    two=lambda r, t: r["ThrottleAlarm"]["Properties"]["Metrics"][1]["MetricStat"].update(Period=300),
    search=change_metric("ThrottleAlarm", 0, Expression="SUM(SEARCH('x', 'Sum', 60))"),
)


@rule("https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html")
def retried_events_have_their_own_alarm(stack):
    """`ApproximateAgeOfOldestMessage` leaves out messages received more than three times, so the consumer's own metric
    has an alarm as well."""
    watched = {alarm.get("MetricName") for _, alarm in alarms(stack)}
    if "ApproximateAgeOfOldestMessage" in watched and "OpenEventAge" not in watched:
        yield "only SQS's"


broken_by(retried_events_have_their_own_alarm, gone=lambda r, t: r.pop("OpenEventAlarm"))


@rule("https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html")
def dead_letter_alarms_count_both_ways(stack):
    """`NumberOfMessagesSent` does not count what SQS itself moves, and an alarm on the depth does not see later arrivals."""
    for name, alarm in alarms(stack):
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible":
            yield f"{name} rings once"
        metrics = [own["MetricStat"]["Metric"] for own in alarm.get("Metrics", []) if "MetricStat" in own] or [alarm]
        of_letters = [own for own in metrics if "DeadLetterQueue" in text(own.get("Dimensions", []))]
        seen = {own["MetricName"] for own in of_letters}
        if seen and not {"NumberOfMessagesSent", "ApproximateNumberOfMessagesVisible"} <= seen:
            yield f"{name} sees {sorted(seen)}"


broken_by(
    dead_letter_alarms_count_both_ways,
    depth=change("QuarantineAlarm", MetricName="ApproximateNumberOfMessagesVisible"),
    sent=lambda r, t: r["DeadLettersAlarm"]["Properties"].update(
        Metrics=[own for own in r["DeadLettersAlarm"]["Properties"]["Metrics"] if own["Id"] in ("arrived", "sent")]
    ),
)


@rule(CLOUDWATCH + "monitoring/search-expression-syntax.html")
def namespaces_in_searches_are_quoted(stack):
    """A namespace with characters other than letters, digits and `/` is quoted, because stack names have hyphens."""
    for name, dashboard in stack.of_type("AWS::CloudWatch::Dashboard"):
        for expression in searches(dashboard):
            namespace = re.search(r"\{\s*([^,}]+)", expression)[1]
            if re.search(r"[^\w/]", namespace.strip('"')) and not re.fullmatch(r'".+"', namespace):
                yield f"{name}: {expression}"


broken_by(
    namespaces_in_searches_are_quoted,
    bare=change_dashboard('{\\"Acuse/${AWS::StackName}\\"', "{Acuse/${AWS::StackName}"),
)


@rule(CLOUDWATCH + "APIReference/CloudWatch-Dashboard-Body-Structure.html")
def the_dashboard_is_valid(stack):
    """The body is JSON, widgets fit 24 columns, and a single value's period is that of its expression."""
    for name, dashboard in stack.of_type("AWS::CloudWatch::Dashboard"):
        for widget in widgets(dashboard):
            own = widget["properties"]
            if widget["x"] + widget["width"] > 24 or own["period"] % 60:
                yield f"{name}: {own['title']}"
            periods = [int(period) for period in re.findall(r", (\d+)\)", json.dumps(own["metrics"]))]
            if own["view"] == "singleValue" and any(period != own["period"] for period in periods):
                yield f"{name}: {own['title']} is of {periods} s"


broken_by(
    the_dashboard_is_valid,
    a_minute=change_dashboard("'Sum', 86400)", "'Sum', 60)"),
)


def widgets(dashboard):
    return json.loads(text(dashboard["DashboardBody"]))["widgets"]


def searches(dashboard):
    metrics = [metric for widget in widgets(dashboard) for metric in widget["properties"]["metrics"]]
    options = [option for metric in metrics for option in metric if isinstance(option, dict)]
    return [own["expression"] for own in options if "SEARCH(" in own.get("expression", "")]


@rule("https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html")
def cloudwatch_may_publish(stack):
    """CloudWatch can't publish to a topic with SNS's own key, and needs a statement in the topic's policy."""
    allowed = [
        target(statement["Resource"])
        for _, policy in stack.of_type("AWS::SNS::TopicPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    used = {target(action) for _, alarm in alarms(stack) for action in alarm["AlarmActions"]}
    for name, topic in stack.of_type("AWS::SNS::Topic"):
        if name in used and (name not in allowed or "alias/aws/sns" in text(topic.get("KmsMasterKeyId", ""))):
            yield name


broken_by(
    cloudwatch_may_publish,
    sns_key=lambda r, t: r["AlarmTopic"]["Properties"].update(KmsMasterKeyId="alias/aws/sns"),
    nobody=lambda r, t: r["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"].pop(0),
)


@rule("https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-logs-metricfilter-metrictransformation.html")
def metric_filters_are_valid(stack):
    """A metric filter has one transformation, and no default value together with dimensions."""
    for name, own in stack.of_type("AWS::Logs::MetricFilter"):
        (transformation,) = own["MetricTransformations"][:1]
        one = len(own["MetricTransformations"]) == 1
        if not one or {"DefaultValue", "Dimensions"} <= set(transformation) or ":" in text(transformation["MetricNamespace"]):
            yield name


broken_by(
    metric_filters_are_valid,
    two=lambda r, t: r["ThrottledRequests"]["Properties"]["MetricTransformations"].append({}),
    dimensions=lambda r, t: r["ThrottledRequests"]["Properties"]["MetricTransformations"][0].update(Dimensions=[]),
)


@rule(CLOUDWATCH + "logs/FilterAndPatternSyntax.html")
def filter_patterns_match_the_log(stack):
    """A JSON pattern is in braces and selects a field that the log's lines have."""
    for name, own in stack.of_type("AWS::Logs::MetricFilter"):
        selected = re.fullmatch(r'\{ \$\.(\w+) = "?[\w*]+"? \}', own["FilterPattern"])
        lines = [text(stage["AccessLogSettings"]["Format"]) for _, stage in stack.of_type("AWS::ApiGatewayV2::Stage")]
        if not selected or not any(f'"{selected[1]}"' in line for line in lines):
            yield f"{name}: {own['FilterPattern']}"


broken_by(
    filter_patterns_match_the_log,
    absent=lambda r, t: r["ThrottledRequests"]["Properties"].update(FilterPattern='{ $.code = "429" }'),
    bare=lambda r, t: r["ThrottledRequests"]["Properties"].update(FilterPattern="status = 429"),
)
