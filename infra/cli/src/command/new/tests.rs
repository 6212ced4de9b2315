//! Hooks written into a small checkout. tests/own-hook/run writes some into this one, and builds and runs them.

mod page;
mod refusals;

use std::fs;
use std::path::Path;

use super::*;

const HOOKS_RS: &str = "// Yours: your files.

use acuse_aws::Setup;

pub(crate) fn all(setup: &Setup) -> Result<Hooks, Error> {
    let mut hooks = Hooks::default();
    hooks.transactional(acuse_hooks::payments::Payments::from_env(setup)?);
    // Yours: your hooks.
    if let Some(eventbridge) = acuse_hooks::eventbridge::EventBridge::from_env(setup) {
        hooks.acting(eventbridge);
    }
    Ok(hooks)
}
";

const TEMPLATE: &str = "Parameters:
  Environment: { Type: String }

  # ── Yours: your parameters ──

# A comment about rules.
Rules: {}
Resources:
  PaymentsTable:
    Type: AWS::DynamoDB::Table
  ConsumerFunction:
    Properties:
      Environment:
        Variables:
          PAYMENTS_TABLE: !Ref PaymentsTable
          # Yours: your variables.
      Role: !GetAtt ConsumerRole.Arn
  ConsumerRole:
    Properties:
      Policies:
        - PolicyName: consumer
          PolicyDocument: { Statement: [] }
        # Yours: your permissions.

  # ── Yours: your resources ──

Outputs:
  TableName: { Value: !Ref PaymentsTable }
";

