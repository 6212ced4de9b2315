//! Presets: providers that `acuse new provider NAME --like PRESET` starts from. Each is a folder of `presets`:
//!
//! | file | what it contains |
//! |---|---|
//! | `provider.rs` | the provider's file, complete |
//! | `fixtures/{type}.json` | a payload of each type, in the shape that the documentation gives it |
//! | `fixtures/shapes/` | other shapes of the same types, under any name |
//! | `vectors.json` | deliveries that verify or don't, and where each is from |
//! | `page.md` | what is documented where, and what is not |
//!
//! The tests compile each `provider.rs` and hold it to its vectors and fixtures.

use include_dir::{Dir, File, include_dir};

static PRESETS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/presets");

/// A provider to start from.
#[derive(Debug, Clone)]
pub struct Preset {
    /// Its name, which is also the provider's in [`provider`](field@Self::provider): `mercado-pago`.
    pub name: &'static str,
    /// The name that people write, the title of its [`page`](field@Self::page): `Mercado Pago`.
    pub display_name: &'static str,
    /// The text of `provider.rs`.
    pub provider: &'static str,
    /// Its payloads, sorted by path.
    pub fixtures: Vec<Fixture>,
    /// The text of `vectors.json`.
    pub vectors: &'static str,
    /// The text of `page.md`.
    pub page: &'static str,
}

/// A sample payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixture {
    /// The file's path in `fixtures`: the event type, and `.json` or, for a form body, `.form`.
    pub file: &'static str,
    /// Its text.
    pub body: &'static str,
}

/// All presets, sorted by name.
pub fn all() -> Vec<Preset> {
    let mut all: Vec<_> = PRESETS.dirs().filter_map(Preset::read).collect();
    all.sort_by_key(|preset| preset.name);
    all
}

/// The preset called `name`.
pub fn by_name(name: &str) -> Option<Preset> {
    Preset::read(PRESETS.get_dir(name)?)
}

impl Preset {
    /// `None` if a file is missing. The tests check that none is.
    fn read(folder: &'static Dir<'static>) -> Option<Self> {
        let text = |name: &str| folder.get_file(folder.path().join(name))?.contents_utf8();
        let page = text("page.md")?;
        let fixtures = folder.get_dir(folder.path().join("fixtures"))?;
        let shapes = fixtures.get_dir(fixtures.path().join("shapes"));
        let mut files: Vec<_> = fixtures
            .files()
            .chain(shapes.iter().flat_map(|shapes| shapes.files()))
            .collect();
        files.sort_by_key(|file| file.path());
        Some(Self {
            name: folder.path().to_str()?,
            display_name: page.lines().next()?.strip_prefix("# ")?,
            provider: text("provider.rs")?,
            fixtures: files
                .into_iter()
                .map(|file| Fixture::read(file, fixtures))
                .collect::<Option<_>>()?,
            vectors: text("vectors.json")?,
            page,
        })
    }
}

impl Fixture {
    fn read(file: &'static File<'static>, folder: &Dir<'_>) -> Option<Self> {
        Some(Self {
            file: file.path().strip_prefix(folder.path()).ok()?.to_str()?,
            body: file.contents_utf8()?,
        })
    }
}
