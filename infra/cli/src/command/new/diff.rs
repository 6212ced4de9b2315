//! The plan as a diff. Nothing is ever removed, so it has no lines with `-`.

use super::plan::Change;

/// Lines shown before and after what is added.
const AROUND: usize = 2;

impl Change {
    pub(super) fn diff(&self) -> Vec<String> {
        let path = self.path.display();
        let Some(before) = &self.before else {
            let added = self.after.lines().map(|line| format!("+{line}"));
            return std::iter::once(format!("+++ {path} (new)")).chain(added).collect();
        };
        let mut old = before.lines().peekable();
        let lines: Vec<(bool, &str)> = self
            .after
            .lines()
            .map(|line| (old.next_if_eq(&line).is_none(), line))
            .collect();
        let mut diff = vec![format!("+++ {path}")];
        let mut shown_to = 0;
        for (at, (_, line)) in lines.iter().enumerate() {
            let near = lines.iter().skip(at.saturating_sub(AROUND));
            let is_near = near.take(at.min(AROUND) + AROUND + 1).any(|(is_added, _)| *is_added);
            if !is_near {
                continue;
            }
            if at > shown_to {
                diff.push(format!("@@ line {} @@", at + 1));
            }
            shown_to = at + 1;
            let is_added = lines.get(at).is_some_and(|(is_added, _)| *is_added);
            diff.push(format!("{}{line}", if is_added { '+' } else { ' ' }));
        }
        diff
    }
}
