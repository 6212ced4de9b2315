use super::*;

const OLD: &str = "Metadata:
  Acuse: { Version: 0.1.0 }
Parameters:
  A: { Type: String }

  # ── Yours: your parameters ──

Resources:
  Ledger:
    Type: AWS::DynamoDB::Table
    UpdateReplacePolicy: Retain
    Properties: { KeySchema: [{ AttributeName: pk }] }
  Queue: { Type: AWS::SQS::Queue }

  # ── Yours: your resources ──
";

fn new() -> String {
    OLD.replace("0.1.0", "0.2.0")
        .replace("  A: {", "  B: { Type: Number, Default: 1 }\n  A: {")
        .replace("pk", "id")
}

/// An app with a table of its owner's.
fn app() -> String {
    OLD.replace(
        "resources ──\n",
        "resources ──\n\n  Orders: { Type: AWS::DynamoDB::Table }\n",
    )
}

fn planned(app: &str, new: String) -> Result<Plan, PlanError> {
    let mut plan = Plan::of(app, &lock::of_template(OLD), new, &[])?;
    plan.compare("")?;
    Ok(plan)
}

#[test]
fn the_new_version_is_written_and_the_owners_part_stays() {
    let plan = planned(&app(), new()).unwrap();
    assert_eq!(plan.from.as_deref(), Some("0.1.0"));
    let expected = new().replace(
        "resources ──\n",
        "resources ──\n\n  Orders: { Type: AWS::DynamoDB::Table }\n",
    );
    assert_eq!(plan.after, expected);
    let names: Vec<&str> = plan.differences.iter().map(|own| own.name.as_str()).collect();
    assert_eq!(names, ["Parameters.B", "Resources.Ledger"]);
    assert!(plan.differences[1].warnings[0].contains("REPLACED"));
    let paths: Vec<&str> = plan.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["template.yaml", "acuse.lock"]);

    let again = Plan::of(&plan.after, &plan.files[1].1, new(), &[]).unwrap();
    assert!(again.is_done(), "{again:?}");
}

#[test]
fn a_change_of_the_owners_is_kept_or_named() {
    let app = app().replace(
        "  Queue: { Type: AWS::SQS::Queue }",
        "  Queue: { Type: AWS::SQS::Queue, Properties: {} }",
    );
    let plan = planned(&app, new()).unwrap();
    assert_eq!(
        (plan.kept, plan.conflicts.len()),
        (vec!["Resources.Queue".to_owned()], 0)
    );
    assert!(plan.after.contains("Properties: {} }"));

    let app = app.replace("AttributeName: pk", "AttributeName: mine");
    let plan = planned(&app, new()).unwrap();
    assert_eq!(plan.conflicts[0].block, "Resources.Ledger");
    assert!(!plan.is_done());
    let overwrite = ["Resources.Ledger".to_owned()];
    let plan = Plan::of(&app, &lock::of_template(OLD), new(), &overwrite).unwrap();
    assert!(plan.conflicts.is_empty() && plan.after.contains("AttributeName: id"));
}

#[test]
fn line_endings_stay() {
    let plan = planned(&app().replace('\n', "\r\n"), new()).unwrap();
    assert!(plan.conflicts.is_empty(), "{:?}", plan.conflicts);
    assert!(!plan.files[0].1.replace("\r\n", "").contains('\n'));
}

#[test]
fn what_does_not_fit_is_an_error() {
    let both = new().replace("  Queue:", "  Orders: { Type: AWS::SQS::Queue }\n  Queue:");
    let error = planned(&app(), both).unwrap_err().to_string();
    assert_eq!(
        error,
        "this version has Resources.Orders as well, which you have in a place marked `Yours`"
    );
    let without = new().replace("# ── Yours: your resources ──", "# Nothing.");
    assert!(matches!(planned(&app(), without), Err(PlanError::NoPlace(marker)) if marker.contains("your resources")));
    assert!(matches!(Plan::of(OLD, "<<<<\n", new(), &[]), Err(PlanError::Lock(1))));
}

/// With the blocks that this version writes for them, wherever Acuse's own are now.
#[test]
fn an_app_keeps_its_own_providers() {
    let names = sections::Names {
        name: "pagos-ya".parse().unwrap(),
        display: "PagosYa".to_owned(),
        secret: "acuse secrets put pagos-ya".to_owned(),
    };
    let before = ours::template();
    let app = sections::with(&before, &names).unwrap();
    assert_eq!(with_providers_of(&app, ours::template()).unwrap(), app);

    let lock = lock::moved(&lock::of_template(&before), &before, &app).unwrap();
    assert_eq!(lock, lock::of_template(&app));
    let plan = Plan::of(&app, &lock, app.clone(), &[]).unwrap();
    assert!(plan.is_done(), "{plan:?}");

    // A built-in one that was removed stays away.
    let removed = sections::names(&app)
        .into_iter()
        .find(|known| known.name.kebab() == "kuenta")
        .unwrap();
    let without = sections::without(&app, &removed).0;
    assert_eq!(with_providers_of(&without, ours::template()).unwrap(), without);

    let other = app.replace("Binary: pagos-ya }", "Binary: other }");
    let other = other.replace("Verifies PagosYa's", "Does");
    let error = with_providers_of(&other, ours::template()).unwrap_err().to_string();
    assert!(error.contains("(other)"), "{error}");
}
