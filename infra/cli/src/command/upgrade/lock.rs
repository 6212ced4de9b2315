//! `acuse.lock`: what Acuse has written into an app's template.yaml, so that changes of the owner's are found.

use std::collections::BTreeMap;

use super::blocks::{Block, blocks, split_yours};

/// At the top of an app, beside template.yaml.
pub(crate) const FILE: &str = "acuse.lock";

const HEAD: &str = "# What Acuse wrote into template.yaml, block by block. `acuse upgrade` compares, and keeps what you\n\
     # changed. Commit this file, and leave it as it is.\n";

/// The block with the version, which every version writes.
pub(crate) const VERSION: &str = "Metadata.Acuse";

/// The digests of Acuse's blocks, by name.
pub(crate) type Digests = BTreeMap<String, String>;

/// The digests of `blocks`.
pub(crate) fn digests(blocks: &[Block]) -> Digests {
    let counted = blocks.iter().filter(|block| block.name != VERSION);
    counted.map(|block| (block.name.clone(), block.digest())).collect()
}

/// The file for a template, of which the owner's part does not count.
pub(crate) fn of_template(template: &str) -> String {
    let (_, ours) = split_yours(&template.replace("\r\n", "\n"));
    render(&digests(&blocks(&ours)))
}

/// The file after Acuse has changed blocks of its own, as `acuse new provider` does. A block that the owner had changed
/// stays changed.
///
/// # Errors
/// The number of the line that is no digest.
pub(crate) fn moved(lock: &str, before: &str, after: &str) -> Result<String, usize> {
    let base = read(lock)?;
    let of = |template: &str| digests(&blocks(&split_yours(&template.replace("\r\n", "\n")).1));
    let (before, mut after) = (of(before), of(after));
    for (name, digest) in &mut after {
        let is_owners = before.contains_key(name) && before.get(name) != base.get(name);
        if let (true, Some(known)) = (is_owners, base.get(name)) {
            known.clone_into(digest);
        }
    }
    // What the owner added is not Acuse's.
    after.retain(|name, _| base.contains_key(name) || !before.contains_key(name));
    // What the owner removed stays removed by them.
    let removed = base.into_iter().filter(|(name, _)| !before.contains_key(name));
    after.extend(removed);
    Ok(render(&after))
}

/// The file.
pub(crate) fn render(digests: &Digests) -> String {
    let lines = digests.iter().map(|(name, digest)| format!("{digest} {name}\n"));
    HEAD.to_owned() + &lines.collect::<String>()
}

/// The digests in the file.
///
/// # Errors
/// The number of the line that is none.
pub(crate) fn read(text: &str) -> Result<Digests, usize> {
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    let entries = lines.map(|(number, line)| {
        let (digest, name) = line.trim().split_once(' ').ok_or(number)?;
        let is_digest = digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_digest.then(|| (name.to_owned(), digest.to_owned())).ok_or(number)
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = of_template("Parameters:\n  A: {}\n\n  # ── Yours: your parameters\n  B: {}\n");
        let read = read(&text).unwrap();
        let names: Vec<&String> = read.keys().collect();
        assert_eq!(names, ["Parameters", "Parameters.A"]);
        assert_eq!(render(&read), text);
    }

    #[test]
    fn only_what_acuse_changed_itself_is_noted() {
        let section = |entries: &str| {
            format!(
                "Resources:\n{}",
                entries.replace(' ', "\n").replace("=", ": ").replace('~', "  ")
            )
        };
        let digests = |text: &str| read(text).unwrap();
        let written = of_template(&section("~a=1 ~b=1 ~c=1"));
        // The owner has changed `b`, removed `c` and added `d`; Acuse changes `a` and `b`, and adds `e`.
        let moved = digests(&moved(&written, &section("~a=1 ~b=9 ~d=9"), &section("~a=2 ~b=2 ~d=9 ~e=2")).unwrap());
        let names: Vec<&String> = moved.keys().collect();
        assert_eq!(
            names,
            ["Resources", "Resources.a", "Resources.b", "Resources.c", "Resources.e"]
        );
        let expected = digests(&of_template(&section("~a=2 ~b=1 ~c=1 ~e=2")));
        assert_eq!(moved, expected);
    }

    #[test]
    fn a_damaged_line_is_named() {
        assert_eq!(read("# a\n0123456789abcdef A\n<<<<<<< HEAD\n"), Err(3));
    }
}
