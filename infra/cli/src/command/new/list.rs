//! The two lines of a hook in `hooks.rs`.

use super::name::Name;
use super::text::{NoPlace, Text};

const FILES: &str = "// Yours: your files.";
const HOOKS: &str = "// Yours: your hooks.";

/// `hooks.rs` with the hook's file and the hook. A transactional one goes before those that act, because it is then part
/// of the write that claims the event.
pub(super) fn with_hook(hooks_rs: &str, name: &Name, acts: bool) -> Result<String, NoPlace> {
    let mut text = Text::of("functions/consumer/src/hooks.rs", hooks_rs);
    let (module, hook) = (name.snake(), name.pascal());

    let files = text.find(FILES)? + 1;
    let own = text.lines_from(files).map_while(module_of);
    // Sorted, as rustfmt wants.
    let before = own.take_while(|own| *own < module.as_str());
    let at = files + before.count();
    text.insert(at, &format!("mod {module};"));

    let hooks = text.find(HOOKS)? + 1;
    let call = if acts { "acting" } else { "transactional" };
    let goes_before = |line: &&str| match acts {
        true => line.trim_start().starts_with("hooks."),
        false => line.trim_start().starts_with("hooks.transactional("),
    };
    let at = hooks + text.lines_from(hooks).take_while(goes_before).count();
    text.insert(at, &format!("    hooks.{call}({module}::{hook}::new(setup)?);"));
    Ok(text.into_string())
}

fn module_of(line: &str) -> Option<&str> {
    line.strip_prefix("mod ")?.strip_suffix(';')
}

/// `hooks.rs` without the owner's files and hooks.
pub(super) fn without_yours(hooks_rs: &str) -> String {
    let (mut kept, mut after) = (String::new(), "");
    for line in hooks_rs.split_inclusive('\n') {
        let text = line.trim();
        let is_own = match after {
            FILES => text.starts_with("mod "),
            HOOKS => text.starts_with("hooks."),
            _ => false,
        };
        if !is_own {
            kept += line;
            after = [FILES, HOOKS]
                .into_iter()
                .find(|marker| *marker == text)
                .unwrap_or_default();
        }
    }
    kept
}
