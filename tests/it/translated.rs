//! The Spanish pages keep up with the English ones.
//!
//! A comment above each heading of a Spanish page names the English heading that it translates,
//! `<!-- en: operations.md#alarms -->`, or the page, `<!-- en: hooks.md -->`. A translated section has all headings
//! one level below the English one, in the same order; `<!-- en: hooks.md in part -->` may leave some out. Code and
//! commands are the same, apart from comments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The pages, by what `en:` calls them.
type Pages = BTreeMap<String, String>;

/// What a command in the text begins with.
const PROGRAMS: [&str; 5] = ["acuse ", "aws ", "cargo ", "gh ", "sam "];

#[test]
fn spanish_pages_have_the_headings_and_code_of_the_english_ones() {
    let mut english = pages("docs");
    english.insert("README.md".to_owned(), read(&root().join("README.md")));
    let mut spanish = pages("docs/es");
    spanish.insert("../README.es.md".to_owned(), read(&root().join("README.es.md")));
    let problems = spanish.iter().flat_map(|(name, page)| {
        let problems = compare(page, &english).into_iter();
        problems.map(move |problem| format!("docs/es/{name}: {problem}"))
    });
    let problems = problems.collect::<Vec<_>>();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pages(folder: &str) -> Pages {
    let files = std::fs::read_dir(root().join(folder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(&path)))
        .collect()
}

/// What a Spanish page lacks, or has and should not have.
fn compare(page: &str, english: &Pages) -> Vec<String> {
    let mut problems = Vec::new();
    let (mut translated, mut wholes) = (Vec::new(), Vec::new());
    for heading in headings(page) {
        let Some(source) = heading.source else {
            problems.push(format!(
                "`{}` has no comment `<!-- en: PAGE#ANCHOR -->` above it",
                heading.text
            ));
            continue;
        };
        let (source, in_part) = match source.strip_suffix(" in part") {
            Some(source) => (source, true),
            None => (source, false),
        };
        let (file, anchor) = source.split_once('#').unwrap_or((source, ""));
        let all = headings(english.get(file).map_or("", String::as_str));
        match all.iter().position(|own| anchor.is_empty() || own.anchor == anchor) {
            None => problems.push(format!("`{}` translates {source}, which does not exist", heading.text)),
            Some(at) => {
                translated.push((file, all[at].anchor.clone()));
                if !in_part {
                    wholes.push((file, below(&all, at)));
                }
            }
        }
    }
    for (file, wanted) in wholes {
        let ours = translated
            .iter()
            .filter(|(own, anchor)| *own == file && wanted.contains(anchor));
        let ours = ours.map(|(_, anchor)| anchor.clone()).collect::<Vec<_>>();
        if ours != wanted {
            problems.push(format!("{file} has the headings {wanted:?}, and this page {ours:?}"));
        }
    }
    let sources = translated.iter().map(|(file, _)| english[*file].as_str());
    let known = sources.flat_map(code).collect::<BTreeSet<_>>();
    let unknown = code(page).into_iter().filter(|line| !known.contains(line));
    problems.extend(unknown.map(|line| format!("no English page of this one has `{line}`")));
    problems
}

struct Heading<'a> {
    level: usize,
    text: &'a str,
    anchor: String,
    source: Option<&'a str>,
}

/// The headings of a page, each with the comment above it.
fn headings(page: &str) -> Vec<Heading<'_>> {
    let (mut headings, mut source, mut code) = (Vec::new(), None, false);
    for line in page.lines().filter(|line| !line.trim().is_empty()) {
        code ^= line.trim_start().starts_with("```");
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if !code && level > 0 {
            let text = line[level..].trim();
            let anchor = anchor(text);
            headings.push(Heading {
                level,
                text,
                anchor,
                source,
            });
        }
        source = line
            .strip_prefix("<!-- en: ")
            .and_then(|rest| rest.strip_suffix(" -->"));
    }
    headings
}

/// As GitHub and mdBook make it.
fn anchor(text: &str) -> String {
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c })
        .collect::<String>()
        .to_lowercase()
}

/// The anchors of the headings one level below the heading at `at`.
fn below(headings: &[Heading<'_>], at: usize) -> Vec<String> {
    let level = headings[at].level;
    let inside = headings[at + 1..].iter().take_while(|heading| heading.level > level);
    inside
        .filter(|heading| heading.level == level + 1)
        .map(|heading| heading.anchor.clone())
        .collect()
}

/// The lines of a page's code, and the commands in its text, without comments.
fn code(page: &str) -> BTreeSet<&str> {
    let (mut found, mut language) = (BTreeSet::new(), None);
    for line in page.lines().map(str::trim) {
        if let Some(begun) = line.strip_prefix("```") {
            language = if language.is_some() { None } else { Some(begun) };
            continue;
        }
        match language {
            // A drawing, or a query.
            Some("") => {}
            Some("rust") => _ = found.insert(line.split("//").next().unwrap_or_default().trim()),
            Some(_) if line.starts_with('#') => {}
            Some(_) => _ = found.insert(line.split(" #").next().unwrap_or_default().trim()),
            None => {
                let inline = line.split('`').skip(1).step_by(2);
                found.extend(inline.filter(|code| PROGRAMS.iter().any(|program| code.starts_with(program))));
            }
        }
    }
    found
}

mod rules {
    use super::*;

    const ENGLISH: &str = "# Operations\n## Alarms\n### Silent\nRun `acuse doctor`.\n### 5xx\n## Health check\n";

    fn problems(spanish: &str) -> Vec<String> {
        compare(
            spanish,
            &Pages::from([("operations.md".to_owned(), ENGLISH.to_owned())]),
        )
    }

    const ALARMS: &str = "<!-- en: operations.md in part -->\n# Operación\n<!-- en: operations.md#alarms -->\n## Alarmas\n\
         <!-- en: operations.md#silent -->\n### Silencio\nEjecuta `acuse doctor`.\n";

    #[test]
    fn a_translated_part_is_fine() {
        let page = format!("{ALARMS}<!-- en: operations.md#5xx -->\n### 5xx\n");
        assert_eq!(problems(&page), Vec::<String>::new());
    }

    #[test]
    fn a_missing_alarm_is_noticed() {
        assert!(problems(ALARMS)[0].contains("5xx"));
    }

    #[test]
    fn a_heading_without_a_source_is_noticed() {
        assert!(problems("# Operación\n")[0].contains("no comment"));
    }

    #[test]
    fn a_heading_that_is_gone_is_noticed() {
        assert!(problems("<!-- en: operations.md#gone -->\n# Operación\n")[0].contains("does not exist"));
    }

    #[test]
    fn a_command_that_is_gone_is_noticed() {
        let page = "<!-- en: operations.md in part -->\n# Operación\n```sh\nacuse doctor   # todo\nacuse gone\n```\n";
        assert_eq!(problems(page), ["no English page of this one has `acuse gone`"]);
    }
}
