use std::fs;
use std::path::Path;

use super::*;

fn app(source: &Source) -> Vec<File> {
    files(&"shop".parse().unwrap(), source).unwrap()
}

fn tagged() -> Source {
    Source::git("https://example.com/acuse.git", "v0.1.0").unwrap()
}

fn text<'f>(files: &'f [File], path: &str) -> &'f str {
    let found = files.iter().find(|(own, _)| own == path);
    &found.unwrap_or_else(|| panic!("no {path}")).1
}

/// The checkout's file.
fn real(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

#[test]
fn an_app_has_these_files() {
    let files = app(&tagged());
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    insta::assert_snapshot!(paths.join("\n"));
}

/// The functions are the checkout's own, of which one is embedded.
#[test]
fn mains_are_those_of_the_checkout() {
    let files = app(&tagged());
    for provider in providers::ALL.iter() {
        let path = format!("functions/{}/src/main.rs", provider.name);
        assert_eq!(text(&files, &path), real(&path));
        let path = format!("functions/{}/Cargo.toml", provider.name);
        assert_eq!(
            text(&files, &path),
            real(&path).replace("license.workspace = true\n", "")
        );
    }
}

#[test]
fn the_manifest_has_what_its_packages_use() {
    let files = app(&tagged());
    let manifest = text(&files, "Cargo.toml");
    insta::assert_snapshot!(manifest);
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with("/Cargo.toml")) {
        for line in text
            .lines()
            .filter(|line| line.contains("workspace = true") && !line.starts_with("workspace"))
        {
            let name = line.split_once(['.', ' ']).unwrap().0;
            assert!(manifest.contains(&format!("\n{name} = ")), "{path}: {line}");
        }
    }
}

#[test]
fn a_lock_has_packages_from_elsewhere_only() {
    let lock = cargo_lock();
    assert!(lock.starts_with("# This file") && lock.contains("\nname = \"tokio\"\n"));
    assert!(!lock.contains("name = \"acuse-"), "{lock}");
    let count = |text: &str| text.matches("\nsource = ").count();
    assert_eq!(count(&lock), count(CARGO_LOCK));
}

#[test]
fn settings_name_the_app() {
    let files = app(&tagged());
    let settings = text(&files, "samconfig.toml");
    assert!(settings.contains("stack_name = \"shop\"\n") && settings.contains("stack_name = \"shop-dev\"\n"));
    assert!(!settings.contains("\"acuse"), "{settings}");
    for readme in ["README.md", "README.es.md"] {
        let text = text(&files, readme);
        assert!(
            text.starts_with("# shop\n") && text.contains("https://example.com/acuse/docs"),
            "{text}"
        );
        assert!(!text.contains(['<', '>']), "{text}");
    }
}

/// The hook is part of it, and no change of the owner's that a fork may have.
#[test]
fn the_hook_is_listed_and_has_its_table() {
    let files = app(&tagged());
    let hooks = text(&files, "functions/consumer/src/hooks.rs");
    assert!(hooks.contains("// Yours: your files.\nmod orders;\n\n"), "{hooks}");
    assert!(text(&files, "template.yaml").contains("  OrdersTable:\n"));
    assert!(text(&files, "functions/consumer/src/hooks/orders.rs").contains("TransactionalHook for Orders"));
    assert!(!text(&files, lock::FILE).contains("OrdersTable"));
    let own = HOOKS.replace("// Yours: your files.\n", "// Yours: your files.\nmod mine;\n");
    assert_eq!(list::without_yours(&own), list::without_yours(HOOKS));
}

#[test]
fn an_app_ignores_what_is_not_for_git() {
    let ignored = ignored();
    for line in ["target/", "/local.secrets.json", ".aws-sam/"] {
        assert!(ignored.lines().any(|own| own == line), "{ignored}");
    }
    assert!(!ignored.contains(".ci"), "{ignored}");
}
