"""The event source mapping between SQS and Lambda."""

from .rule import broken_by, rule

LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/"
MAPPING = "AWS::Lambda::EventSourceMapping"


def mapping(resources):
    return next(resource["Properties"] for resource in resources.values() if resource["Type"] == MAPPING)


def mappings(stack):
    return [own for _, own in stack.of_type(MAPPING)]


@rule(LAMBDA + "services-sqs-configure.html")
def visibility_is_six_times_the_time_out(stack):
    """The visibility timeout is at least six times the function's timeout plus the batching window."""
    for own in mappings(stack):
        queue, function = stack.properties(own["EventSourceArn"]), stack.properties(own["FunctionName"])
        least = 6 * function["Timeout"] + own.get("MaximumBatchingWindowInSeconds", 0)
        if int(queue.get("VisibilityTimeout", 30)) < least:
            yield f"{queue.get('VisibilityTimeout')} s instead of {least} s"


broken_by(
    visibility_is_six_times_the_time_out,
    slower=lambda r, t: r["ConsumerFunction"]["Properties"].update(Timeout=60),
    sooner=lambda r, t: r["EventQueue"]["Properties"].update(VisibilityTimeout=179),
)


@rule("https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html")
def large_batches_need_a_window(stack):
    """A `BatchSize` of more than 10 needs a `MaximumBatchingWindowInSeconds` of at least 1."""
    for own in mappings(stack):
        if own["BatchSize"] > 10 and own.get("MaximumBatchingWindowInSeconds", 0) < 1:
            yield f"{own['BatchSize']} messages, no window"


broken_by(
    large_batches_need_a_window,
    at_once=lambda r, t: mapping(r).update(BatchSize=11, MaximumBatchingWindowInSeconds=0),
)


@rule("https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html")
def maximum_concurrency_is_in_range(stack):
    """`MaximumConcurrency` is between 2 and 1,000."""
    for own in mappings(stack):
        most = own.get("ScalingConfig", {}).get("MaximumConcurrency", 2)
        if not 2 <= most <= 1000:
            yield str(most)


broken_by(
    maximum_concurrency_is_in_range, one=lambda r, t: mapping(r).update(ScalingConfig={"MaximumConcurrency": 1})
)


@rule("https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedPollerConfig.html")
def pollers_are_in_range(stack):
    """For SQS, the minimum of pollers is between 2 and 200, and the maximum at most 2,000."""
    for own in mappings(stack):
        pollers = own.get("ProvisionedPollerConfig")
        if pollers and not (
            2 <= pollers["MinimumPollers"] <= min(200, pollers["MaximumPollers"]) and pollers["MaximumPollers"] <= 2000
        ):
            yield str(pollers)


broken_by(
    pollers_are_in_range,
    one=lambda r, t: mapping(r).update(ProvisionedPollerConfig={"MinimumPollers": 1, "MaximumPollers": 20}),
    backwards=lambda r, t: mapping(r).update(ProvisionedPollerConfig={"MinimumPollers": 50, "MaximumPollers": 20}),
)


@rule(LAMBDA + "services-sqs-scaling.html")
def there_is_one_way_of_scaling(stack):
    """Provisioned mode and a maximum concurrency exclude each other."""
    for own in mappings(stack):
        if "ScalingConfig" in own and "ProvisionedPollerConfig" in own:
            yield str(own)


broken_by(
    there_is_one_way_of_scaling,
    both=lambda r, t: mapping(r).update(
        ScalingConfig={"MaximumConcurrency": 10}, ProvisionedPollerConfig={"MinimumPollers": 2, "MaximumPollers": 20}
    ),
)


@rule(LAMBDA + "services-sqs-scaling.html")
def reserved_concurrency_is_enough(stack):
    """A function's reserved concurrency is at least its mapping's maximum, or Lambda throttles messages."""
    for own in mappings(stack):
        reserved = stack.properties(own["FunctionName"]).get("ReservedConcurrentExecutions")
        most = own.get("ScalingConfig", {}).get("MaximumConcurrency")
        if reserved is not None and most is not None and reserved < most:
            yield f"{reserved} reserved, {most} at most"


broken_by(
    reserved_concurrency_is_enough,
    fewer=lambda r, t: r["ConsumerFunction"]["Properties"].update(ReservedConcurrentExecutions=1),
)


@rule(LAMBDA + "services-sqs-errorhandling.html")
def failures_are_reported_by_item(stack):
    """Without `ReportBatchItemFailures`, one failure returns the whole batch to the queue."""
    for own in mappings(stack):
        if own.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield str(own)


broken_by(failures_are_reported_by_item, unsaid=lambda r, t: mapping(r).pop("FunctionResponseTypes"))
