//! Where a provider's parts are in a workspace.

use std::path::{Path, PathBuf};

use crate::command::new::name::Name;

/// The two kinds of workspace that `acuse new provider` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// The folder with a file for each provider.
    files: &'static str,
    /// The file that lists them.
    pub(super) list: &'static str,
    /// What code names them by.
    pub(super) crate_path: &'static str,
    /// The package that their functions depend on for that.
    pub(super) package: &'static str,
    /// The package whose tests compile the files.
    pub(super) tested: &'static str,
    /// Whether it is Acuse itself: its pages and its licence name the providers as well.
    pub(super) is_acuse: bool,
}

/// A clone of Acuse.
const CHECKOUT: Layout = Layout {
    files: "shared/core/src/providers",
    list: "shared/core/src/providers.rs",
    crate_path: "acuse_core::providers",
    package: "acuse-core",
    tested: "acuse-core",
    is_acuse: true,
};

/// A workspace that `acuse new app` made.
const APP: Layout = Layout {
    files: "providers/src",
    list: "providers/src/lib.rs",
    crate_path: "providers",
    package: "providers",
    tested: "providers",
    is_acuse: false,
};

impl Layout {
    /// That of the workspace at `root`.
    pub(super) fn of(root: &Path) -> Self {
        match root.join(APP.list).is_file() {
            true => APP,
            false => CHECKOUT,
        }
    }

    pub(super) fn provider(&self, name: &Name) -> PathBuf {
        PathBuf::from(format!("{}/{}.rs", self.files, name.snake()))
    }

    pub(super) fn function(&self, name: &Name) -> PathBuf {
        PathBuf::from(format!("functions/{}", name.kebab()))
    }

    pub(super) fn fixtures(&self, name: &Name) -> PathBuf {
        PathBuf::from(format!("tests/fixtures/{}", name.kebab()))
    }
}
