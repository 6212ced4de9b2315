//! Commands that are printed name the stack of the command that prints them. Copied without, they would work on another
//! one.

use std::borrow::Cow;
use std::sync::OnceLock;

struct Stack {
    options: String,
    takes_stack: fn(&str) -> bool,
}

/// Global because errors and remedies are written where nobody knows how the stack was named.
static STACK: OnceLock<Stack> = OnceLock::new();

/// From now on, printed commands have these options, if `takes_stack` says so of the command. Only the first call counts.
pub(crate) fn name_stack(options: String, takes_stack: fn(&str) -> bool) {
    let _ = STACK.set(Stack { options, takes_stack });
}

/// The text with the stack's options in all commands that are in backticks.
pub(crate) fn on_stack(text: &str) -> Cow<'_, str> {
    match STACK.get() {
        Some(stack) if !stack.options.is_empty() => with_options(text, &stack.options, stack.takes_stack),
        _ => Cow::Borrowed(text),
    }
}

fn with_options<'t>(text: &'t str, options: &str, takes_stack: impl Fn(&str) -> bool) -> Cow<'t, str> {
    let (mut named, mut rest) = (String::new(), text);
    while let Some((before, command, after)) = next_command(rest) {
        let (own, others) = command.split_at(pipe(command).unwrap_or(command.len()));
        let is_named = own.contains(" --stack ") || own.contains(" --state ");
        let options = if takes_stack(own) && !is_named { options } else { "" };
        named += &format!("{before}`{own}{options}{others}`");
        rest = after;
    }
    match named.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(named + rest),
    }
}

/// Where the command's own words end: what follows a pipe is another program, unless it is quoted.
fn pipe(command: &str) -> Option<usize> {
    let is_quoted = |at| {
        command
            .get(..at)
            .is_some_and(|before| before.matches('\'').count() % 2 == 1)
    };
    let mut pipes = command.match_indices(" | ").map(|(at, _)| at);
    pipes.find(|&at| !is_quoted(at))
}

/// The text before the next command in backticks, that command, and the text after it.
fn next_command(text: &str) -> Option<(&str, &str, &str)> {
    let (before, _) = text.split_once("`acuse ")?;
    let (command, after) = text.get(before.len() + 1..)?.split_once('`')?;
    Some((before, command, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_a_stack_name_it_and_nothing_else_does() {
        let takes_stack = |command: &str| !command.starts_with("acuse new");
        for (text, expected) in [
            ("nothing to do", "nothing to do"),
            (
                "`acuse dlq list`, fix, `acuse dlq redrive`.",
                "`acuse dlq list --stack a`, fix, `acuse dlq redrive --stack a`.",
            ),
            ("`acuse events show x --stack b`", "`acuse events show x --stack b`"),
            ("`acuse doctor --state b`", "`acuse doctor --state b`"),
            (
                "`acuse events export | jq -r .key`",
                "`acuse events export --stack a | jq -r .key`",
            ),
            ("`acuse events show 'a|b'`", "`acuse events show 'a|b' --stack a`"),
            ("`acuse events show 'a | b'`", "`acuse events show 'a | b' --stack a`"),
            (
                "`git fetch acuse`, `acuse new provider`",
                "`git fetch acuse`, `acuse new provider`",
            ),
            ("a ` and `acuse doctor", "a ` and `acuse doctor"),
            ("of `x`: `acuse doctor`", "of `x`: `acuse doctor --stack a`"),
        ] {
            assert_eq!(with_options(text, " --stack a", takes_stack), expected);
        }
    }
}
