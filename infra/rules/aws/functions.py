"""Lambda."""

import re

from .rule import broken_by, rule
from .template import target, text

LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/"
FUNCTION = "AWS::Lambda::Function"
RESERVED = re.compile(
    r"_HANDLER|_X_AMZN_TRACE_ID|TZ|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
    r"|AWS_(DEFAULT_REGION|REGION|EXECUTION_ENV|ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN)"
    r"|AWS_LAMBDA_(FUNCTION_(NAME|VERSION|MEMORY_SIZE)|INITIALIZATION_TYPE|LOG_(GROUP|STREAM)_NAME|RUNTIME_API|LOG_(FORMAT|LEVEL))"
)


@rule(LAMBDA + "configuration-envvars.html")
def variable_names_are_valid(stack):
    """A variable's name has at least two letters, digits or underscores, begins with a letter, and is not reserved."""
    for name, function in stack.of_type(FUNCTION):
        for variable in function["Environment"]["Variables"]:
            if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]+", variable) or RESERVED.fullmatch(variable):
                yield f"{name}: {variable}"


broken_by(
    variable_names_are_valid,
    reserved=lambda r, t: r["KuentaFunction"]["Properties"]["Environment"]["Variables"].update(AWS_REGION="x"),
    hyphen=lambda r, t: r["KuentaFunction"]["Properties"]["Environment"]["Variables"].update({"A-B": "x"}),
)


@rule(LAMBDA + "gettingstarted-limits.html")
def variables_fit(stack):
    """All variables of a function together have at most 4 KB. A name or URL that AWS generates counts as 200 bytes here."""
    for name, function in stack.of_type(FUNCTION):
        variables = function["Environment"]["Variables"].items()
        size = sum(len(key) + (len(value) if isinstance(value, str) else 200) for key, value in variables)
        longest = {key: own.get("MaxLength") for key, own in stack.template["Parameters"].items()}
        size += sum(int(most or 0) for key, most in longest.items() if key.lower() == f"{name[:-8].lower()}signature")
        if size > 4096:
            yield f"{name}: {size} bytes"


broken_by(
    variables_fit,
    long=lambda r, t: r["KuentaFunction"]["Properties"]["Environment"]["Variables"].update(MUCH="x" * 4096),
    parameter=lambda r, t: t["Parameters"]["KuentaSignature"].update(MaxLength=4000),
)


@rule(LAMBDA + "monitoring-cloudwatchlogs-advanced.html")
def log_levels_need_json(stack):
    """Log levels need logs in JSON. Lambda refuses them for text."""
    for name, function in stack.of_type(FUNCTION):
        logging = function["LoggingConfig"]
        if logging.get("LogFormat") != "JSON" and {"ApplicationLogLevel", "SystemLogLevel"} & set(logging):
            yield name


broken_by(log_levels_need_json, text=lambda r, t: r["KuentaFunction"]["Properties"]["LoggingConfig"].update(LogFormat="Text"))


@rule(LAMBDA + "monitoring-cloudwatchlogs-loggroups.html")
def log_groups_exist_and_are_writable(stack):
    """A function's log group exists before the function, and its role may write there. Lambda reports neither."""
    for name, function in stack.of_type(FUNCTION):
        group = target(function["LoggingConfig"].get("LogGroup"))
        policies = stack.properties(function["Role"]).get("Policies", [])
        statements = [own for policy in policies for own in policy["PolicyDocument"]["Statement"]]
        may = any("logs:PutLogEvents" in own["Action"] and target(own["Resource"]) == group for own in statements)
        if group not in stack.resources or not may:
            yield f"{name}: {group}"


broken_by(
    log_groups_exist_and_are_writable,
    another=lambda r, t: r["KuentaFunction"]["Properties"]["LoggingConfig"].update(LogGroup={"Ref": "OnepayLogs"}),
    by_name=lambda r, t: r["KuentaFunction"]["Properties"]["LoggingConfig"].update(LogGroup="/aws/lambda/kuenta"),
)


@rule(LAMBDA + "services-xray.html")
def only_traced_functions_may_trace(stack):
    """Active tracing needs the permission to write traces. Without tracing it is not granted."""
    for name, function in stack.of_type(FUNCTION):
        active = function.get("TracingConfig", {}).get("Mode") == "Active"
        may = "xray:PutTraceSegments" in text(stack.properties(function["Role"]).get("Policies", []))
        if active != may:
            yield f"{name}: traced {active}, may trace {may}"


broken_by(
    only_traced_functions_may_trace,
    always=lambda r, t: r["KuentaFunction"]["Properties"].update(TracingConfig={"Mode": "Active"}),
)


@rule("https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html")
def verify_functions_answer_in_time(stack):
    """An HTTP API gives up after 30 s, and the providers after 5 s."""
    for name, function in stack.of_type(FUNCTION):
        # Two are fed by queues, and two are invoked by a schedule.
        others = ("ConsumerFunction", "DestinationsFunction", "EndpointsFunction", "SummaryFunction")
        if name not in others and function["Timeout"] > 5:
            yield f"{name}: {function['Timeout']} s"


broken_by(verify_functions_answer_in_time, slow=lambda r, t: r["KuentaFunction"]["Properties"].update(Timeout=31))


@rule("https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html")
def memory_and_description_are_in_range(stack):
    """Memory is 128 to 10,240 MB, the timeout 1 to 900 s, and the description at most 256 characters."""
    for name, function in stack.of_type(FUNCTION):
        in_range = 128 <= int(function["MemorySize"]) <= 10_240 and 1 <= function["Timeout"] <= 900
        if not in_range or len(function.get("Description", "")) > 256:
            yield name


broken_by(
    memory_and_description_are_in_range,
    small=lambda r, t: r["KuentaFunction"]["Properties"].update(MemorySize=64),
    wordy=lambda r, t: r["KuentaFunction"]["Properties"].update(Description="x" * 257),
)