/// A checkout with Acuse's hooks alone.
fn checkout() -> tempfile::TempDir {
    let checkout = tempfile::tempdir().unwrap();
    let hooks = checkout.path().join("functions/consumer/src/hooks");
    fs::create_dir_all(&hooks).unwrap();
    fs::write(hooks.with_extension("rs"), HOOKS_RS).unwrap();
    fs::write(checkout.path().join("template.yaml"), TEMPLATE).unwrap();
    checkout
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn writing_to(table: &str) -> Kind {
    let table = name(table).of_table();
    Kind::Transactional { table }
}

fn write(root: &Path, hook: &str, kind: &Kind) {
    let changes = plan::plan(root, &name(hook), kind).unwrap();
    plan::write(root, &changes).unwrap();
}

fn read(root: &Path, file: &str) -> String {
    fs::read_to_string(root.join(file)).unwrap()
}

#[test]
fn a_hook_has_its_lines_and_its_part_of_the_template() {
    let checkout = checkout();
    let root = checkout.path();
    write(root, "orders", &writing_to("orders"));
    write(root, "receipts", &Kind::Acting);
    write(root, "loyalty_points", &writing_to("loyalty-points-table"));
    write(root, "mark-shipped", &writing_to("orders"));
    insta::assert_snapshot!(read(root, "functions/consumer/src/hooks.rs"), @r"
    // Yours: your files.
    mod loyalty_points;
    mod mark_shipped;
    mod orders;
    mod receipts;

    use acuse_aws::Setup;

    pub(crate) fn all(setup: &Setup) -> Result<Hooks, Error> {
        let mut hooks = Hooks::default();
        hooks.transactional(acuse_hooks::payments::Payments::from_env(setup)?);
        // Yours: your hooks.
        hooks.transactional(orders::Orders::new(setup)?);
        hooks.transactional(loyalty_points::LoyaltyPoints::new(setup)?);
        hooks.transactional(mark_shipped::MarkShipped::new(setup)?);
        hooks.acting(receipts::Receipts::new(setup)?);
        if let Some(eventbridge) = acuse_hooks::eventbridge::EventBridge::from_env(setup) {
            hooks.acting(eventbridge);
        }
        Ok(hooks)
    }
    ");
    insta::assert_snapshot!(read(root, "template.yaml"), @r#"
    Parameters:
      Environment: { Type: String }

      # ── Yours: your parameters ──

      ReceiptsUrl:
        Type: String
        Description: The URL that the hook receipts posts payments to.
        Default: http://127.0.0.1:8080/receipts

    # A comment about rules.
    Rules: {}
    Resources:
      PaymentsTable:
        Type: AWS::DynamoDB::Table
      ConsumerFunction:
        Properties:
          Environment:
            Variables:
              PAYMENTS_TABLE: !Ref PaymentsTable
              # Yours: your variables.
              ORDERS_TABLE: !Ref OrdersTable
              RECEIPTS_URL: !Ref ReceiptsUrl
              LOYALTY_POINTS_TABLE: !Ref LoyaltyPointsTable
          Role: !GetAtt ConsumerRole.Arn
      ConsumerRole:
        Properties:
          Policies:
            - PolicyName: consumer
              PolicyDocument: { Statement: [] }
            # Yours: your permissions.
            - PolicyName: hooks
              PolicyDocument:
                Version: "2012-10-17"
                Statement:
                  - Effect: Allow
                    Action: dynamodb:UpdateItem
                    Resource: !GetAtt OrdersTable.Arn
                  - Effect: Allow
                    Action: dynamodb:UpdateItem
                    Resource: !GetAtt LoyaltyPointsTable.Arn

      # ── Yours: your resources ──

      OrdersTable:
        Type: AWS::DynamoDB::Table
        DeletionPolicy: RetainExceptOnCreate
        UpdateReplacePolicy: Retain
        Properties:
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
          KeySchema: [{ AttributeName: pk, KeyType: HASH }]
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
          DeletionProtectionEnabled: !If [Protects, true, false]
          SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !If [HasKey, !Ref KmsKeyArn, !Ref AWS::NoValue] }

      LoyaltyPointsTable:
        Type: AWS::DynamoDB::Table
        DeletionPolicy: RetainExceptOnCreate
        UpdateReplacePolicy: Retain
        Properties:
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
          KeySchema: [{ AttributeName: pk, KeyType: HASH }]
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
          DeletionProtectionEnabled: !If [Protects, true, false]
          SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !If [HasKey, !Ref KmsKeyArn, !Ref AWS::NoValue] }

    Outputs:
      TableName: { Value: !Ref PaymentsTable }
    "#);
    let files = fs::read_dir(root.join("functions/consumer/src/hooks")).unwrap();
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let expected = ["loyalty_points.rs", "mark_shipped.rs", "orders.rs", "receipts.rs"];
    assert_eq!(files, expected);
    assert!(read(root, "functions/consumer/src/hooks/mark_shipped.rs").contains("setup.table(\"ORDERS_TABLE\")"));
}

/// Names as short and as long as they may be.
#[test]
fn what_is_written_is_formatted() {
    let checkout = checkout();
    let root = checkout.path();
    let long = "a-loyalty-points-hook-of-30-ch";
    for (hook, kind) in [
        ("q", writing_to("q")),
        (long, writing_to(long)),
        ("q2", writing_to(long)),
        ("q10", Kind::Acting),
        ("q_a", Kind::Acting),
        ("a-receipts-hook-of-30-chars-xx", Kind::Acting),
    ] {
        assert!(hook.len() <= 30);
        write(root, hook, &kind);
    }
    let rustfmt = std::process::Command::new("rustfmt")
        .args(["--check", "--edition", "2024", "--config", "max_width=120"])
        .arg("functions/consumer/src/hooks.rs")
        .current_dir(root)
        .output()
        .unwrap();
    assert!(rustfmt.status.success(), "{}", String::from_utf8_lossy(&rustfmt.stdout));
}

#[test]
fn a_plan_is_shown_as_a_diff() {
    let checkout = checkout();
    let changes = plan::plan(checkout.path(), &name("receipts"), &Kind::Acting).unwrap();
    let diff: Vec<_> = changes.iter().skip(1).flat_map(plan::Change::diff).collect();
    insta::assert_snapshot!(diff.join("\n"), @r"
    +++ functions/consumer/src/hooks.rs
     // Yours: your files.
    +mod receipts;
     
     use acuse_aws::Setup;
    @@ line 8 @@
         hooks.transactional(acuse_hooks::payments::Payments::from_env(setup)?);
         // Yours: your hooks.
    +    hooks.acting(receipts::Receipts::new(setup)?);
         if let Some(eventbridge) = acuse_hooks::eventbridge::EventBridge::from_env(setup) {
             hooks.acting(eventbridge);
    +++ template.yaml
    @@ line 4 @@
       # ── Yours: your parameters ──
     
    +  ReceiptsUrl:
    +    Type: String
    +    Description: The URL that the hook receipts posts payments to.
    +    Default: http://127.0.0.1:8080/receipts
    +
     # A comment about rules.
     Rules: {}
    @@ line 20 @@
               PAYMENTS_TABLE: !Ref PaymentsTable
               # Yours: your variables.
    +          RECEIPTS_URL: !Ref ReceiptsUrl
           Role: !GetAtt ConsumerRole.Arn
       ConsumerRole:
    ");
    let code = changes.first().unwrap().diff();
    assert_eq!(
        code.first().unwrap(),
        "+++ functions/consumer/src/hooks/receipts.rs (new)"
    );
    assert!(code.iter().skip(1).all(|line| line.starts_with('+')));
}

/// Whatever hooks its owner has added, in whatever form their policy is.
#[test]
fn a_hook_can_be_added_to_this_checkout() {
    use template::TemplateError::NoStatements;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for kind in [writing_to("zz-of-a-test"), Kind::Acting] {
        match plan::plan(&root, &name("zz-of-a-test"), &kind) {
            Ok(changes) => assert_eq!(changes.len(), 3),
            Err(error) => assert!(matches!(error, plan::PlanError::Template(NoStatements)), "{error}"),
        }
    }
}
