//! Acuse's part of an app's template.yaml, as this version writes it.

use super::blocks::split_yours;

/// The version of this tool, and so of what it writes.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

const TEMPLATE: &str = include_str!("../../../embedded/template.yaml");

const METADATA: &str = "Metadata:\n";

/// template.yaml with empty places for the owner, and with the version that wrote it.
pub(crate) fn template() -> String {
    let (_, ours) = split_yours(TEMPLATE);
    let version = format!(
        "{METADATA}  # The version of Acuse that wrote this file. `acuse upgrade` brings it up to date.\n  Acuse: {{ Version: {VERSION} }}\n"
    );
    ours.replacen(METADATA, &version, 1)
}

#[cfg(test)]
mod tests {
    use super::super::blocks::{blocks, with_yours};
    use super::*;

    #[test]
    fn an_apps_template_is_the_checkouts_with_a_version() {
        let (yours, _) = split_yours(TEMPLATE);
        let own = with_yours(&template(), &yours).unwrap();
        let read = |text: &str| acuse_files::template::read(text).unwrap();
        let (mut app, checkout) = (read(&own), read(TEMPLATE));
        assert_eq!(app["Metadata"]["Acuse"]["Version"], VERSION);
        app["Metadata"].as_object_mut().unwrap().remove("Acuse");
        assert_eq!(app, checkout);
    }

    /// Each entry is a block of its own, so that each can be compared.
    #[test]
    fn every_entry_is_one_block() {
        let json = acuse_files::template::read(&template()).unwrap();
        let names: Vec<String> = blocks(&template()).into_iter().map(|block| block.name).collect();
        for section in ["Parameters", "Rules", "Conditions", "Globals", "Resources", "Outputs"] {
            for name in json[section].as_object().unwrap().keys() {
                let name = format!("{section}.{name}");
                assert_eq!(names.iter().filter(|own| **own == name).count(), 1, "{name}");
            }
        }
    }
}
