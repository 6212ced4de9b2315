//! Items that tables start with: `infra/local/seed/*.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::Error;
use super::tables;

/// The items to start with, by the table's logical id, from the files in `folder`, if there is one. A file has items in
/// plain JSON by table: `{"OrdersTable": [{"pk": "ORD-1", "status": "open"}]}`.
///
/// # Errors
/// [`Error::Own`] if a file has another form, or names a table that is not in `known`.
pub(super) fn read(folder: &Path, known: &BTreeMap<String, String>) -> Result<BTreeMap<String, Vec<Value>>, Error> {
    let mut seed: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let Ok(files) = fs::read_dir(folder) else {
        return Ok(seed);
    };
    let mut files: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    // So that of two items with the same key, the same one wins each time.
    files.sort();
    for path in files {
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let own = |problem: String| Error::Own {
            path: path.clone(),
            problem,
        };
        let tables: BTreeMap<String, Vec<Map<String, Value>>> = serde_json::from_str(&text)
            .map_err(|error| own(format!("expected {{\"Table\": [{{item}}, …]}}: {error}")))?;
        for (table, items) in tables {
            if !known.contains_key(&table) {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let names = names.join(", ");
                return Err(own(format!("template.yaml has no table {table}; there are {names}")));
            }
            seed.entry(table).or_default().extend(items.iter().map(tables::item));
        }
    }
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seeded(text: &str) -> Result<BTreeMap<String, Vec<Value>>, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("orders.json"), text).unwrap();
        fs::write(folder.path().join("README.md"), "not JSON").unwrap();
        let known = [("OrdersTable".to_owned(), "stack-OrdersTable-1".to_owned())].into();
        read(folder.path(), &known).map_err(|error| error.to_string())
    }

    #[test]
    fn items_are_plain_json() {
        let seed =
            seeded(r#"{"OrdersTable": [{"pk": "ORD-1", "total": 150000.10, "open": true, "lines": [{"sku": null}]}]}"#);
        let item = json!({
            "pk": {"S": "ORD-1"},
            "total": {"N": "150000.1"},
            "open": {"BOOL": true},
            "lines": {"L": [{"M": {"sku": {"NULL": true}}}]},
        });
        assert_eq!(seed.unwrap()["OrdersTable"], [item]);
    }

    #[test]
    fn an_error_names_the_file_and_what_there_is() {
        let error = seeded(r#"{"Orders": []}"#).unwrap_err();
        assert!(
            error.contains("orders.json: template.yaml has no table Orders; there are OrdersTable"),
            "{error}"
        );
        let error = seeded(r#"[{"pk": "ORD-1"}]"#).unwrap_err();
        assert!(error.contains("orders.json: expected"), "{error}");
    }

    #[test]
    fn no_folder_is_no_seed() {
        assert!(read(Path::new("/nonexistent"), &BTreeMap::new()).unwrap().is_empty());
    }
}
