//! The template's providers have the sections of infra/provider.yaml, and no others.

use std::path::Path;

use super::*;

fn template() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    std::fs::read_to_string(path).unwrap()
}

fn pagosya() -> Names {
    Names {
        name: "pagos-ya".parse().unwrap(),
        display: "Pagos Ya".to_owned(),
        secret: "acuse secrets put pagos-ya".to_owned(),
    }
}

#[test]
fn every_provider_has_exactly_these_sections() {
    let mut rest = template();
    let names = names(&rest);
    let providers: Vec<_> = acuse_core::providers::ALL.names().collect();
    let ours = names.iter().map(|names| names.name.kebab()).collect::<Vec<_>>();
    assert_eq!(ours, providers);
    for names in &names {
        assert_eq!(
            names.differs(&rest),
            None,
            "this section of {} in template.yaml differs from infra/provider.yaml",
            names.display
        );
        let (without, left) = super::without(&rest, names);
        assert!(left.is_empty(), "{left:?}");
        rest = without;
    }
    // What is left names no provider, apart from what is the owner's.
    let mut is_yours = false;
    for line in rest.lines() {
        is_yours = match line.trim_start() {
            text if text.starts_with("# ── Yours") => true,
            text if text.starts_with("# Yours") => true,
            _ if !line.starts_with(' ') && !line.is_empty() => false,
            text if text.starts_with("# ── ") => false,
            text if text.starts_with("Role: ") => false,
            _ => is_yours,
        };
        let named = names.iter().find(|names| {
            let line = line.to_lowercase();
            [names.name.kebab(), &names.name.snake(), &names.display.to_lowercase()]
                .iter()
                .any(|name| line.contains(*name))
        });
        assert!(
            is_yours || named.is_none(),
            "template.yaml names {} outside its sections: {line}",
            named.unwrap().display
        );
    }
}

#[test]
fn a_provider_is_added_and_removed_without_a_trace() {
    let before = template();
    let after = with(&before, &pagosya()).unwrap();
    let read = acuse_files::template::read(&after).unwrap();
    for entry in [
        "/Parameters/PagosYa/Default",
        "/Parameters/PagosYaSilentHours",
        "/Conditions/UsesPagosYa",
        "/Resources/HttpApi/Properties/RouteSettings/ANY ~1webhooks~1pagos-ya~1{proxy+}",
        "/Resources/PagosYaFunction/Properties/Environment/Variables/PAGOS_YA_SECRET_ID",
        "/Resources/PagosYaSilentAlarm",
        "/Outputs/PagosYaSecretId",
    ] {
        assert!(read.pointer(entry).is_some(), "{entry}");
    }
    assert_eq!(read.pointer("/Parameters/PagosYa/Default").unwrap(), "on");
    let throttles = &read["Resources"]["ThrottleAlarm"]["Properties"]["Metrics"];
    assert_eq!(
        throttles.as_array().unwrap().last().unwrap()["Fn::If"][1]["Id"],
        "pagos_ya"
    );
    assert_eq!(names(&after).last(), Some(&pagosya()));
    assert_eq!(
        with(&after, &pagosya()).as_ref(),
        Ok(&after),
        "again, it changes nothing"
    );
    assert_eq!(without(&after, &pagosya()), (before, vec![]));
}

#[test]
fn what_the_owner_has_changed_is_not_taken_away() {
    let after = with(&template(), &pagosya()).unwrap();
    let changed = after.replace("Description: Verifies Pagos Ya's", "Description: Checks Pagos Ya's");
    let (left, sections) = without(&changed, &pagosya());
    assert_eq!(sections, ["resources"]);
    assert!(left.contains("PagosYaFunction:\n") && !left.contains("UsesPagosYa: !Equals"));
}

#[test]
fn a_name_that_the_template_has_is_refused() {
    let taken = template().replace(
        "  # ── Yours: your resources",
        "  PagosYaRole:\n    Type: x\n\n  # ── Yours: your resources",
    );
    assert_eq!(
        with(&taken, &pagosya()),
        Err(SectionError::Taken("PagosYaRole".to_owned()))
    );
    let changed = template().replace("Whether you use", "Whether we use");
    assert_eq!(
        with(&changed, &pagosya()),
        Err(SectionError::NoPlace { section: "parameters" })
    );
}
