//! The JSON Schemas in `schema/`: they say what the reader of scenarios takes, and what the writers of results write.

mod keys;
mod values;

use crate::scenario::shipped::files;
use boon::{Compiler, Schemas};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// What has a schema.
const NAMES: [&str; 8] = [
    "scenario",
    "run",
    "search",
    "compare",
    "sweep",
    "advice",
    "clients",
    "calibration",
];

fn schema(name: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("schema").join(format!("{name}.json"));
    let text = std::fs::read(&file).unwrap();
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What is wrong with a document by the schema of this name.
fn check(name: &str, document: &Value) -> Result<(), String> {
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.add_resource("schema.json", schema(name)).unwrap();
    let compiled = compiler.compile("schema.json", &mut schemas);
    let index = compiled.unwrap_or_else(|error| panic!("{name}: {error:#}"));
    let checked = schemas.validate(document, index);
    checked.map_err(|error| format!("{error:#}"))
}

/// Fails unless a document fits its schema.
pub fn assert_fits(name: &str, document: &[u8]) {
    let document = serde_json::from_slice(document).unwrap();
    if let Err(why) = check(name, &document) {
        panic!("{name}.json does not fit schema/{name}.json: {why}");
    }
}

/// Fails unless every document of a folder of results fits its schema.
pub fn assert_results_fit(folder: &Path) {
    for name in NAMES {
        if let Ok(document) = std::fs::read(folder.join(format!("{name}.json"))) {
            assert_fits(name, &document);
        }
    }
}

fn scenario(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

#[test]
fn every_shipped_scenario_fits() {
    let shipped = files("scenarios").into_iter();
    let shipped = shipped.chain(files("scenarios/defects"));
    let texts = shipped.map(|path| {
        (
            path.display().to_string(),
            std::fs::read_to_string(path).unwrap(),
        )
    });
    // What is served has no load of its own.
    for path in files("scenarios/serve") {
        let mut served = scenario(&std::fs::read_to_string(&path).unwrap());
        served["load"] = json!({ "users": 1, "subjects": 1 });
        served["story"] = json!([{ "name": "a", "steps": ["create"] }]);
        check("scenario", &served).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    }
    let example = include_str!("scenario/example.toml").to_owned();
    for (name, text) in texts.chain([("the example".to_owned(), example)]) {
        if let Err(why) = check("scenario", &scenario(&text)) {
            panic!("{name}: {why}");
        }
    }
}

/// Calls on every part of a schema.
fn walk(at: &Value, path: &str, visit: &mut impl FnMut(&Value, &str)) {
    visit(at, path);
    match at {
        Value::Object(map) => {
            for (key, value) in map {
                walk(value, &format!("{path}/{key}"), visit);
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                walk(value, &format!("{path}/{number}"), visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether this part says what keys a table has. A table of keys that is itself called `properties` is none.
fn is_table(part: &Value) -> bool {
    part["type"] == "object" && part["properties"].is_object()
}

#[test]
fn no_table_takes_a_key_that_it_does_not_know() {
    for name in NAMES {
        let mut tables = 0;
        walk(&schema(name), "", &mut |part, path| {
            if is_table(part) {
                tables += 1;
                assert_eq!(part["additionalProperties"], json!(false), "{name}: {path}");
                for required in part["required"].as_array().into_iter().flatten() {
                    let key = required.as_str().unwrap();
                    assert!(
                        part["properties"].get(key).is_some(),
                        "{name}: {path}: {key}"
                    );
                }
            }
        });
        assert!(tables > 1, "{name}");
    }
}

#[test]
fn a_wrong_document_does_not_fit() {
    let right = scenario(include_str!("scenario/example.toml"));
    assert_eq!(check("scenario", &right), Ok(()));
    let changes: BTreeMap<&str, Value> = BTreeMap::from([
        ("/seed", json!("42")),
        ("/name", json!("")),
        ("/service/store/slots", json!(0)),
        ("/service/store/bandwidth", json!("1GiB")),
        ("/service/scrub_time", json!("3 dayz")),
        ("/service/profile", json!("v3")),
        ("/load/arrivals/rate", json!("2")),
        (
            "/story/0/steps/3",
            json!({ "wait": { "lognormal": { "median": "1s" } } }),
        ),
        ("/story/1/steps", json!([])),
        ("/fault/0/at", json!("store")),
        ("/fault/0/kind", json!({ "error": { "probability": 1.5 } })),
        ("/thresholds", json!({ "upload": 5 })),
    ]);
    for (path, value) in changes {
        let mut wrong = right.clone();
        *wrong.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        assert!(check("scenario", &wrong).is_err(), "{path}");
    }
    for key in ["schema", "name", "load", "story"] {
        let mut wrong = right.clone();
        wrong.as_object_mut().unwrap().remove(key);
        assert!(check("scenario", &wrong).is_err(), "{key}");
    }
}
