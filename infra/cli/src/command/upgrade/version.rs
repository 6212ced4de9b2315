//! The version of Acuse in an app's Cargo.toml.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::say;

use super::Failure;
use crate::command::new::app::source::of_version;

/// Writes `version` into Cargo.toml of the app at `root`.
pub(super) fn write(root: &Path, version: &str) -> Result<ExitCode, Failure> {
    if root.join("shared/core/Cargo.toml").is_file() {
        return Err(super::explained(super::PlanError::Fork(root.to_owned())));
    }
    let path = root.join("Cargo.toml");
    let failed = |operation| super::PlanError::file(operation, path.clone());
    let text = fs::read_to_string(&path).map_err(failed("read"))?;
    let is_fit = !version.is_empty()
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./+".contains(c));
    if !is_fit {
        return Err(Failure::new(format!("`{version}` is no tag and no commit")));
    }
    let (new, changed) = with_version(&text, version);
    if changed == 0 {
        let advice = "write the version there by hand; an app that depends on a folder has the version of that folder";
        return Err(Failure::with_advice(
            "Cargo.toml has no line `acuse-… = { git = …, tag = … }`",
            advice,
        ));
    }
    fs::write(&path, new).map_err(failed("write"))?;
    say!("Cargo.toml: Acuse {version}");
    say!("");
    say!("  cargo run -- upgrade --check   # what that changes in template.yaml");
    say!("  cargo run -- upgrade           # writes it");
    Ok(ExitCode::SUCCESS)
}

/// The manifest with the version in each of Acuse's lines, and how many they are.
fn with_version(manifest: &str, version: &str) -> (String, usize) {
    let mut changed = 0;
    let lines = manifest.split_inclusive('\n').map(|line| {
        let (Some(true), true) = (
            line.split_once('=').map(|(name, _)| name.starts_with("acuse-")),
            line.contains("git = "),
        ) else {
            return line.to_owned();
        };
        let place = ["rev = \"", "tag = \""].into_iter().find_map(|key| line.find(key));
        let end = place.and_then(|start| {
            let value = line.get(start..)?.find('"')? + start + 1;
            Some(line.get(value..)?.find('"')? + value + 1)
        });
        match (place, end) {
            (Some(start), Some(end)) => {
                changed += 1;
                let (before, after) = (
                    line.get(..start).unwrap_or_default(),
                    line.get(end..).unwrap_or_default(),
                );
                format!("{before}{}{after}", of_version(version))
            }
            _ => line.to_owned(),
        }
    });
    let new = lines.collect();
    (new, changed)
}

#[cfg(test)]
mod tests {
    use super::with_version;

    #[test]
    fn each_line_of_acuses_gets_the_version() {
        let old = "tokio = { git = \"x\", tag = \"v1\" }
acuse-core = { git = \"x\", tag = \"v0.1.0\" }
acuse-aws = { git = \"x\", rev = \"0123abcd\", default-features = false }
acuse-cli = { path = \"x\" }
";
        let (new, changed) = with_version(old, "v0.2.0");
        let expected = "tokio = { git = \"x\", tag = \"v1\" }
acuse-core = { git = \"x\", tag = \"v0.2.0\" }
acuse-aws = { git = \"x\", tag = \"v0.2.0\", default-features = false }
acuse-cli = { path = \"x\" }
";
        assert_eq!((new.as_str(), changed), (expected, 2));
        assert!(
            with_version(old, "89abcdef01")
                .0
                .contains("rev = \"89abcdef01\", default-features")
        );
    }
}
