//! A module only imports from the layers below it, as `src/lib.rs` says. Tests may import from anywhere.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// From the lowest layer to the highest. The two halves don't know each other, nor the endpoint at the provider.
const CHAINS: [&str; 3] = [
    "error clock json account metric wire provider receive",
    "error clock json account metric wire provider event providers hook ledger consume destination summary",
    "error clock json account endpoint",
];

#[test]
fn modules_only_import_from_layers_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for file in sources(&root) {
        let inside = file.strip_prefix(&root).unwrap().with_extension("");
        let names: Vec<&str> = inside.iter().map(|name| name.to_str().unwrap()).collect();
        let module = names[0];
        if ["lib", "testing"].contains(&module) || names.contains(&"tests") {
            continue;
        }
        let source = fs::read_to_string(&file).unwrap();
        let product = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = product.lines().filter(|line| !line.trim_start().starts_with("//"));
        // Providers' files say `acuse_core::`, as an app's own do, and name the macros of `providers`.
        let code = code.filter(|line| !line.starts_with("use acuse_core::{event_types"));
        let code: String = code
            .map(|line| line.replace("acuse_core::", "crate::") + "\n")
            .collect();
        for import in code.replace("$crate::__private", "").split("crate::").skip(1) {
            let used = import.split(|c: char| !c.is_ascii_lowercase()).next().unwrap();
            let place = |chain: &str, name| chain.split(' ').position(|own| own == name);
            let is_below = |chain: &&str| place(chain, used).is_some_and(|used| Some(used) <= place(chain, module));
            let allowed = CHAINS.iter().any(is_below);
            assert!(allowed, "{}: `{module}` imports `{used}`", file.display());
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} imports found");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let inner = folders.iter().flat_map(|folder| sources(folder));
    files
        .into_iter()
        .chain(inner)
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect()
}
