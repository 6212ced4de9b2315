//! docs/hooks.md and README.md show exactly what the command writes, and all their other code compiles as well.

use super::*;

/// The code between fences, with the language.
fn blocks(page: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(language) => {
                open = !open;
                if open {
                    found.push((language, String::new()));
                }
            }
            None if open => found.last_mut().unwrap().1.extend([line, "\n"]),
            None => {}
        }
    }
    found
}

/// Without indentation: a block may come from within a function.
fn plain(code: &str) -> String {
    code.lines().map(|line| line.trim_start().to_owned() + "\n").collect()
}

#[test]
fn the_page_shows_what_is_written() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = fs::read_to_string(docs.join("hooks.md")).unwrap();
    let blocks = blocks(&page);
    let checkout = checkout();
    let root = checkout.path();
    write(root, "orders", &writing_to("orders"));
    let orders = read(root, "functions/consumer/src/hooks/orders.rs");
    let hooks_rs = read(root, "functions/consumer/src/hooks.rs");
    let template = read(root, "template.yaml");
    write(root, "receipts", &Kind::Acting);
    let receipts = read(root, "functions/consumer/src/hooks/receipts.rs");

    let (hook, _) = orders.split_once("\n#[cfg(test)]\n").unwrap();
    assert!(
        blocks.contains(&("rust", hook.to_owned())),
        "docs/hooks.md should have this block:\n{hook}"
    );
    for (text, line) in [
        (&hooks_rs, "mod orders;"),
        (&hooks_rs, "hooks.transactional(orders::Orders::new(setup)?);"),
        (&template, "ORDERS_TABLE: !Ref OrdersTable"),
    ] {
        assert!(text.contains(line) && page.contains(&format!("`{line}`")), "{line}");
    }
    let short = include_str!("../../../../../../shared/testing/tests/page.rs");
    let compiled = [&orders, &hooks_rs, &receipts, short].map(plain).join("");
    let readme = fs::read_to_string(docs.join("../README.md")).unwrap();
    for (language, block) in blocks.iter().chain(&self::blocks(&readme)) {
        let is_held = match *language {
            "rust" => compiled.contains(&plain(block)),
            "yaml" => template.contains(block),
            _ => true,
        };
        assert!(
            is_held,
            "docs/hooks.md or README.md has code that no test compiles or writes:\n{block}"
        );
    }
    assert_eq!(blocks.iter().filter(|(language, _)| *language == "yaml").count(), 2);
}
