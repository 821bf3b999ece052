//! The schema of scenarios has the keys and the names that the reader knows, no more and no fewer.

use super::{is_table, schema, walk};
use crate::scenario::complete;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use stormglass::parse_in;
use stormglass_glance::auth::Environment;

/// A key or a name that is like none.
const UNKNOWN: &str = "zzzzzzzzzzzzzzzzzzzz";

/// What the reader says is known in the place of `§`: it is told something that is unknown.
fn known(text: &str) -> BTreeSet<String> {
    let text = complete(&text.replace('§', UNKNOWN));
    let environment = Environment::new([], Path::new("here"), Path::new("here/etc"));
    let mistakes = parse_in(&environment, "a test", &text, Path::new("."), &[]).unwrap_err();
    let told = mistakes.plain();
    let about = told
        .find(&format!("`{UNKNOWN}`"))
        .unwrap_or_else(|| panic!("{text}\n{told}"));
    let help = told[about..]
        .split("help: ")
        .nth(1)
        .unwrap_or_else(|| panic!("{told}"));
    let help = help.lines().next().unwrap();
    match help.strip_prefix("known here: ") {
        Some(names) => names.split(", ").map(str::to_owned).collect(),
        None if help == "nothing can be written here" => BTreeSet::new(),
        None => panic!("{help}"),
    }
}

/// The part of a schema that a reference names.
fn resolved<'a>(root: &'a Value, part: &'a Value) -> &'a Value {
    let reference = match (&part["$ref"], &part["allOf"][0]["$ref"]) {
        (Value::String(name), _) | (_, Value::String(name)) => name,
        _ => return part,
    };
    root.pointer(reference.trim_start_matches('#')).unwrap()
}

/// All that may stand in a place, whichever of several it is.
fn choices<'a>(root: &'a Value, part: &'a Value) -> Vec<&'a Value> {
    let part = resolved(root, part);
    match part["anyOf"].as_array() {
        Some(choices) => choices
            .iter()
            .flat_map(|choice| choices_of(root, choice))
            .collect(),
        None => vec![part],
    }
}

fn choices_of<'a>(root: &'a Value, part: &'a Value) -> Vec<&'a Value> {
    choices(root, part)
}

/// The table in a place; `path` names its keys, `[]` the elements of a list, `{}` the values of a table of the author's own.
fn table<'a>(root: &'a Value, path: &str) -> &'a Value {
    let mut places = vec![root];
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let all = places.into_iter().flat_map(|place| choices(root, place));
        let below = all.filter_map(|place| match step {
            "[]" => place.get("items"),
            "{}" => place
                .get("additionalProperties")
                .filter(|it| it.is_object()),
            key => place.get("properties").and_then(|keys| keys.get(key)),
        });
        places = below.collect();
    }
    let all = places.into_iter().flat_map(|place| choices(root, place));
    let tables: Vec<&Value> = all.filter(|place| is_table(place)).collect();
    match tables[..] {
        [table] => table,
        ref several => panic!("{path}: {} tables", several.len()),
    }
}

