//! Tables and secrets that outlive the stack: `acuse local --keep`.
//!
//! Items and current secrets are saved by logical id when the stack stops, and put into the new stack's tables and
//! secrets at the next start, whatever else changed in template.yaml. The emulator could save its whole state, but then
//! a changed template would not be deployed. What queues hold is not kept.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{self, Api};
use super::error::Error;
use super::tables;

/// What was kept, by logical id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Items in DynamoDB's JSON.
    pub(super) tables: BTreeMap<String, Vec<Value>>,
    pub(super) secrets: BTreeMap<String, String>,
}

impl Kept {
    /// What the last stack in the folder `state` saved; nothing if there was none.
    pub(super) fn read(state: &Path) -> Result<Self, Error> {
        let path = path(state);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| Error::Own {
                problem: format!("it can't be read, so delete it ({} error)", category(&error)),
                path,
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::file("read", path)(error)),
        }
    }
}

/// Saves a running stack's tables and secrets.
#[derive(Debug)]
pub(super) struct Keep {
    pub(super) api: Api,
    pub(super) state: PathBuf,
    /// Physical ids by logical ids.
    pub(super) tables: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, String>,
}

impl Keep {
    /// Saves them, and returns how many items there are.
    pub(super) async fn save(&self) -> Result<usize, Error> {
        let mut kept = Kept::default();
        for (id, table) in &self.tables {
            kept.tables.insert(id.clone(), tables::scan(&self.api, table).await?);
        }
        for (id, secret) in &self.secrets {
            let call = "secretsmanager.GetSecretValue";
            let answer = self.api.json(call, &json!({"SecretId": secret})).await?;
            kept.secrets
                .insert(id.clone(), api::text(&answer, "/SecretString", call)?.to_owned());
        }
        let path = path(&self.state);
        let new = path.with_extension("new");
        let text = serde_json::to_vec(&kept).unwrap_or_default();
        // It has secrets, perhaps a provider's real one.
        let file = File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&new);
        file.and_then(|mut file| file.write_all(&text))
            .map_err(Error::file("write", &new))?;
        fs::rename(&new, &path).map_err(Error::file("write", &path))?;
        Ok(kept.tables.values().map(Vec::len).sum())
    }
}

/// The file in the folder `state`.
pub(super) fn path(state: &Path) -> PathBuf {
    state.join("kept.json")
}

/// What kind of error it is, without the text, which may quote a secret.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Io => "reading",
        serde_json::error::Category::Eof => "truncated file",
        _ => "JSON",
    }
}
