//! Providers written into a small workspace of each kind. tests/fourth-provider/run writes one into this checkout.

use std::fs;
use std::path::Path;

use super::*;

const CHECKOUT_LIST: &str = include_str!("../../../../../../shared/core/src/providers.rs");
const APP_LIST: &str = "// Yours: your files.\n\nuse acuse_core::provider::Providers;\n\npub const ALL: Providers = Providers::new(&[\n    &kuenta::PROVIDER,\n    // Yours: your providers.\n]);\n";

/// The parts of a workspace that a provider has lines in.
fn workspace(is_app: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for file in ["template.yaml", "Cargo.toml", "Cargo.lock"] {
        fs::copy(here.join(file), root.join(file)).unwrap();
    }
    let (path, list) = match is_app {
        true => ("providers/src/lib.rs", APP_LIST),
        false => ("shared/core/src/providers.rs", CHECKOUT_LIST),
    };
    fs::create_dir_all(root.join(path).with_extension("")).unwrap();
    fs::write(root.join(path), list).unwrap();
    fs::create_dir(root.join("functions")).unwrap();
    folder
}

fn pagosya() -> Names {
    Names {
        name: "pagos-ya".parse().unwrap(),
        display: "PagosYa".to_owned(),
        secret: "acuse secrets put pagos-ya".to_owned(),
    }
}

fn add(root: &Path) -> Result<Plan, PlanError> {
    let plan = plan::add(root, &Layout::of(root), &pagosya(), None)?;
    edit::apply(root, &plan.edits)?;
    Ok(plan)
}

fn remove(root: &Path, force: bool) -> Result<Plan, PlanError> {
    let plan = plan::remove(root, &Layout::of(root), &pagosya().name, force)?;
    edit::apply(root, &plan.edits)?;
    Ok(plan)
}

/// All files with their texts.
fn all(root: &Path) -> Vec<(String, String)> {
    let paths = edit::files(root, Path::new("")).unwrap().into_iter();
    let read = paths.map(|path| {
        (
            path.display().to_string(),
            fs::read_to_string(root.join(&path)).unwrap(),
        )
    });
    read.collect()
}

#[test]
fn a_provider_of_acuses_own_is_neither_overwritten_nor_taken_away() {
    for is_app in [false, true] {
        let workspace = workspace(is_app);
        let (root, before) = (workspace.path(), all(workspace.path()));
        let (layout, kuenta) = (Layout::of(root), "kuenta".parse().unwrap());
        let removed = plan::remove(root, &layout, &kuenta, true);
        let names = Names {
            name: kuenta,
            ..pagosya()
        };
        let added = plan::add(root, &layout, &names, None);
        for refused in [removed, added] {
            let error = refused.err().unwrap().to_string();
            assert!(error.starts_with("`kuenta` is a provider of Acuse's own"), "{error}");
        }
        assert_eq!(all(root), before);
    }
}

#[test]
fn a_provider_is_written_once_and_taken_away_without_a_trace() {
    for is_app in [false, true] {
        let workspace = workspace(is_app);
        let root = workspace.path();
        let before = all(root);
        let written: Vec<_> = add(root)
            .unwrap()
            .edits
            .iter()
            .map(|edit| edit.path.display().to_string())
            .collect();
        let list = if is_app {
            "providers/src/lib.rs"
        } else {
            "shared/core/src/providers.rs"
        };
        let file = if is_app {
            "providers/src/pagos_ya.rs"
        } else {
            "shared/core/src/providers/pagos_ya.rs"
        };
        let expected = [
            file,
            "functions/pagos-ya/Cargo.toml",
            "functions/pagos-ya/src/main.rs",
            "functions/pagos-ya/tests/deliveries.rs",
            "tests/fixtures/pagos-ya/payment.paid.json",
            "tests/fixtures/pagos-ya/payment.refunded.json",
            "tests/fixtures/pagos-ya/vectors.json",
            "tests/fixtures/pagos-ya/keys.txt",
            list,
            "template.yaml",
            "Cargo.toml",
        ];
        assert_eq!(written, expected);
        let text = fs::read_to_string(root.join(list)).unwrap();
        assert!(text.contains("// Yours: your files.\npub mod pagos_ya;\n"), "{text}");
        assert!(
            text.contains("// Yours: your providers.\n    &pagos_ya::PROVIDER,\n]);"),
            "{text}"
        );
        let main = fs::read_to_string(root.join("functions/pagos-ya/src/main.rs")).unwrap();
        let crate_path = if is_app { "providers" } else { "acuse_core::providers" };
        assert!(main.contains(&format!("use {crate_path}::pagos_ya;")), "{main}");
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("\"/webhooks/kuenta\" = \"kuenta\"\n\"/webhooks/pagos-ya\" = \"pagos-ya\"\n"));

        let again = add(root).unwrap();
        assert_eq!(again.edits, []);
        assert!(
            again.left.iter().all(|(_, why)| why.ends_with("already")),
            "{:?}",
            again.left
        );

        assert!(remove(root, false).unwrap().left.is_empty());
        assert_eq!(all(root), before);
        assert!(!root.join("functions/pagos-ya").exists() && !root.join("tests").exists());
        assert!(matches!(remove(root, false), Err(PlanError::Unknown(name)) if name == "pagos-ya"));
    }
}

