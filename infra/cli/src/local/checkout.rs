//! The checkout that this binary was built from.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::Error;
use super::yaml;

/// The workspace's folder. `acuse local` deploys what is in it, so it must still be there.
#[derive(Debug, Clone)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The one that this binary was built from.
    ///
    /// # Errors
    /// [`Error::NoCheckout`] where it has gone since.
    pub fn find() -> Result<Self, Error> {
        let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).components().collect();
        let root = root.ancestors().nth(2).unwrap_or(&root).to_path_buf();
        let manifest = root.join("Cargo.toml");
        if manifest.is_file() {
            Ok(Self { root })
        } else {
            Err(Error::NoCheckout { path: manifest })
        }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is deployed.
    pub fn template(&self) -> PathBuf {
        self.root.join("template.yaml")
    }

    /// What is deployed, as JSON: `!Ref x` is `{"Ref": "x"}`.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Template`] where it is no YAML.
    pub fn read_template(&self) -> Result<Value, Error> {
        let path = self.template();
        let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        yaml::read(&text)
    }

    /// What the local stack makes: `target/local`, wherever cargo itself may build.
    pub fn local(&self) -> PathBuf {
        self.root.join("target").join("local")
    }
}
