"""DynamoDB, Secrets Manager, and the resources that outlive the stack."""

from .rule import broken_by, rule

TABLE = "AWS::DynamoDB::Table"
KEEPING = {TABLE, "AWS::SQS::Queue", "AWS::SecretsManager::Secret"}


@rule("https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html")
def stateful_resources_outlive_the_stack(stack):
    """`RetainExceptOnCreate` keeps a resource unless the first deployment fails. `Retain` would keep it even then."""
    for name, resource in stack.resources.items():
        policies = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        if resource["Type"] in KEEPING and policies != ("RetainExceptOnCreate", "Retain"):
            yield f"{name}: {policies}"


broken_by(
    stateful_resources_outlive_the_stack,
    orphan=lambda r, t: r["LedgerTable"].update(DeletionPolicy="Retain"),
    deleted=lambda r, t: r["KuentaSecret"].pop("DeletionPolicy"),
    replaced=lambda r, t: r["EventQueue"].pop("UpdateReplacePolicy"),
)


@rule("https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html")
def a_first_deployment_can_be_undone(stack):
    """Nothing can delete a protected table, not even a rollback, so a new stack starts without protection."""
    if stack.template["Parameters"]["ProtectTables"]["Default"] != "false":
        yield "ProtectTables"


broken_by(
    a_first_deployment_can_be_undone, protected=lambda r, t: t["Parameters"]["ProtectTables"].update(Default="true")
)


@rule("https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html")
def attributes_are_those_of_keys(stack):
    """The defined attributes are exactly those in the keys of the table and its indexes."""
    for name, table in stack.of_type(TABLE):
        keys = [table["KeySchema"], *(index["KeySchema"] for index in table.get("GlobalSecondaryIndexes", []))]
        used = {part["AttributeName"] for key in keys for part in key}
        defined = {attribute["AttributeName"] for attribute in table["AttributeDefinitions"]}
        if used != defined:
            yield f"{name}: {sorted(used ^ defined)}"


broken_by(
    attributes_are_those_of_keys,
    unused=lambda r, t: r["PaymentsTable"]["Properties"]["AttributeDefinitions"].append(
        {"AttributeName": "extra", "AttributeType": "S"}
    ),
)


@rule("https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html")
def keys_are_valid(stack):
    """A key is a partition key and at most one sort key, in this order, of type S, N or B. Index names have 3 to 255
    characters."""
    for name, table in stack.of_type(TABLE):
        indexes = table.get("GlobalSecondaryIndexes", [])
        for key in [table["KeySchema"], *(index["KeySchema"] for index in indexes)]:
            if [part["KeyType"] for part in key] not in (["HASH"], ["HASH", "RANGE"]):
                yield f"{name}: {key}"
        if len(indexes) > 20 or not all(3 <= len(index["IndexName"]) <= 255 for index in indexes):
            yield f"{name}: its indexes"
        if {attribute["AttributeType"] for attribute in table["AttributeDefinitions"]} - {"S", "N", "B"}:
            yield f"{name}: its types"


broken_by(
    keys_are_valid,
    backwards=lambda r, t: r["LedgerTable"]["Properties"]["KeySchema"].reverse(),
    truth=lambda r, t: r["PaymentsTable"]["Properties"]["AttributeDefinitions"][0].update(AttributeType="BOOL"),
)


@rule("https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-ssespecification.html")
def kms_keys_need_kms_encryption(stack):
    """`KMSMasterKeyId` and `SSEType` are refused unless KMS encryption is enabled."""
    for name, table in stack.of_type(TABLE):
        own = table["SSESpecification"]
        if {"KMSMasterKeyId", "SSEType"} & set(own) and not own["SSEEnabled"]:
            yield name


broken_by(
    kms_keys_need_kms_encryption,
    off=lambda r, t: r["LedgerTable"]["Properties"]["SSESpecification"].update(SSEEnabled=False),
)


@rule("https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html")
def a_secret_has_one_initial_value(stack):
    """`SecretString` and `GenerateSecretString` exclude each other, and `SecretString` is a constant."""
    for name, secret in stack.of_type("AWS::SecretsManager::Secret"):
        if "GenerateSecretString" in secret or not isinstance(secret.get("SecretString"), str):
            yield name


broken_by(
    a_secret_has_one_initial_value,
    both=lambda r, t: r["KuentaSecret"]["Properties"].update(GenerateSecretString={}),
)
