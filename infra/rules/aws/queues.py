"""SQS."""

from .rule import broken_by, rule
from .template import as_list, target

SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"


@rule("http://docs.amazonwebservices.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/AccessPolicyLanguage_SpecialInfo.html")
def a_policy_covers_one_queue(stack):
    """A policy covers a single queue. SQS refuses statements about another one."""
    for name, policy in stack.of_type("AWS::SQS::QueuePolicy"):
        covered = {target(queue) for queue in policy["Queues"]}
        for statement in policy["PolicyDocument"]["Statement"]:
            named = {target(resource) for resource in as_list(statement["Resource"])}
            if covered != named or len(named) != 1:
                yield f"{name} is set on {sorted(covered)} and speaks of {sorted(named)}"


broken_by(
    a_policy_covers_one_queue,
    two_resources=lambda r, t: r["EventQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][0].update(
        Resource=[{"Fn::GetAtt": [queue, "Arn"]} for queue in ["EventQueue", "DeadLetterQueue"]]
    ),
    two_queues=lambda r, t: r["EventQueuePolicy"]["Properties"]["Queues"].append({"Ref": "QuarantineQueue"}),
)


@rule("https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html")
def a_queue_has_one_policy(stack):
    """`Policy` is an attribute of a queue, so a second policy replaces the first. Each of our queues has one."""
    policies = stack.of_type("AWS::SQS::QueuePolicy")
    set_on = [target(queue) for _, policy in policies for queue in policy["Queues"]]
    for name, _ in stack.of_type("AWS::SQS::Queue"):
        if set_on.count(name) != 1:
            yield f"{name} has {set_on.count(name)} policies"


broken_by(
    a_queue_has_one_policy,
    none=lambda r, t: r.pop("DeadLetterQueuePolicy"),
    two=lambda r, t: r.update(Another=r["EventQueuePolicy"]),
)


@rule(SQS + "quotas-policies.html")
def policies_are_within_the_quotas(stack):
    """A policy has at most 20 statements, and a statement at most 7 actions and 50 principals."""
    for name, policy in stack.of_type("AWS::SQS::QueuePolicy"):
        statements = policy["PolicyDocument"]["Statement"]
        if len(statements) > 20 or any(len(as_list(own["Action"])) > 7 for own in statements):
            yield name


broken_by(
    policies_are_within_the_quotas,
    actions=lambda r, t: r["EventQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][0].update(
        Action=[f"sqs:Action{number}" for number in range(8)]
    ),
)


@rule(SQS + "sqs-configure-dead-letter-queue.html")
def redrive_policies_are_valid(stack):
    """`maxReceiveCount` is between 1 and 1,000, and the dead-letter queue is a standard queue."""
    for name, queue in stack.of_type("AWS::SQS::Queue"):
        policy = queue.get("RedrivePolicy")
        if policy and not 1 <= int(policy["maxReceiveCount"]) <= 1000:
            yield f"{name}: {policy['maxReceiveCount']}"
        if policy and "FifoQueue" in stack.properties(policy["deadLetterTargetArn"]):
            yield f"{name}: another kind of queue"


broken_by(
    redrive_policies_are_valid,
    never=lambda r, t: r["EventQueue"]["Properties"]["RedrivePolicy"].update(maxReceiveCount=0),
    fifo=lambda r, t: r["DeadLetterQueue"]["Properties"].update(FifoQueue=True),
)


@rule(SQS + "setting-up-dead-letter-queue-retention.html")
def dead_letters_live_longer(stack):
    """A moved message keeps its age, so a dead-letter queue keeps messages longer than its source."""
    for name, queue in stack.of_type("AWS::SQS::Queue"):
        if "RedrivePolicy" in queue:
            letters = stack.properties(queue["RedrivePolicy"]["deadLetterTargetArn"])
            own, theirs = (properties["MessageRetentionPeriod"] for properties in (queue, letters))
            if not 60 <= own < theirs <= 1_209_600:
                yield f"{name} keeps messages for {own} s, its dead-letter queue for {theirs} s"


broken_by(
    dead_letters_live_longer,
    as_long=lambda r, t: r["EventQueue"]["Properties"].update(MessageRetentionPeriod=1_209_600),
    too_long=lambda r, t: r["DeadLetterQueue"]["Properties"].update(MessageRetentionPeriod=1_209_601),
)


@rule("https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html")
def one_kind_of_encryption(stack):
    """A queue is encrypted either by SQS or with a KMS key."""
    for name, queue in stack.of_type("AWS::SQS::Queue"):
        if bool(queue.get("SqsManagedSseEnabled")) == ("KmsMasterKeyId" in queue):
            yield name


broken_by(
    one_kind_of_encryption,
    both=lambda r, t: r["EventQueue"]["Properties"].update(SqsManagedSseEnabled=True, KmsMasterKeyId="key"),
    none=lambda r, t: r["EventQueue"]["Properties"].update(SqsManagedSseEnabled=False),
)
