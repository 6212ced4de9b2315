//! What is in the way of a hook is named, and nothing is written.

use super::*;

/// What `plan` says of a hook in a checkout whose `file` has `to` instead of `from`.
fn refusal(hook: &str, kind: &Kind, file: &str, from: &str, to: &str) -> String {
    let checkout = checkout();
    let root = checkout.path();
    let path = root.join(file);
    let text = fs::read_to_string(&path).unwrap_or_default();
    assert!(text.contains(from), "{file}: {from}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    let error = plan::plan(root, &name(hook), kind).unwrap_err();
    explained(error).lines().join("\n")
}

#[test]
fn what_is_in_the_way_is_named() {
    let none = ("template.yaml", "", "");
    let hooks_rs = "functions/consumer/src/hooks.rs";
    let own = "  # ── Yours: your resources ──\n";
    let policy = "# Yours: your permissions.\n";
    let refusals: Vec<_> = [
        ("own", writing_to("x"), ("functions/consumer/src/hooks/own.rs", "", "fn name(&self) -> &'static str { \"other\" }")),
        ("orders", writing_to("x"), ("functions/consumer/src/hooks/own.rs", "", "fn name(&self) -> &'static str { \"orders\" }")),
        ("table", writing_to("x"), none),
        ("order", writing_to("x"), none),
        ("payments", writing_to("x"), none),
        ("eventbridge", writing_to("x"), none),
        ("orders", writing_to("payments"), none),
        ("orders", writing_to("orders"), (hooks_rs, "// Yours: your files.\n", "")),
        ("orders", writing_to("orders"), ("template.yaml", "# Yours: your variables.", "")),
        ("orders", writing_to("orders"), ("template.yaml", policy, "# Yours: your permissions.\n        # Yours: your permissions.\n")),
        ("orders", writing_to("orders"), ("template.yaml", "Environment: {", "OrdersTable: {")),
        ("orders", writing_to("orders"), ("template.yaml", "PAYMENTS_TABLE:", "ORDERS_TABLE:")),
        ("orders", Kind::Acting, ("template.yaml", "PAYMENTS_TABLE:", "ORDERS_URL:")),
        ("orders", Kind::Acting, ("template.yaml", "Environment: {", "OrdersUrl: {")),
        ("orders", writing_to("orders"), ("template.yaml", own, "  # ── Yours: your resources ──\n  OrdersTable:\n    Type: AWS::DynamoDB::Table\n    Properties: { KeySchema: [{ AttributeName: id, KeyType: HASH }] }\n")),
        ("orders", writing_to("orders"), ("template.yaml", policy, "# Yours: your permissions.\n        - PolicyName: hooks\n          PolicyDocument: { Statement: [] }\n")),
        ("orders", writing_to("orders"), ("template.yaml", "Rules: {}", "Rules: {")),
    ]
    .into_iter()
    .map(|(hook, kind, (file, from, to))| refusal(hook, &kind, file, from, to))
    .collect();
    insta::assert_snapshot!(refusals.join("\n"), @r"
    error: functions/consumer/src/hooks/own.rs exists already
      what to do: use another name, or edit that hook
    error: there is a hook `orders` already, in functions/consumer/src/hooks/own.rs
      what to do: use another name, or edit that hook
    error: `table` is a word that the code around a hook uses already: use another name
    error: `order` is a word that the code around a hook uses already: use another name
    error: `payments` is a word that the code around a hook uses already: use another name
    error: `eventbridge` is a word that the code around a hook uses already: use another name
    error: the table `PaymentsTable` is Acuse's own: a hook of yours needs a table of yours
      what to do: name another table with `--table`
    error: functions/consumer/src/hooks.rs has no line `// Yours: your files.`, after which what is yours begins
      what to do: put the line back once, as in Acuse's own version, or add the hook by hand, as docs/hooks.md shows
    error: template.yaml has no line `# Yours: your variables.`, after which what is yours begins
      what to do: put the line back once, as in Acuse's own version, or add the hook by hand, as docs/hooks.md shows
    error: template.yaml has the line `# Yours: your permissions.` more than once
      what to do: put the line back once, as in Acuse's own version, or add the hook by hand, as docs/hooks.md shows
    error: template.yaml has `OrdersTable` already
      what to do: use another name for the hook or, with `--table`, for its table
    error: the consumer has a variable `ORDERS_TABLE` already, with another value
      what to do: use another name for the hook or, with `--table`, for its table
    error: the consumer has a variable `ORDERS_URL` already, with another value
      what to do: use another name for the hook or, with `--table`, for its table
    error: template.yaml has `OrdersUrl` already
      what to do: use another name for the hook or, with `--table`, for its table
    error: the table `OrdersTable` has another key than the text `pk`, which the example writes
      what to do: name another table with `--table`
    error: the policy `hooks` in template.yaml has no list `Statement:` to add to
      what to do: add the hook by hand, as docs/hooks.md shows
    error: template.yaml can't be read: invalid indentation at byte 113 line 8 column 1
    ");
}

#[test]
fn a_second_run_changes_nothing() {
    let checkout = checkout();
    let root = checkout.path();
    write(root, "orders", &writing_to("orders"));
    let before = read(root, "template.yaml");
    let error = plan::plan(root, &name("orders"), &writing_to("orders")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "functions/consumer/src/hooks/orders.rs exists already"
    );
    assert_eq!(read(root, "template.yaml"), before);
}

/// Its folder can't be made, so the two other files are not written either.
#[test]
fn where_one_file_cannot_be_written_none_is() {
    let checkout = checkout();
    let root = checkout.path();
    let changes = plan::plan(root, &name("orders"), &writing_to("orders")).unwrap();
    fs::remove_dir(root.join("functions/consumer/src/hooks")).unwrap();
    fs::write(root.join("functions/consumer/src/hooks"), "").unwrap();
    let error = plan::write(root, &changes).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("can't write functions/consumer/src/hooks/orders.rs"),
        "{error}"
    );
    assert_eq!(read(root, "functions/consumer/src/hooks.rs"), HOOKS_RS);
    assert_eq!(read(root, "template.yaml"), TEMPLATE);
    assert_eq!(fs::read_dir(root).unwrap().count(), 2);
}

/// Git keeps no empty folder.
#[test]
fn the_first_hook_makes_its_folder() {
    let checkout = checkout();
    let root = checkout.path();
    fs::remove_dir(root.join("functions/consumer/src/hooks")).unwrap();
    write(root, "orders", &writing_to("orders"));
    assert!(root.join("functions/consumer/src/hooks/orders.rs").exists());
}

/// What the owner wrote stays, in whatever style.
#[test]
fn a_statement_joins_those_that_are_there() {
    let checkout = checkout();
    let root = checkout.path();
    let own = "# Yours: your permissions.
        - PolicyName: hooks
          PolicyDocument:
            Statement:
            # To ship.
            - Effect: Allow
              Action: [sqs:SendMessage]
              Resource: !GetAtt Shipping.Arn

        - PolicyName: another
          PolicyDocument: { Statement: [] }
";
    let template = TEMPLATE.replace("# Yours: your permissions.\n", own);
    fs::write(root.join("template.yaml"), template).unwrap();
    write(root, "orders", &writing_to("orders"));
    let written = read(root, "template.yaml");
    let expected = "
              Resource: !GetAtt Shipping.Arn
            - Effect: Allow
              Action: dynamodb:UpdateItem
              Resource: !GetAtt OrdersTable.Arn

        - PolicyName: another
";
    assert!(written.contains(expected), "{written}");
    // With it, another hook needs no further permission.
    write(root, "late-orders", &writing_to("orders"));
    assert_eq!(read(root, "template.yaml"), written);
}
