//! Brings Acuse's blocks of a template to another version, and keeps what the owner changed where Acuse did not.

use std::collections::BTreeMap;

use super::blocks::Block;
use super::lock::{Digests, VERSION};

/// The blocks of the new version, with the owner's changes.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    pub(crate) blocks: Vec<Block>,
    /// Blocks that the owner changed or removed, and Acuse did not change.
    pub(crate) kept: Vec<String>,
    /// Blocks that can't be brought to the new version.
    pub(crate) conflicts: Vec<Conflict>,
}

/// A block that the owner changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) block: String,
    pub(crate) cause: Cause,
}

/// What was done to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    BothChanged,
    OwnerChangedAcuseRemoved,
    OwnerRemovedAcuseChanged,
    OwnerAdded,
}

impl Cause {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::BothChanged => "you changed it, and so does this version",
            Self::OwnerChangedAcuseRemoved => "you changed it, and this version removes it",
            Self::OwnerRemovedAcuseChanged => "you removed it, and this version changes it",
            Self::OwnerAdded => "you added it outside the places marked `Yours`",
        }
    }
}

/// `new` with what the owner changed in `app` since Acuse wrote the blocks with the digests `base`. Of a block in
/// `overwrite`, the owner's changes are dropped.
pub(crate) fn merge(base: &Digests, app: &[Block], new: Vec<Block>, overwrite: &[String]) -> Merged {
    let own: BTreeMap<&str, &Block> = app.iter().map(|block| (block.name.as_str(), block)).collect();
    let drops = |name: &str| overwrite.iter().any(|overwritten| overwritten == name);
    let mut merged = Merged::default();
    let names: Vec<String> = new.iter().map(|block| block.name.clone()).collect();
    for block in new {
        let name = block.name.clone();
        let (digest, before) = (block.digest(), base.get(&name));
        let (is_kept, cause) = match own.get(name.as_str()) {
            _ if name == VERSION || drops(&name) => (false, None),
            Some(own) if own.digest() == digest || before == Some(&own.digest()) => (false, None),
            Some(_) if before == Some(&digest) => (true, None),
            Some(_) => (false, Some(Cause::BothChanged)),
            None if before.is_none() => (false, None),
            None if before == Some(&digest) => (true, None),
            None => (false, Some(Cause::OwnerRemovedAcuseChanged)),
        };
        if let Some(cause) = cause {
            merged.conflicts.push(Conflict { block: name, cause });
            merged.blocks.push(block);
        } else if is_kept {
            merged.blocks.extend(own.get(name.as_str()).map(|own| (*own).clone()));
            merged.kept.push(name);
        } else {
            merged.blocks.push(block);
        }
    }
    for own in app.iter().filter(|own| !names.contains(&own.name) && !drops(&own.name)) {
        let cause = match base.get(&own.name) {
            Some(before) if *before == own.digest() => continue,
            Some(_) => Cause::OwnerChangedAcuseRemoved,
            None if own.name == VERSION => continue,
            None => Cause::OwnerAdded,
        };
        let block = own.name.clone();
        merged.conflicts.push(Conflict { block, cause });
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::super::lock::digests;
    use super::*;

    fn blocks(text: &str) -> Vec<Block> {
        let block = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap();
            Block {
                name: name.to_owned(),
                text: format!("{value}\n"),
            }
        };
        text.split_whitespace().map(block).collect()
    }

    fn merged(base: &str, app: &str, new: &str, overwrite: &[&str]) -> (String, String, String) {
        let overwrite: Vec<String> = overwrite.iter().map(|&name| name.to_owned()).collect();
        let merged = merge(&digests(&blocks(base)), &blocks(app), blocks(new), &overwrite);
        let shown: Vec<String> = merged
            .blocks
            .iter()
            .map(|block| format!("{}={}", block.name, block.text.trim()))
            .collect();
        let conflicts: Vec<String> = merged
            .conflicts
            .iter()
            .map(|own| format!("{}:{:?}", own.block, own.cause))
            .collect();
        (shown.join(" "), merged.kept.join(" "), conflicts.join(" "))
    }

    #[test]
    fn without_changes_of_the_owners_the_new_version_is_taken() {
        let (blocks, kept, conflicts) = merged("a=1 b=1 c=1", "a=1 b=1 c=1", "d=2 a=1 b=2", &[]);
        assert_eq!(
            (blocks.as_str(), kept.as_str(), conflicts.as_str()),
            ("d=2 a=1 b=2", "", "")
        );
    }

    #[test]
    fn an_owners_change_is_kept_where_acuse_changed_nothing() {
        let (blocks, kept, conflicts) = merged("a=1 b=1 c=1", "a=9 c=1", "a=1 b=1 c=2", &[]);
        assert_eq!(
            (blocks.as_str(), kept.as_str(), conflicts.as_str()),
            ("a=9 c=2", "a b", "")
        );
    }

    #[test]
    fn where_both_changed_a_block_it_is_named() {
        let (app, new) = ("a=9 c=9 e=9", "a=2 b=2");
        let (_, _, conflicts) = merged("a=1 b=1 c=1", app, new, &[]);
        let expected = "a:BothChanged b:OwnerRemovedAcuseChanged c:OwnerChangedAcuseRemoved e:OwnerAdded";
        assert_eq!(conflicts, expected);
        let (blocks, _, conflicts) = merged("a=1 b=1 c=1", app, new, &["a", "b", "c", "e"]);
        assert_eq!((blocks.as_str(), conflicts.as_str()), (new, ""));
    }

    /// As if the lock was lost.
    #[test]
    fn without_digests_only_what_is_the_same_passes() {
        let (_, kept, conflicts) = merged("x=0", "a=1 b=1", "a=1 b=2 c=1", &[]);
        assert_eq!((kept.as_str(), conflicts.as_str()), ("", "b:BothChanged"));
    }
}
