//! An app is written once, and knows its version. tests/app/run builds one and upgrades it.

use std::fs;

use super::*;

/// Runs `acuse` in `folder`: its exit code, and what it printed.
async fn acuse_in(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acuse"));
    command.args(arguments).current_dir(folder).env_remove("ACUSE_STACK");
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await.unwrap().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// An app that depends on a repository that does not exist.
async fn app(temp: &Path) -> PathBuf {
    let arguments = [
        "new",
        "app",
        "shop",
        "--acuse-git",
        "https://user:hidden@example.com/acuse",
        "--acuse-rev",
        "v0.1.0",
    ];
    let (code, printed) = acuse_in(temp, &arguments).await;
    assert_eq!(code, 0, "{printed}");
    temp.join("shop")
}

#[tokio::test]
async fn an_app_is_written_once_and_outside_a_checkout() {
    let temp = tempfile::tempdir().unwrap();
    let path = checkout();
    let of_checkout = ["new", "app", "shop", "--acuse-path", path.to_str().unwrap()];
    let (code, printed) = acuse_in(temp.path(), &[&of_checkout[..], &["--dry-run"]].concat()).await;
    assert_eq!((code, temp.path().join("shop").exists()), (0, false), "{printed}");
    assert!(printed.contains("would write shop/template.yaml"), "{printed}");

    let app = app(temp.path()).await;
    let manifest = fs::read_to_string(app.join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("{ git = \"https://example.com/acuse\", tag = \"v0.1.0\" }"),
        "{manifest}"
    );
    assert!(!manifest.contains("hidden"), "{manifest}");
    for (arguments, expected) in [
        (&of_checkout[..], "error: shop exists already, and is not empty"),
        (
            &["new", "app", "other"],
            "error: an app needs to know where Acuse comes from",
        ),
        (
            &["new", "app", "other", "--acuse-path", "shop"],
            "is not a checkout of Acuse",
        ),
        (&["new", "app", "Shop"], "a name has lowercase letters"),
    ] {
        let (code, printed) = acuse_in(temp.path(), arguments).await;
        assert!(code != 0 && printed.contains(expected), "{printed}");
    }
    let (code, printed) = acuse_in(&path, &["new", "app", "zz-of-a-test", "--dry-run"]).await;
    assert!(
        code == 1 && printed.contains("is inside the checkout of Acuse"),
        "{printed}"
    );
}

#[tokio::test]
async fn an_upgrade_is_checked_shown_and_written() {
    let temp = tempfile::tempdir().unwrap();
    let app = app(temp.path()).await;
    let (code, printed) = acuse_in(&app, &["upgrade", "--check"]).await;
    assert!(
        code == 0 && printed.contains("template.yaml is up to date with Acuse"),
        "{printed}"
    );

    // As an earlier version wrote it, whose ledger had another key.
    let path = app.join("template.yaml");
    let new = fs::read_to_string(&path).unwrap();
    let version = format!("Acuse: {{ Version: {} }}", env!("CARGO_PKG_VERSION"));
    let old = new.replace(&version, "Acuse: { Version: 0.0.1 }").replace(
        "AttributeName: sk, KeyType: RANGE",
        "AttributeName: sort, KeyType: RANGE",
    );
    assert_ne!(old, new);
    let lock_path = app.join("acuse.lock");
    let written = fs::read_to_string(&lock_path).unwrap();
    fs::write(&path, &old).unwrap();
    // The lock is the new version's, so to it the owner has changed the key.
    let (code, printed) = acuse_in(&app, &["upgrade", "--check"]).await;
    assert!(
        code == 1 && printed.contains("Resources.LedgerTable: your change stays"),
        "{printed}"
    );

    let ledger = |line: &str| line.ends_with(" Resources.LedgerTable");
    let lock: String = written
        .lines()
        .filter(|line| !ledger(line))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&lock_path, lock).unwrap();
    let overwrite = ["--overwrite", "Resources.LedgerTable"];
    let (code, printed) = acuse_in(&app, &[&["upgrade", "--check"], &overwrite[..]].concat()).await;
    assert_eq!(code, 1, "{printed}");
    for expected in [
        "Acuse 0.0.1 → ",
        "changed  Resources.LedgerTable  Properties.KeySchema",
        "WARNING",
        "is REPLACED by a new, empty one",
    ] {
        assert!(printed.contains(expected), "{expected}: {printed}");
    }
    let (code, printed) = acuse_in(&app, &[&["upgrade", "--dry-run"], &overwrite[..]].concat()).await;
    assert!(
        code == 0 && printed.contains("+        - { AttributeName: sk, KeyType: RANGE }"),
        "{printed}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), old);
    let (code, printed) = acuse_in(&app, &[&["upgrade"], &overwrite[..]].concat()).await;
    assert_eq!(code, 0, "{printed}");
    assert_eq!(
        (
            fs::read_to_string(&path).unwrap(),
            fs::read_to_string(&lock_path).unwrap()
        ),
        (new, written)
    );
}

#[tokio::test]
async fn the_version_is_written_and_a_fork_is_merged() {
    let temp = tempfile::tempdir().unwrap();
    let app = app(temp.path()).await;
    let (code, printed) = acuse_in(&app, &["upgrade", "--to", "v0.2.0"]).await;
    assert_eq!(code, 0, "{printed}");
    let manifest = fs::read_to_string(app.join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("tag = \"v0.2.0\"") && !manifest.contains("tag = \"v0.1.0\""),
        "{manifest}"
    );
    for arguments in [&["upgrade", "--check"][..], &["upgrade", "--to", "v0.2.0"]] {
        let (code, printed) = acuse_in(&checkout(), arguments).await;
        assert!(
            code == 1 && printed.contains("is a fork of Acuse") && printed.contains("git merge"),
            "{printed}"
        );
    }
}
