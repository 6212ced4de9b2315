"""API Gateway's HTTP API."""

from .rule import broken_by, rule
from .template import text

GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
STAGE = "AWS::ApiGatewayV2::Stage"


def stage(resources):
    return next(resource["Properties"] for resource in resources.values() if resource["Type"] == STAGE)


def limits(resources):
    """The limits of one route, while its provider is used."""
    return stage(resources)["RouteSettings"]["POST /webhooks/kuenta"]["Fn::If"][1]


def methods(resources):
    """The methods of one path, while its provider is used."""
    return resources["HttpApi"]["Properties"]["Body"]["paths"]["/webhooks/kuenta"]["Fn::If"][1]


def routes(stack):
    bodies = [api["Body"] for _, api in stack.of_type("AWS::ApiGatewayV2::Api")]
    paths = [item for body in bodies for item in body["paths"].items()]
    return {f"{words(method)} {path}" for path, methods in paths for method in methods}


def words(method):
    return "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()


@rule("https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename-routesettings-routekey.html")
def every_route_has_its_own_throttle(stack):
    """Route settings name existing routes, or AWS refuses the stage. A route without settings shares the stage's limits."""
    for name, own in stack.of_type(STAGE):
        settings = own.get("RouteSettings", {})
        if set(settings) != routes(stack):
            yield f"{name}: {sorted(set(settings) ^ routes(stack))}"
        for route, limits in settings.items():
            if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= set(limits):
                yield f"{name}: {route}"


broken_by(
    every_route_has_its_own_throttle,
    unknown=lambda r, t: stage(r)["RouteSettings"].update({"GET /webhooks/kuenta": {}}),
    missing=lambda r, t: stage(r)["RouteSettings"].pop("POST /webhooks/kuenta"),
    half=lambda r, t: limits(r).pop("ThrottlingBurstLimit"),
)


@rule("https://github.com/aws/serverless-application-model/issues/1939")
def the_routes_of_deployed_stacks_stay(stack):
    """A route with settings can't be removed, not even if ANY replaces it: the update fails."""
    own = routes(stack)
    for route in own:
        _, path = route.split(" ", 1)
        if "{" not in path and f"POST {path}" not in own:
            yield path


broken_by(
    the_routes_of_deployed_stacks_stay,
    any=lambda r, t: (
        methods(r).pop("post"),
        stage(r)["RouteSettings"].pop("POST /webhooks/kuenta"),
    ),
)


@rule("https://github.com/storacha/w3infra/pull/166")
def a_trailing_slash_is_served(stack):
    """`/a/` is a different path than `/a`, and no route may end in a slash. `/a/{proxy+}` matches it."""
    own = routes(stack)
    for route in own:
        _, path = route.split(" ", 1)
        if path.endswith("/"):
            yield f"{route} is refused"
        if "{" not in path and not {f"ANY {path}", f"ANY {path}/{{proxy+}}"} <= own:
            yield path


broken_by(
    a_trailing_slash_is_served,
    without=lambda r, t: r["HttpApi"]["Properties"]["Body"]["paths"].pop("/webhooks/kuenta/{proxy+}"),
    ending=lambda r, t: r["HttpApi"]["Properties"]["Body"]["paths"].update({"/webhooks/kuenta/": {"post": {}}}),
)


@rule("https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigatewayv2-stage-routesettings.html")
def http_apis_have_no_execution_log(stack):
    """`DataTraceEnabled` and `LoggingLevel` are only for WebSocket APIs. AWS refuses them on an HTTP API's stage."""
    for name, own in stack.of_type(STAGE):
        for settings in [own.get("DefaultRouteSettings", {}), *own.get("RouteSettings", {}).values()]:
            if {"DataTraceEnabled", "LoggingLevel"} & set(settings):
                yield name


broken_by(
    http_apis_have_no_execution_log,
    default=lambda r, t: stage(r)["DefaultRouteSettings"].update(LoggingLevel="INFO"),
    route=lambda r, t: limits(r).update(DataTraceEnabled=True),
)


@rule(GATEWAY + "http-api-logging.html")
def the_access_log_names_its_request(stack):
    """A log format is one line of at most 3 KB and contains `$context.requestId`."""
    for name, own in stack.of_type(STAGE):
        line = text(own["AccessLogSettings"]["Format"])
        if "$context.requestId" not in line or "\n" in line or len(line) > 3072:
            yield name


broken_by(
    the_access_log_names_its_request,
    nameless=lambda r, t: stage(r)["AccessLogSettings"].update(Format="$context.status"),
    lines=lambda r, t: stage(r)["AccessLogSettings"].update(Format="$context.requestId\n$context.status"),
)


@rule(GATEWAY + "http-api-mutual-tls.html")
def mutual_tls_closes_the_default_url(stack):
    """Mutual TLS applies to the domain only. The default URL stays open unless it is disabled."""
    mutual = [name for name, own in stack.of_type("AWS::ApiGatewayV2::DomainName") if "MutualTlsAuthentication" in own]
    for name, api in stack.of_type("AWS::ApiGatewayV2::Api"):
        if mutual and '"disableExecuteApiEndpoint": true' not in text(api["Body"]):
            yield f"{name} is open beside {mutual}"


broken_by(
    mutual_tls_closes_the_default_url,
    open=lambda r, t: (
        r["HttpApi"]["Properties"]["Body"]["servers"][0].clear(),
        t["Conditions"].update(AsksForCertificates={"Fn::Equals": ["", ""]}, HasDomain={"Fn::Equals": ["", ""]}),
    ),
)


@rule(GATEWAY + "http-api-custom-domain-names.html")
def a_domain_is_regional_and_mapped(stack):
    """An HTTP API's domain is regional, uses TLS 1.2 or later, and has no effect until it is mapped to a stage."""
    mapped = {text(own["DomainName"]) for _, own in stack.of_type("AWS::ApiGatewayV2::ApiMapping")}
    for name, own in stack.of_type("AWS::ApiGatewayV2::DomainName"):
        (settings,) = own["DomainNameConfigurations"]
        if (settings["EndpointType"], settings["SecurityPolicy"]) != ("REGIONAL", "TLS_1_2"):
            yield f"{name}: {settings}"
        if text({"Ref": name}) not in mapped:
            yield f"{name} is not mapped"


broken_by(
    a_domain_is_regional_and_mapped,
    edge=lambda r, t: (
        t["Conditions"].update(HasDomain={"Fn::Equals": ["", ""]}),
        r["Domain"]["Properties"]["DomainNameConfigurations"][0].update(EndpointType="EDGE"),
    ),
    unmapped=lambda r, t: (t["Conditions"].update(HasDomain={"Fn::Equals": ["", ""]}), r.pop("DomainMapping")),
)