fn keys(table: &Value) -> BTreeSet<String> {
    table["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// Every table of a scenario, and a text with an unknown key in it.
const TABLES: [(&str, &str); 55] = [
    ("", "§ = 1"),
    ("target.embedded", "[target.embedded]\n§ = 1"),
    (
        "target.glance",
        "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n§ = 1",
    ),
    (
        "target.glance.member",
        "[target.glance]\nurl = \"http://127.0.0.1:9292\"\nmember = { user = \"u\", project = \"p\", roles = [\"r\"], § = 1 }",
    ),
    (
        "target.glance.probe",
        "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n[target.glance.probe]\nstore = \"/images\"\n§ = 1",
    ),
    (
        "target.glance.commands.{}",
        "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n[target.glance.commands.x]\nrun = \"true\"\n§ = 1",
    ),
    (
        "target.glance.last_resort",
        "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n[target.glance.last_resort]\nrun = \"true\"\n§ = 1",
    ),
    ("serve", "[serve]\n§ = 1"),
    ("serve.users.[]", "[[serve.users]]\nname = \"a\"\n§ = 1"),
    ("service", "[service]\n§ = 1"),
    ("service.registry", "[service.registry]\n§ = 1"),
    ("service.store", "[service.store]\n§ = 1"),
    ("service.cpu", "[service.cpu]\ncores = 1\n§ = 1"),
    (
        "service.cpu.operations",
        "[service.cpu]\ncores = 1\noperations = { § = 1 }",
    ),
    (
        "service.cpu.weights",
        "[service.cpu]\ncores = 1\nlock = 1\nweights = { § = 1 }",
    ),
    (
        "service.cpu.unbroken",
        "[service.cpu]\ncores = 1\nlock = 1\nunbroken = { § = 1 }",
    ),
    (
        "service.store.put.exponential",
        "[service.store]\nput = { exponential = { mean = \"1s\", § = 1 } }",
    ),
    (
        "service.store.put.lognormal",
        "[service.store]\nput = { lognormal = { median = \"1s\", p99 = \"2s\", § = 1 } }",
    ),
    (
        "service.store.put.uniform",
        "[service.store]\nput = { uniform = { min = \"1s\", max = \"2s\", § = 1 } }",
    ),
    (
        "service.store.put.pareto",
        "[service.store]\nput = { pareto = { min = \"1s\", shape = 2, § = 1 } }",
    ),
    (
        "service.store.put.empirical",
        "[service.store]\nput = { empirical = { file = \"none.csv\", § = 1 } }",
    ),
    (
        "story.[].size.exponential",
        "[[story]]\nname = \"a\"\nsteps = \"create\"\nsize = { exponential = { mean = \"1B\", § = 1 } }",
    ),
    (
        "story.[].size.lognormal",
        "[[story]]\nname = \"a\"\nsteps = \"create\"\nsize = { lognormal = { median = \"1B\", p99 = \"2B\", § = 1 } }",
    ),
    (
        "story.[].size.uniform",
        "[[story]]\nname = \"a\"\nsteps = \"create\"\nsize = { uniform = { min = \"1B\", max = \"2B\", § = 1 } }",
    ),
    (
        "story.[].size.pareto",
        "[[story]]\nname = \"a\"\nsteps = \"create\"\nsize = { pareto = { min = \"1B\", shape = 2, § = 1 } }",
    ),
    (
        "story.[].size.empirical",
        "[[story]]\nname = \"a\"\nsteps = \"create\"\nsize = { empirical = { file = \"none.csv\", § = 1 } }",
    ),
    ("load", "[load]\nusers = 1\nduration = \"1s\"\n§ = 1"),
    (
        "load.retries",
        "[load]\nusers = 1\nduration = \"1s\"\nretries = { most = 1, after = \"1s\", § = 1 }",
    ),
    (
        "load.arrivals",
        "[load]\nduration = \"1s\"\narrivals = { rate = \"1/s\", § = 1 }",
    ),
    (
        "load.arrivals.cycle",
        "[load]\nduration = \"1s\"\narrivals = { cycle = { every = \"1d\", rates = [[\"0s\", \"1/s\"]], § = 1 } }",
    ),
    (
        "load.ramp.[]",
        "[load]\nduration = \"1s\"\narrivals = { rate = \"1/s\" }\nramp = [{ for = \"1s\", to = \"2/s\", § = 1 }]",
    ),
    (
        "story.[]",
        "[[story]]\nname = \"a\"\nsteps = \"create\"\n§ = 1",
    ),
    (
        "fault.[]",
        "[[fault]]\nname = \"a\"\nat = \"api\"\nkind = \"stall\"\n§ = 1",
    ),
    (
        "fault.[].window",
        "[[fault]]\nname = \"a\"\nat = \"api\"\nkind = \"stall\"\nwindow = { § = 1 }",
    ),
    (
        "fault.[].kind.error",
        "[[fault]]\nname = \"a\"\nat = \"api\"\nkind = { error = { probability = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.latency",
        "[[fault]]\nname = \"a\"\nat = \"api\"\nkind = { latency = { add = \"1s\", § = 1 } }",
    ),
    (
        "fault.[].kind.full",
        "[[fault]]\nname = \"a\"\nat = \"store.put\"\nkind = { full = { § = 1 } }",
    ),
    (
        "fault.[].kind.down",
        "[[fault]]\nname = \"a\"\nat = \"scrubber\"\nkind = { down = { § = 1 } }",
    ),
    (
        "fault.[].kind.stall",
        "[[fault]]\nname = \"a\"\nat = \"client\"\nkind = { stall = { after = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.close",
        "[[fault]]\nname = \"a\"\nat = \"client\"\nkind = { close = { after = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.reset",
        "[[fault]]\nname = \"a\"\nat = \"client\"\nkind = { reset = { after = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.half-close",
        "[[fault]]\nname = \"a\"\nat = \"client\"\nkind = { half-close = { after = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.slow",
        "[[fault]]\nname = \"a\"\nat = \"client\"\nkind = { slow = { after = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.revoke",
        "[[fault]]\nname = \"a\"\nat = \"client\"\nkind = { revoke = { after = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.close-reply",
        "[[fault]]\nname = \"a\"\nat = \"client\"\nkind = { close-reply = { probability = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.busy",
        "[[fault]]\nname = \"a\"\nat = \"reply\"\nkind = { busy = { probability = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.lost",
        "[[fault]]\nname = \"a\"\nat = \"reply\"\nkind = { lost = { probability = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.cut",
        "[[fault]]\nname = \"a\"\nat = \"reply\"\nkind = { cut = { after = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.corrupt",
        "[[fault]]\nname = \"a\"\nat = \"reply\"\nkind = { corrupt = { probability = 1, § = 1 } }",
    ),
    (
        "fault.[].kind.redirect",
        "[[fault]]\nname = \"a\"\nat = \"reply\"\nkind = { redirect = { probability = 1, § = 1 } }",
    ),
    ("phase.[]", "[[phase]]\nname = \"a\"\nfrom = \"1s\"\n§ = 1"),
    ("settle", "[settle]\n§ = 1"),
    ("report", "[report]\n§ = 1"),
    ("forecast", "[forecast]\n§ = 1"),
    (
        "prices",
        "[prices]\ncurrency = \"EUR\"\ntib_month = 1\n§ = 1",
    ),
];

/// Tables of which one cannot be told from others by its place: the key that it must have says which it is.
const STEPS: [(&str, &str); 2] = [
    (
        "repeat",
        "[[story]]\nname = \"a\"\nsteps = [\"create\", { repeat = 2, steps = \"upload\", § = 1 }]",
    ),
    (
        "race",
        "[[story]]\nname = \"a\"\nsteps = [\"create\", { race = [\"upload\", \"delete\"], § = 1 }]",
    ),
];

const DEMAND: &str = "[thresholds]\ncreate = { demand = \"count > 0\", § = 1 }";

#[test]
fn every_table_has_the_keys_that_the_reader_knows() {
    let root = schema("scenario");
    let mut seen = Vec::new();
    let mut compare = |what: &str, table: &Value, text: &str| {
        assert_eq!(keys(table), known(text), "{what}");
        seen.push(std::ptr::from_ref(table));
    };
    for (path, text) in TABLES {
        compare(path, table(&root, path), text);
    }
    for (name, text) in STEPS {
        compare(name, &root["definitions"][name], text);
    }
    let demands = &root["properties"]["thresholds"]["additionalProperties"]["anyOf"][0];
    let demand = choices(&root, demands).into_iter().find(|it| is_table(it));
    compare("a demand", demand.unwrap(), DEMAND);
    // No table of the schema was left out, but for those of which the one key says what they are.
    walk(&root, "", &mut |part, path| {
        let is_tagged = is_table(part) && part["properties"].as_object().unwrap().len() == 1;
        let is_choice = path == "/properties/target";
        if is_table(part) && !is_tagged && !is_choice {
            assert!(
                seen.contains(&std::ptr::from_ref(part)),
                "{path} is compared with nothing"
            );
        }
    });
}

/// The names and the keys of which one stands in a place.
fn names(root: &Value, part: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for choice in choices(root, part) {
        let listed = choice["enum"].as_array().into_iter().flatten();
        let tag = choice["required"].as_array().into_iter().flatten().take(1);
        names.extend(
            listed
                .chain(tag)
                .map(|name| name.as_str().unwrap().to_owned()),
        );
    }
    names
}

#[test]
fn every_name_that_the_reader_knows_is_in_the_schema() {
    let root = schema("scenario");
    let at = |path: &str| root.pointer(path).unwrap_or_else(|| panic!("{path}"));
    let definitions = |name: &str| &root["definitions"][name];
    let story = |steps: &str| format!("[[story]]\nname = \"a\"\nsteps = [\"create\", {steps}]");
    let fault = |at: &str, kind: &str| format!("[[fault]]\nname = \"a\"\nat = {at}\nkind = {kind}");
    let arrivals = "[load]\nduration = \"1s\"\narrivals = { rate = \"1/s\"";
    let mut operations = names(&root, definitions("operation"));
    for (what, schema, text) in [
        (
            "clock",
            names(&root, at("/properties/clock")),
            "clock = \"§\"".to_owned(),
        ),
        (
            "profile",
            names(&root, at("/definitions/service/properties/profile")),
            "[service]\nprofile = \"§\"".to_owned(),
        ),
        (
            "defect",
            names(&root, at("/definitions/service/properties/defects/items")),
            "[service]\ndefects = [\"§\"]".to_owned(),
        ),
        (
            "spacing",
            names(&root, at("/definitions/arrivals/properties/spacing")),
            format!("{arrivals}, spacing = \"§\" }}"),
        ),
        (
            "shape",
            names(
                &root,
                at("/properties/load/properties/ramp/items/properties/shape"),
            ),
            format!("{arrivals} }}\nramp = [{{ for = \"1s\", to = \"2/s\", shape = \"§\" }}]"),
        ),
        (
            "place",
            names(&root, at("/definitions/fault/properties/at")),
            fault("\"§\"", "\"stall\""),
        ),
        (
            "kind",
            names(&root, definitions("fault_kind")),
            fault("\"api\"", "{ § = 1 }"),
        ),
        (
            "distribution",
            names(&root, definitions("durations")),
            "[service.store]\nput = { § = 1 }".to_owned(),
        ),
        (
            "distribution of sizes",
            names(&root, definitions("sizes")),
            "[[story]]\nname = \"a\"\nsteps = \"create\"\nsize = { § = 1 }".to_owned(),
        ),
        ("operation", operations.clone(), story("\"§\"")),
    ] {
        assert_eq!(schema, known(&text), "{what}");
    }
    operations.extend(["wait", "refused", "race", "repeat"].map(str::to_owned));
    let steps = &definitions("steps")["anyOf"][0]["items"];
    let mut tags = names(&root, steps);
    tags.retain(|name| !names(&root, definitions("operation")).contains(name));
    assert_eq!(tags, known(&story("{ § = 1 }")), "step");
    let target = at("/properties/target/properties").as_object().unwrap();
    let target: BTreeSet<String> = target.keys().cloned().collect();
    assert_eq!(target, known("[target.§]"), "target");
}

#[test]
fn every_mistake_of_a_client_is_in_the_schema() {
    let root = schema("scenario");
    let accepts = root.pointer("/definitions/serve/properties/accepts/items");
    let text = "[serve]\naccepts = [\"§\"]";
    assert_eq!(names(&root, accepts.unwrap()), known(text));
}
