#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use super::*;

/// The packages of a lock, and how many hashes each has.
fn packages(lock: &str) -> Vec<(&str, usize)> {
    let mut packages = Vec::new();
    for line in lock.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.split_once("==") {
            Some((name, _)) => packages.push((name, 0)),
            None if line.trim_start().starts_with("--hash=sha256:") => packages.last_mut().unwrap().1 += 1,
            None => assert!(line.is_empty() || line == "--only-binary :all:", "{line}"),
        }
    }
    packages
}

#[test]
fn every_package_has_hashes_and_no_registry() {
    for tools in [EMULATOR, WATCH] {
        let packages = packages(tools.lock);
        assert!(packages.len() > 1, "transitive packages are locked too");
        for (name, hashes) in packages {
            assert!(hashes > 0, "{name} has no hash");
        }
        assert!(!tools.lock.contains("://") && !tools.lock.contains("index-url"));
    }
}

#[tokio::test]
async fn packages_with_another_hash_or_none_are_not_installed() {
    let folder = tempfile::tempdir().unwrap();
    let wheel = folder.path().join("payments-1-py3-none-any.whl");
    fs::write(&wheel, "somebody else's").unwrap();
    let package = format!("payments @ file://{}", wheel.display());
    for (lock, expected) in [
        (
            format!("{package} --hash=sha256:{}\n", "0".repeat(64)),
            "DO NOT MATCH THE HASHES",
        ),
        (format!("{package}\n"), "Hashes are required"),
    ] {
        let tools = Tools {
            name: "a wheel",
            folder: "venv",
            lock: lock.leak(),
        };
        let refused = Venv::prepare(folder.path(), tools, &Progress::default()).await;
        let printed = refused.unwrap_err().to_string();
        assert!(printed.contains(expected), "{printed}");
        assert!(!folder.path().join("venv/installed.txt").exists());
    }
}
