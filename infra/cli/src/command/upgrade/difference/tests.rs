use super::*;

fn compared(old: &str, new: &str, settings: &str) -> Vec<String> {
    let read = |text: &str| acuse_files::template::read(text).unwrap();
    let lines = differences(&read(old), &read(new), settings).into_iter();
    lines
        .map(|own| {
            let mut line = format!("{} {} ({})", own.what.text(), own.name, own.detail);
            own.warnings.iter().for_each(|text| line += &format!(" ! {text}"));
            own.tasks.iter().for_each(|text| line += &format!(" > {text}"));
            line
        })
        .collect()
}

const TABLE: &str =
    "Resources: {T: {Type: AWS::DynamoDB::Table, DeletionPolicy: RetainExceptOnCreate, UpdateReplacePolicy: Retain,
  Properties: {KeySchema: [{AttributeName: pk, KeyType: HASH}],
    AttributeDefinitions: [{AttributeName: pk, AttributeType: S}],
    GlobalSecondaryIndexes: [{IndexName: a}]}}}";

#[test]
fn entries_are_added_changed_and_removed() {
    let old = "{Parameters: {A: {Type: String}, B: {Type: Number, Default: 1}}, Outputs: {X: {Value: 1}}}";
    let new = "{Parameters: {B: {Type: Number, Default: 2}, C: {Type: String}}, Outputs: {X: {Value: 1}}}";
    let settings = "# A=comment\nparameter_overrides = [\"A=1\", \"AB=2\"]";
    assert_eq!(
        compared(old, new, settings),
        [
            "removed Parameters.A (String) > remove `A=…` from samconfig.toml: the parameter is gone",
            "changed Parameters.B (Default)",
            "added Parameters.C (String) > set `C=…` in samconfig.toml: the parameter has no default",
        ]
    );
    assert!(compared(old, old, settings).is_empty());
}

#[test]
fn a_table_with_another_key_is_replaced() {
    let new = TABLE.replace("AttributeName: pk", "AttributeName: id");
    let replaced = "changed Resources.T (Properties.AttributeDefinitions, Properties.KeySchema) \
         ! is REPLACED by a new, empty one, because KeySchema changes; the old one stays in AWS with its contents, outside the stack";
    assert_eq!(compared(TABLE, &new, ""), [replaced]);
    let new = TABLE.replace("AttributeType: S", "AttributeType: N");
    assert!(compared(TABLE, &new, "")[0].contains("because AttributeDefinitions changes"));
}

#[test]
fn a_new_index_is_no_danger_but_two_are_a_task() {
    let new = TABLE
        .replace("{IndexName: a}", "{IndexName: a}, {IndexName: b}")
        .replace(
            "AttributeType: S}",
            "AttributeType: S}, {AttributeName: b, AttributeType: S}",
        );
    let changed = "changed Resources.T (Properties.AttributeDefinitions, Properties.GlobalSecondaryIndexes)";
    assert_eq!(compared(TABLE, &new, ""), [changed]);
    let new = new.replace("{IndexName: a}", "{IndexName: c}");
    assert!(compared(TABLE, &new, "")[0].contains("changes several indexes"));
}

#[test]
fn what_happens_to_data_is_said() {
    assert!(compared(TABLE, "Resources: {}", "")[0].contains("! leaves the stack: it stays in AWS"));
    let deleted = TABLE.replace("DeletionPolicy: RetainExceptOnCreate,", "");
    assert!(compared(&deleted, "Resources: {}", "")[0].contains("! is deleted with its contents"));
    assert!(compared(TABLE, &deleted, "")[0].contains("! is no longer retained"));
    let queue = TABLE.replace("AWS::DynamoDB::Table", "AWS::SQS::Queue");
    assert!(compared(TABLE, &queue, "")[0].contains("! becomes AWS::SQS::Queue"));
    let api = "Resources: {A: {Type: AWS::Serverless::HttpApi}}";
    assert!(compared(api, "Resources: {}", "")[0].contains("its URLs"));
}
