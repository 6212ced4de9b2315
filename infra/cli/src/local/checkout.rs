//! Finds the checkout that the working directory is in.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::Error;

/// The workspace's folder, whose contents are built, deployed and run. It is looked up at run time, since a path
/// compiled in would be wrong once the checkout is copied or moved.
#[derive(Debug, Clone)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout that the working directory is in.
    pub fn find() -> Result<Self, Error> {
        let folder = std::env::current_dir().map_err(Error::file("find", "the working directory"))?;
        Self::around(&folder)
    }

    /// The nearest checkout at or above `folder`.
    fn around(folder: &Path) -> Result<Self, Error> {
        match folder.ancestors().find(|folder| is_checkout(folder)) {
            Some(root) => Ok(Self { root: root.into() }),
            None => Err(Error::NoCheckout(folder.into())),
        }
    }

    /// The checkout's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// template.yaml as JSON, where `!Ref x` is `{"Ref": "x"}`.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Template`] if it is not YAML.
    pub fn read_template(&self) -> Result<Value, Error> {
        let path = self.root.join("template.yaml");
        let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        acuse_files::template::read(&text).map_err(|error| Error::Template(error.to_string()))
    }

    /// The folder of the local stack's files, `target/local`, even if cargo builds elsewhere.
    pub fn local(&self) -> PathBuf {
        self.root.join("target").join("local")
    }
}

/// Whether `folder` has what deploying needs: the template, the functions, and the workspace that builds them.
fn is_checkout(folder: &Path) -> bool {
    let workspace = fs::read_to_string(folder.join("Cargo.toml"))
        .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"));
    workspace && folder.join("template.yaml").is_file() && folder.join("functions").is_dir()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::local::build;

    /// Writes a minimal checkout with one function, which prints `text`.
    fn fake(root: &Path, text: &str) {
        let function = root.join("functions/hello");
        fs::create_dir_all(&function).unwrap();
        fs::create_dir_all(root.join("shared/deep")).unwrap();
        let package =
            "[package]\nname = \"hello\"\nedition = \"2024\"\n[[bin]]\nname = \"hello\"\npath = \"main.rs\"\n";
        let main = format!("fn main() {{ println!(\"{text}\") }}\n");
        for (path, content) in [
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"functions/*\"]\nresolver = \"3\"\n",
            ),
            ("template.yaml", &format!("Description: {text}\n")),
            ("functions/hello/Cargo.toml", package),
            ("functions/hello/main.rs", &main),
        ] {
            fs::write(root.join(path), content).unwrap();
        }
    }

    #[test]
    fn the_nearest_checkout_upwards_is_found() {
        let temp = tempfile::tempdir().unwrap();
        let (outer, inner) = (temp.path().join("outer"), temp.path().join("outer/target/copy"));
        fake(&outer, "the outer one");
        fake(&inner, "the copy");
        for folder in ["", "functions", "functions/hello", "shared/deep"] {
            let found = Checkout::around(&inner.join(folder)).unwrap();
            assert_eq!(found.root(), inner, "{folder}");
            assert_eq!(found.read_template().unwrap()["Description"], "the copy");
            assert_eq!(found.local(), inner.join("target/local"));
            assert_eq!(Checkout::around(&outer.join(folder)).unwrap().root(), outer);
        }
    }

    #[test]
    fn a_checkout_needs_all_its_parts() {
        for part in ["Cargo.toml", "template.yaml", "functions"] {
            let temp = tempfile::tempdir().unwrap();
            fake(temp.path(), "incomplete");
            fs::rename(temp.path().join(part), temp.path().join("elsewhere")).unwrap();
            let error = Checkout::around(&temp.path().join("shared")).unwrap_err();
            assert!(error.to_string().contains("shared"), "{error}");
            assert!(error.advice().unwrap().contains("`cd` into"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_checkout_builds_its_own_functions() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["old", "moved"] {
            let root = temp.path().join(name);
            fake(&root, name);
            let checkout = Checkout::around(&root.join("shared/deep")).unwrap();
            let built = build::build(&checkout, &["hello".to_owned()], false).await.unwrap();
            let printed = Command::new(&built["hello"]).output().unwrap().stdout;
            assert_eq!(String::from_utf8(printed).unwrap(), format!("{name}\n"));
        }
    }
}
