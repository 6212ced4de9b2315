//! The two lines of a hook in `hooks.rs`.

use std::cmp::Ordering;

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
    let before = own.filter(|own| in_order(own, &module) == Ordering::Less);
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

/// As rustfmt sorts modules: `_` first, and numbers by their value.
fn in_order(left: &str, right: &str) -> Ordering {
    let chunks = |name: &str| {
        let mut chunks: Vec<(u128, String)> = Vec::new();
        for c in name.chars() {
            let is_digit = c.is_ascii_digit();
            match chunks.last_mut() {
                Some((_, last)) if last.ends_with(|end: char| end.is_ascii_digit()) == is_digit => last.push(c),
                _ => chunks.push((0, c.to_string())),
            }
        }
        for (number, chunk) in &mut chunks {
            *number = chunk.parse().unwrap_or(0);
            *chunk = chunk.replace('_', " ");
        }
        chunks
    };
    chunks(left).cmp(&chunks(right)).then_with(|| left.cmp(right))
}
