//! What a preset's folder has to have.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{COMPILED, provider};

#[test]
fn each_folder_is_a_preset_and_is_compiled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let folders: BTreeSet<String> = folders
        .map(|folder| folder.file_name().into_string().unwrap())
        .collect();
    let compiled: BTreeSet<String> = COMPILED.iter().map(|provider| provider.name.to_owned()).collect();
    assert_eq!(folders, compiled, "folders, and names in COMPILED");
    let presets = acuse_presets::all();
    let complete: BTreeSet<String> = presets.iter().map(|preset| preset.name.to_owned()).collect();
    assert_eq!(folders, complete, "folders, and those that have all files");
}

#[test]
fn a_preset_is_found_by_its_name() {
    for preset in acuse_presets::all() {
        let found = acuse_presets::by_name(preset.name).unwrap();
        assert_eq!(found.display_name, preset.display_name);
        assert_eq!(provider(preset.name).name, found.name);
    }
    assert!(acuse_presets::by_name("nothing").is_none());
}

/// `acuse new provider` replaces the name where it is a literal of its own.
#[test]
fn the_name_is_a_literal_of_its_own_and_nowhere_in_the_types() {
    for preset in acuse_presets::all() {
        let literal = format!("\"{}\"", preset.name);
        assert!(
            preset.provider.contains(&format!("name: {literal},")),
            "{}",
            preset.name
        );
        assert!(preset.provider.contains(&format!(" of {literal}")), "{}", preset.name);
    }
}

/// The gate of an app reads one payload of each type.
#[test]
fn each_type_has_a_fixture() {
    for preset in acuse_presets::all() {
        let names = preset
            .fixtures
            .iter()
            .filter_map(|fixture| fixture.file.rsplit_once('.'));
        let names: BTreeSet<&str> = names.map(|(name, _)| name).collect();
        let types: BTreeSet<&str> = provider(preset.name).types.iter().copied().collect();
        let missing: Vec<_> = types.difference(&names).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", preset.name);
    }
}