#[test]
fn the_package_of_its_function_leaves_the_lock_file_as_well() {
    let workspace = workspace(false);
    let root = workspace.path();
    let before = all(root);
    add(root).unwrap();
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let own = "[[package]]\nname = \"pagos-ya\"\nversion = \"0.1.0\"\ndependencies = [\n \"acuse-core\",\n]\n\n[[package]]\nname = \"parking_lot\"";
    let locked = lock.replacen("[[package]]\nname = \"parking_lot\"", own, 1);
    assert_ne!(locked, lock);
    fs::write(root.join("Cargo.lock"), locked).unwrap();
    remove(root, false).unwrap();
    assert_eq!(all(root), before);
}

#[test]
fn what_the_owner_has_written_stays_unless_it_is_forced() {
    let workspace = workspace(false);
    let root = workspace.path();
    add(root).unwrap();
    let file = root.join("shared/core/src/providers/pagos_ya.rs");
    fs::write(&file, "// mine").unwrap();
    fs::write(root.join("tests/fixtures/pagos-ya/payment.voided.json"), "{}").unwrap();
    fs::remove_file(root.join("functions/pagos-ya/src/main.rs")).unwrap();

    let again = add(root).unwrap();
    let wrote: Vec<_> = again.edits.iter().map(|edit| edit.path.display().to_string()).collect();
    assert_eq!(wrote, ["functions/pagos-ya/src/main.rs"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "// mine");

    let before = all(root);
    let error = remove(root, false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "you have changed shared/core/src/providers/pagos_ya.rs, tests/fixtures/pagos-ya/payment.voided.json"
    );
    assert_eq!(all(root), before);
    remove(root, true).unwrap();
    assert!(!file.exists() && !root.join("tests").exists());
}

#[test]
fn nothing_is_written_over_what_is_there() {
    let workspace = workspace(false);
    let root = workspace.path();
    fs::create_dir_all(root.join("functions/pagos-ya")).unwrap();
    fs::write(root.join("functions/pagos-ya/Cargo.toml"), "another package").unwrap();
    let before = all(root);
    assert!(matches!(add(root), Err(PlanError::FileExists(path)) if path.ends_with("Cargo.toml")));
    assert_eq!(all(root), before);
}

#[test]
fn a_preset_is_a_provider_of_another_name() {
    let workspace = workspace(false);
    let root = workspace.path();
    let before = all(root);
    for preset in acuse_presets::all() {
        let plan = plan::add(root, &Layout::of(root), &pagosya(), Some(&preset)).unwrap();
        edit::apply(root, &plan.edits).unwrap();
        let code = fs::read_to_string(root.join("shared/core/src/providers/pagos_ya.rs")).unwrap();
        assert!(
            code.contains("name: \"pagos-ya\"") && code.contains("of \"pagos-ya\""),
            "{}",
            preset.name
        );
        assert!(!code.contains(&format!("\"{}\"", preset.name)), "{}", preset.name);
        assert!(remove(root, false).unwrap().left.is_empty());
        assert_eq!(all(root), before);
    }
}

#[test]
fn names_fit_cargo_urls_and_the_template() {
    assert_eq!(parse_name("mercado_pago").unwrap().kebab(), "mercado-pago");
    for (name, expected) in [
        ("Mercado Pago", "`mercado-pago`"),
        ("consumer", "is a name of Acuse's own"),
        ("acuse-x", "is a name of Acuse's own"),
        ("type", "is a word of Rust"),
        ("pay-2", "`2` does not"),
        ("../x", "lowercase letters"),
    ] {
        let error = parse_name(name).unwrap_err();
        assert!(error.contains(expected), "{name}: {error}");
    }
    assert_eq!(parse_display("Mercado Pago").unwrap(), "Mercado Pago");
    for display in ["", " x", "x'", "${x}", "a: b", "a\nb", "x "] {
        assert!(parse_display(display).is_err(), "{display:?}");
    }
}

/// Under the shortest and the longest name.
#[test]
fn the_example_is_formatted() {
    for name in ["q", "a-provider-name-of-30-chars-xx"] {
        let names = Names {
            name: name.parse().unwrap(),
            display: "Q".to_owned(),
            secret: String::new(),
        };
        for (path, text, _) in parts::files(&Layout::of(Path::new("/nonexistent")), &names, None) {
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("file.rs");
            fs::write(&file, text).unwrap();
            let rustfmt = std::process::Command::new("rustfmt")
                .args(["--check", "--edition", "2024", "--config", "max_width=120"])
                .arg(&file)
                .output()
                .unwrap();
            assert!(
                rustfmt.status.success(),
                "{}: {}",
                path.display(),
                String::from_utf8_lossy(&rustfmt.stdout)
            );
        }
    }
}
