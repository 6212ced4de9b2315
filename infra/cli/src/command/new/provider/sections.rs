//! A provider's parts of template.yaml, from `infra/provider.yaml`.

use std::ops::Range;

use thiserror::Error;

use crate::command::new::name::Name;

/// Embedded, so that it is the one of the tool's version in an app as well.
const SECTIONS: &str = include_str!("../../../../embedded/provider.yaml");

/// What a section's first line begins with.
const HEADING: &str = "--- # ";

/// Most metrics that an alarm may watch, of which other parts of the stack take up to two.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html>
const MOST: usize = 8;

/// The names of a provider, as its part of the template has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) name: Name,
    /// As people write it: `Mercado Pago`.
    pub(crate) display: String,
    /// What the secret's description says about its value.
    pub(crate) secret: String,
}

/// What can't be changed in template.yaml.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum SectionError {
    #[error("template.yaml has no provider whose {section} are as Acuse writes them, after which others could go")]
    NoPlace { section: &'static str },
    #[error("template.yaml has `{0}` already")]
    Taken(String),
    #[error("template.yaml has {MOST} providers, and an alarm can't watch more")]
    TooMany,
}

/// Each section's name and text.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    SECTIONS
        .split(HEADING)
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
}

impl Names {
    /// The text of a section for this provider.
    fn render(&self, section: &str) -> String {
        let name = &self.name;
        section
            .replace("<Name>", &name.pascal())
            .replace("<NAME>", &name.upper())
            .replace("<name>", name.kebab())
            .replace("<id>", &name.snake())
            .replace("<Display>", &self.display)
            .replace("<secret>", &self.secret)
    }

    /// Whether the text has this provider's sections, all of them as they are rendered; otherwise the first that differs.
    pub(crate) fn differs(&self, template: &str) -> Option<&'static str> {
        let mut sections = sections();
        let differing = sections.find(|(_, section)| template.matches(&self.render(section)).count() != 1);
        differing.map(|(section, _)| section)
    }
}

/// The providers of a template, in its order.
pub(crate) fn names(template: &str) -> Vec<Names> {
    let parameters = template.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.strip_suffix("Signature:")?;
        template.contains(&format!("\n  {name}Function:\n")).then_some(name)
    });
    parameters.filter_map(|id| named(template, id)).collect()
}

/// The names of the provider with this logical id.
fn named(template: &str, id: &str) -> Option<Names> {
    let after = |marker: String| template.split_once(&marker).map(|(_, rest)| rest);
    let function = after(format!("\n  {id}Function:\n"))?;
    let between = |start: &str, end: &str| Some(function.split_once(start)?.1.split_once(end)?.0.to_owned());
    let name = between("BuildProperties: { Binary: ", " }")?.parse().ok()?;
    let display = between("Description: Verifies ", "'s webhooks and queues them\n")?;
    let description = after(format!("\n  {id}Secret:\n"))?;
    let description = description.split_once("Description: '")?.1.split_once("'\n")?.0;
    let secret = description.strip_prefix(&format!("{display}: "))?.to_owned();
    Some(Names { name, display, secret })
}

/// `template` with the sections of `new`, each after that of the last provider that has it unchanged. Those that it has
/// already stay.
pub(crate) fn with(template: &str, new: &Names) -> Result<String, SectionError> {
    let known = names(template);
    let is_new = known.iter().all(|known| known.name != new.name);
    if is_new && known.len() >= MOST {
        return Err(SectionError::TooMany);
    }
    let mut text = template.to_owned();
    for (name, section) in sections() {
        let block = new.render(section);
        if text.contains(&block) {
            continue;
        }
        if let Some(taken) = taken(&text, &block) {
            return Err(SectionError::Taken(taken.to_owned()));
        }
        let ends = known.iter().filter_map(|known| {
            let block = known.render(section);
            Some(text.find(&block)? + block.len())
        });
        let at = ends.max().ok_or(SectionError::NoPlace { section: name })?;
        text.insert_str(at, &block);
    }
    Ok(text)
}

/// `template` without the sections of `old` that are as they were rendered, and the names of the others.
pub(crate) fn without(template: &str, old: &Names) -> (String, Vec<&'static str>) {
    let (mut text, mut left) = (template.to_owned(), Vec::new());
    for (name, section) in sections() {
        let block = old.render(section);
        let place: Option<Range<usize>> = text.find(&block).map(|start| start..start + block.len());
        match place {
            Some(place) => text.replace_range(place, ""),
            None => left.push(name),
        }
    }
    (text, left)
}

/// An entry of `block` that `text` has already, under the same name.
fn taken<'b>(text: &str, block: &'b str) -> Option<&'b str> {
    let is_entry = |line: &&str| line.starts_with("  ") && !line.starts_with("   ") && line.contains(':');
    let entries = block.lines().filter(is_entry).filter_map(|line| line.split(':').next());
    let mut taken = entries.filter(|entry| text.lines().any(|line| line.split(':').next() == Some(*entry)));
    taken.next().map(str::trim)
}

#[cfg(test)]
mod tests;
