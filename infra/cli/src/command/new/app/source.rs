//! Where an app takes Acuse from.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A version of Acuse as cargo fetches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A repository, and a commit or a tag of it.
    Git { url: String, version: String },
    /// A checkout on this machine.
    Path(PathBuf),
}

/// Why there is no source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("an app needs to know where Acuse comes from")]
    Unknown,
    #[error("{0} is not a checkout of Acuse: it has no shared/core")]
    NoCheckout(PathBuf),
    #[error("`{0}` can't be in Cargo.toml")]
    Unfit(String),
}

impl Source {
    pub(super) fn git(url: &str, version: &str) -> Result<Self, SourceError> {
        for text in [url, version] {
            if text.is_empty() || text.contains(|c: char| c == '"' || c == '\\' || c.is_whitespace() || c.is_control())
            {
                return Err(SourceError::Unfit(text.to_owned()));
            }
        }
        Ok(Self::Git {
            url: for_cargo(url),
            version: version.to_owned(),
        })
    }

    pub(super) fn path(path: &Path) -> Result<Self, SourceError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let text = path.to_string_lossy().into_owned();
        if !path.join("shared/core/Cargo.toml").is_file() {
            return Err(SourceError::NoCheckout(path));
        }
        match text.contains(['"', '\\']) {
            true => Err(SourceError::Unfit(text)),
            false => Ok(Self::Path(path)),
        }
    }

    /// The repository that the checkout at `root` was cloned from, at its commit.
    pub(super) fn of_checkout(root: &Path) -> Result<Self, SourceError> {
        let git = |arguments: &[&str]| -> Option<String> {
            let done = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
            let text = String::from_utf8(done.stdout).ok()?;
            (done.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
        };
        let is_acuse = root.join("shared/core/Cargo.toml").is_file();
        let url = git(&["remote", "get-url", "origin"]);
        match (url, git(&["rev-parse", "HEAD"])) {
            (Some(url), Some(commit)) if is_acuse => Self::git(&url, &commit),
            _ => Err(SourceError::Unknown),
        }
    }

    /// A dependency on one of Acuse's crates. `line` is the checkout's, with its path.
    pub(super) fn dependency(&self, line: &str) -> String {
        let (name, parts) = line.split_once(" = ").unwrap_or((line, ""));
        let parts: Vec<&str> = parts.trim_matches(['{', '}', ' ']).split(", ").collect();
        let place = parts.iter().find_map(|part| part.strip_prefix("path = "));
        let place = place.unwrap_or_default().trim_matches('"');
        let mut new = match self {
            Self::Git { url, version } => vec![format!("git = \"{url}\""), of_version(version)],
            Self::Path(path) => vec![format!("path = \"{}\"", path.join(place).display())],
        };
        let others = parts
            .into_iter()
            .filter(|part| !part.starts_with("path = ") && !part.starts_with("version = "));
        new.extend(others.map(str::to_owned));
        format!("{name} = {{ {} }}", new.join(", "))
    }
}

/// `rev = "…"` for a commit, and `tag = "…"` for anything else.
pub(crate) fn of_version(version: &str) -> String {
    let is_commit = (7..=64).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    format!("{} = \"{version}\"", if is_commit { "rev" } else { "tag" })
}

/// `git@host:owner/name` as the URL that cargo takes, and without a password: Cargo.toml is for everybody to read.
fn for_cargo(url: &str) -> String {
    if let Some((scheme, rest)) = url.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = match (scheme, authority.rsplit_once('@')) {
            ("http" | "https", Some((_, host))) => host,
            _ => authority,
        };
        return format!("{scheme}://{host}/{path}");
    }
    match url.split_once(':') {
        Some((host, path)) if host.contains('@') => format!("ssh://{host}/{path}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_the_checkouts_from_elsewhere() {
        let line = "acuse-aws = { version = \"0.1.0\", path = \"shared/aws\", default-features = false }";
        let tag = Source::git("https://example.com/acuse", "v0.2.0").unwrap();
        assert_eq!(
            tag.dependency(line),
            "acuse-aws = { git = \"https://example.com/acuse\", tag = \"v0.2.0\", default-features = false }"
        );
        let commit = Source::git("file:///acuse", "0123abc").unwrap();
        assert_eq!(
            commit.dependency("acuse-cli = { path = \"infra/cli\" }"),
            "acuse-cli = { git = \"file:///acuse\", rev = \"0123abc\" }"
        );
        let path = Source::Path("/acuse".into());
        assert_eq!(
            path.dependency(line),
            "acuse-aws = { path = \"/acuse/shared/aws\", default-features = false }"
        );
    }

    #[test]
    fn a_url_is_one_that_cargo_takes_and_has_no_password() {
        for (url, expected) in [
            (
                "git@example.com:acuse/acuse.git",
                "ssh://git@example.com/acuse/acuse.git",
            ),
            ("https://user:secret@example.com/acuse", "https://example.com/acuse"),
            ("ssh://git@example.com/acuse", "ssh://git@example.com/acuse"),
            ("file:///acuse", "file:///acuse"),
        ] {
            assert_eq!(for_cargo(url), expected);
        }
        assert!(Source::git("https://example.com/a\"b", "v1").is_err());
    }

    #[test]
    fn a_path_is_a_checkout() {
        assert!(matches!(Source::path(Path::new("/")), Err(SourceError::NoCheckout(_))));
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert!(matches!(Source::path(&here), Ok(Source::Path(_))));
    }
}
