"""IAM."""

import re

from .rule import broken_by, rule
from .template import as_list, target, text

IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"


def statements(stack):
    for name, role in stack.of_type("AWS::IAM::Role"):
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def first(role):
    return lambda r: r[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]


@rule(IAM + "reference_policies_grammar.html")
def statements_are_complete(stack):
    """A statement has an effect, actions and resources. An empty list, such as a condition may leave, is refused."""
    for name, statement in statements(stack):
        if not all(as_list(statement.get(part)) not in ([], [None]) for part in ("Effect", "Action", "Resource")):
            yield f"{name}: {statement}"


broken_by(
    statements_are_complete,
    empty=lambda r, t: first("KuentaRole")(r).update(Resource=[{"Fn::If": ["HasKey", "x", {"Ref": "AWS::NoValue"}]}]),
    no_action=lambda r, t: first("KuentaRole")(r).pop("Action"),
)


@rule(IAM + "reference_iam-quotas.html")
def inline_policies_fit(stack):
    """All inline policies of a role together have at most 10,240 characters."""
    for name, role in stack.of_type("AWS::IAM::Role"):
        if len(text(role["Policies"])) > 10_240:
            yield name


broken_by(inline_policies_fit, long=lambda r, t: first("KuentaRole")(r).update(Sid="x" * 10_240))


@rule("https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html")
def lambda_may_receive_messages(stack):
    """The function's role may receive, delete and describe, or AWS refuses the mapping."""
    needed = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    for _, mapping in stack.of_type("AWS::Lambda::EventSourceMapping"):
        role = target(stack.properties(mapping["FunctionName"])["Role"])
        granted = [
            action
            for name, own in statements(stack)
            if name == role and target(own["Resource"]) == target(mapping["EventSourceArn"])
            for action in as_list(own["Action"])
        ]
        if not needed <= set(granted):
            yield f"{role}: {sorted(needed - set(granted))}"


broken_by(
    lambda_may_receive_messages,
    less=lambda r, t: first("ConsumerRole")(r).update(Action=["sqs:ReceiveMessage", "sqs:DeleteMessage"]),
)


@rule("https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html")
def roles_may_use_the_owners_key(stack):
    """With the owner's key, a sender needs `kms:GenerateDataKey` and `kms:Decrypt`, and a receiver `kms:Decrypt`."""
    encrypted = any("KmsMasterKeyId" in queue for _, queue in stack.of_type("AWS::SQS::Queue"))
    for name, role in stack.of_type("AWS::IAM::Role"):
        # A schedule and the chat service touch nothing that is encrypted.
        if "lambda.amazonaws.com" not in text(role["AssumeRolePolicyDocument"]):
            continue
        granted = {action for role, own in statements(stack) if role == name for action in as_list(own["Action"])}
        if encrypted != ({"kms:Decrypt", "kms:GenerateDataKey"} <= granted):
            yield name


broken_by(
    roles_may_use_the_owners_key,
    keyless=lambda r, t: [
        r["EventQueue"]["Properties"].update(KmsMasterKeyId="key"),
        r["EventQueue"]["Properties"].pop("SqsManagedSseEnabled"),
    ],
)


@rule("https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html")
def the_api_may_call_each_function(stack):
    """The API has a permission to invoke each route's function, or it answers 500."""
    permitted = {
        (target(own["FunctionName"]), text(own["SourceArn"]["Fn::Sub"][0]).split("/${__Stage__}", 1)[1])
        for _, own in stack.of_type("AWS::Lambda::Permission")
        if "SourceArn" in own
    }
    for _, api in stack.of_type("AWS::ApiGatewayV2::Api"):
        for path, methods in api["Body"]["paths"].items():
            for method, own in methods.items():
                verb = "*" if method == "x-amazon-apigateway-any-method" else method.upper()
                source = re.sub(r"\{[^}]+\}", "*", f"/{verb}{path}")
                for name, _ in stack.of_type("AWS::Lambda::Function"):
                    if f"{name}.Arn" in text(own) and (name, source) not in permitted:
                        yield f"{name}: {source}"


broken_by(
    the_api_may_call_each_function,
    forbidden=lambda r, t: r.pop("KuentaFunctionWebhookPermission"),
    slash=lambda r, t: r.pop("KuentaFunctionTrailingSlashPermission"),
)


@rule("https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html")
def a_url_may_invoke_its_function(stack):
    """Since October 2025 a function URL needs two permissions, or it answers 403: one to call the URL, and one to invoke
    the function, which is limited to calls through the URL. No other permission is for everybody."""
    urls = {target(own["TargetFunctionArn"]) for _, own in stack.of_type("AWS::Lambda::Url")}
    public = {}
    for name, own in stack.of_type("AWS::Lambda::Permission"):
        if own["Principal"] == "*":
            limits = (own.get("FunctionUrlAuthType"), own.get("InvokedViaFunctionUrl"))
            public.setdefault(target(own["FunctionName"]), set()).add((own["Action"], *limits))
    both = {("lambda:InvokeFunctionUrl", "NONE", None), ("lambda:InvokeFunction", None, True)}
    for function in urls | set(public):
        if function not in urls or public.get(function) != both:
            yield f"{function}: {public.get(function)}"
    for name, own in stack.of_type("AWS::Lambda::Url"):
        if own["AuthType"] != "NONE" or "Cors" in own:
            yield f"{name}: {own}"


def exposed(template):
    template["Conditions"].update(ExposesKuenta={"Fn::Equals": ["", ""]})


broken_by(
    a_url_may_invoke_its_function,
    uninvokable=lambda r, t: (exposed(t), r.pop("KuentaUrlInvokePermission")),
    uncallable=lambda r, t: (exposed(t), r.pop("KuentaUrlPermission")),
    wide=lambda r, t: (exposed(t), r["KuentaUrlInvokePermission"]["Properties"].pop("InvokedViaFunctionUrl")),
    without_url=lambda r, t: (exposed(t), r.pop("KuentaUrl"), t["Outputs"].pop("KuentaWebhookUrl")),
    with_iam=lambda r, t: (exposed(t), r["KuentaUrl"]["Properties"].update(AuthType="AWS_IAM")),
)
