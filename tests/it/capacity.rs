//! Searches on queues whose answer theory knows, and all that can be wrong with the question.

use crate::cli::{stderr, stdout, stormglass};
use crate::process;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::thread;
use std::time::Duration;

/// Customers who need one of four slots for an exponential time with a mean of 100 ms: M/M/4. Nothing else takes time.
pub(crate) const QUEUE: &str = r#"
schema = 1
name = "queue"
[service]
workers = 1_000_000
[service.registry]
connections = 1_000_000
[service.store]
slots = 4
put = { exponential = { mean = "100ms" } }
[load]
arrivals = "RATE"
duration = "10m"
warm_up = "1m"
[[story]]
name = "a customer"
size = "0B"
steps = ["create", "upload"]
[report]
interval = "1m"
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let queue = QUEUE.replace("\"RATE\"", "{ rate = \"28/s\", spacing = \"poisson\" }");
    fs::write(folder.path().join("queue.toml"), queue).unwrap();
    folder
}

fn search(folder: &Path, arguments: &str, slos: &[&str]) -> Output {
    let slos = slos.iter().flat_map(|slo| ["--slo", slo]);
    let arguments: Vec<&str> = ["search", "queue.toml"]
        .into_iter()
        .chain(arguments.split_whitespace())
        .chain(slos)
        .collect();
    stormglass(&arguments, folder)
}

fn document(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("out/search.json")).unwrap()).unwrap()
}

const RATE: &str = "--vary load.arrivals.rate --from 4/s --to 60/s --out out";

/// The tail of the time in an M/M/c queue is known: at 35.009 arrivals a second one in a hundred takes longer than a second.
#[test]
fn the_highest_load_is_that_of_theory() {
    let folder = folder();
    let output = search(
        folder.path(),
        &format!("{RATE} --within 3%"),
        &["upload p(99) < 1s"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let found = document(folder.path());
    let of = |key: &str| found[key].as_f64().unwrap();
    assert!((of("value") / 35.009 - 1.0).abs() < 0.04, "{found:#}");
    assert!(of("low") < of("value") && of("value") < of("high"));
    assert_eq!(found["direction"], "at most");
    assert_eq!(found["unit"], "per_s");
    assert_eq!(found["gives_way"], "upload p(99) < 1s");
    assert_eq!(found["bottleneck"]["resource"], "store.slots");
    let shown = stdout(&output);
    assert!(
        shown.starts_with("✓ load.arrivals.rate may be at most 3"),
        "{shown}"
    );
    assert!(shown.lines().count() <= 24, "{shown}");
    let rows = fs::read_to_string(folder.path().join("out/capacity.csv")).unwrap();
    assert_eq!(
        rows.lines().count(),
        found["points"].as_array().unwrap().len() + 1
    );
    let told = stderr(&output);
    assert!(told.starts_with("4/s holds (upload p(99) < 1s"), "{told}");
}

/// With 35 arrivals a second five slots leave one in a hundred longer than 600 ms in the queue, and four far more.
#[test]
fn the_lowest_number_of_slots_is_that_of_theory() {
    let folder = folder();
    let slots = "--vary service.store.slots --from 1 --to 40 --out out";
    let faster = "--set load.arrivals.rate=\"35/s\"";
    let output = search(
        folder.path(),
        &format!("{slots} {faster}"),
        &["upload p(99) < 600ms"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let found = document(folder.path());
    assert_eq!(found["value"], 5.0, "{found:#}");
    assert_eq!(found["direction"], "at least");
}

/// With c slots in an M/M/c queue at most so many customers come that one in a hundred takes longer than a second.
#[test]
fn of_two_keys_the_second_is_searched_at_values_of_the_first() {
    let folder = folder();
    let slots = "--vary service.store.slots --from 1 --to 8 --points 3";
    let output = search(
        folder.path(),
        &format!("{slots} {RATE} --within 5%"),
        &[SLO],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let found = document(folder.path());
    assert_eq!(found["across"]["key"], "service.store.slots");
    assert_eq!(found["key"], "load.arrivals.rate");
    let answers = found["frontier"].as_array().unwrap();
    let at: Vec<&Value> = answers.iter().map(|answer| &answer["at"]).collect();
    assert_eq!(at, [1.0, 3.0, 8.0]);
    // The times in an M/M/1 queue are exponential with μ − λ; the others are those of Erlang's C formula.
    for (answer, theory) in answers.iter().zip([5.395, 25.065, 74.904]) {
        if theory > 60.0 {
            assert_eq!(answer["answer"], "everywhere");
            continue;
        }
        let [low, high] = ["low", "high"].map(|end| answer[end].as_f64().unwrap());
        assert!(
            low * 0.95 < theory && theory < high * 1.05,
            "{low} {theory} {high}"
        );
        assert_eq!(answer["bottleneck"]["resource"], "store.slots");
    }
    let shown = stdout(&output);
    let sentence = "✓ load.arrivals.rate may be at most ";
    assert!(shown.starts_with(sentence), "{shown}");
    assert!(
        shown.contains("with service.store.slots at 8 every demand holds"),
        "{shown}"
    );
    let read = |name: &str| fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    let (frontier, capacity) = (read("frontier.csv"), read("capacity.csv"));
    let lines: Vec<&str> = frontier.lines().collect();
    assert_eq!(lines.len(), 4, "{frontier}");
    assert!(
        lines[3].starts_with("8,,everywhere,,,,per_s,,"),
        "{frontier}"
    );
    let points = answers
        .iter()
        .map(|answer| answer["points"].as_array().unwrap().len());
    assert_eq!(capacity.lines().count(), 1 + points.sum::<usize>());
    assert!(capacity.starts_with("across,across_unit,value,unit,runs,"));
    let page = read("report.html");
    assert!(page.contains("load.arrivals.rate over service.store.slots"));
}

#[test]
fn the_same_search_gives_the_same_answer_on_any_number_of_threads() {
    let answers = ["1", "2"].map(|threads| {
        let folder = folder();
        let more = format!("{RATE} --within 5% --threads {threads} --quiet");
        let output = search(folder.path(), &more, &["upload mean < 200ms"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(output.stdout.is_empty() && output.stderr.is_empty());
        document(folder.path())["value"].clone()
    });
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn demands_that_hold_at_both_ends_or_at_neither_are_told() {
    for (slo, code, told) in [
        ("upload p(99) < 1d", 0, "holds at both ends, 4/s and 60/s"),
        (
            "upload p(99) < 1ms",
            99,
            "hold at neither end, 4/s nor 60/s",
        ),
    ] {
        let folder = folder();
        let output = search(folder.path(), RATE, &[slo]);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stdout(&output).contains(told), "{}", stdout(&output));
        assert!(document(folder.path())["value"].is_null());
    }
}

/// Uploads take a connection to the registry three times, and a slot once: which is short first depends on how long a commit takes.
#[test]
fn of_two_resources_the_one_that_is_short_first_is_named_first() {
    for (commit, first, next) in [
        ("40ms", "registry.connections", "store.slots"),
        ("20ms", "store.slots", "registry.connections"),
    ] {
        let folder = folder();
        let tandem = format!(
            "{RATE} --within 5% --set service.registry.connections=4 \
             --set service.registry.commit={{exponential={{mean=\"{commit}\"}}}}"
        );
        let output = search(folder.path(), &tandem, &["upload p(99) < 2s"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let found = document(folder.path());
        let named = ["bottleneck", "next"].map(|key| found[key]["resource"].clone());
        assert_eq!(named, [first, next], "{commit}: {found:#}");
    }
}

/// Beyond 40 a second the queue grows for as long as the load lasts, and is not worked off in a second.
#[test]
fn where_work_is_left_over_no_demand_holds() {
    let short = format!("{RATE} --within 5% --set settle.for=\"1s\"");
    for (slo, told) in [
        // No upload that ends takes so long.
        ("upload p(99) < 10m", "work left over"),
        // More than one in a hundred have taken too long before half of the load is over.
        ("upload p(99) < 1s", "missed early"),
    ] {
        let folder = self::folder();
        let output = search(folder.path(), &short, &[slo]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let expected = format!("/s does not hold ({slo} {told}; 2 runs)");
        assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
    }
}

/// Users who take turns at one slot: two do no more than one, so that all of the work is contention, and none of it coherence. Each
/// creates at once, and holds the slot for 100 ms on average.
#[test]
fn throughput_follows_the_scalability_law() {
    let folder = folder();
    let queue = fs::read_to_string(folder.path().join("queue.toml")).unwrap();
    let closed = queue.replace(
        "arrivals = { rate = \"28/s\", spacing = \"poisson\" }",
        "users = 2",
    );
    fs::write(folder.path().join("queue.toml"), closed).unwrap();
    let users = "--set service.store.slots=1 --vary load.users --from 1 --to 32 --out out";
    let output = search(
        folder.path(),
        &format!("{users} --points 8"),
        &["upload p(50) < 1s"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let law = &document(folder.path())["scalability"];
    let covers = |key: &str, truth: f64| {
        let (low, high) = (
            law[key]["low"].as_f64().unwrap(),
            law[key]["high"].as_f64().unwrap(),
        );
        (low..=high).contains(&truth)
    };
    assert!(
        covers("lambda_per_s", 20.0) && covers("sigma", 1.0),
        "{law:#}"
    );
    assert!(law["peak"].is_null(), "{law:#}");
    let csv = fs::read_to_string(folder.path().join("out/usl.csv")).unwrap();
    assert!(csv.lines().count() > 8, "{csv}");
    assert!(
        stdout(&output).contains("no finite peak"),
        "{}",
        stdout(&output)
    );
    let repeat = document(folder.path())["repeat"].to_string();
    assert!(repeat.contains("--points 8"), "{repeat}");
}

/// Fewer than six loads tell nothing of it.
#[test]
fn why_nobody_can_say_how_throughput_scales_is_told_to_whoever_asks() {
    for (points, told) in [("", false), ("--points 1", true)] {
        let folder = folder();
        let few = format!("{RATE} --within 20% {points}");
        let output = search(folder.path(), &few, &["upload p(99) < 1s"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let law = &document(folder.path())["scalability"];
        assert!(law["refused"].is_string(), "{law:#}");
        let shown = stdout(&output);
        assert_eq!(shown.contains("scalability law"), told, "{shown}");
    }
}

/// What is asked, what must hold, the exit code, and what is told.
const SENSELESS: [(&str, &str, i32, &str); 13] = [
    (
        "RATE --from 4/s --to 4/s",
        SLO,
        2,
        "nothing lies between 4/s and 4/s",
    ),
    ("RATE --from soon --to 4/s", SLO, 2, "`soon` is no number"),
    (
        "RATE --from 4/s --to 8GiB",
        SLO,
        2,
        "give both ends the same unit",
    ),
    (
        "RATE --from 4/s --to 8/s",
        "",
        2,
        "nothing is demanded: give --slo",
    ),
    (
        "RATE --from 4/s --to 8/s",
        "upload",
        2,
        "`upload` is no demand",
    ),
    (
        "RATE --from 4/s --to 8/s",
        "delete p(99) < 1s",
        104,
        "no story does `delete`",
    ),
    ("name --from 1 --to 8", SLO, 104, "expected a string"),
    ("load.tide --from 1 --to 8", SLO, 104, "tide"),
    ("service.store.slots --from 0 --to 8", SLO, 104, "from 1 to"),
    ("RATE --from 4/s --to 8/s --within 0%", SLO, 2, "above zero"),
    (
        "RATE --from 4/s --to 8/s --vary seed",
        SLO,
        2,
        "each key has ends of its own",
    ),
    (
        "RATE --from 4/s --to 8/s --vary RATE --from 4/s --to 8/s",
        SLO,
        2,
        "`load.arrivals.rate` is given twice",
    ),
    (
        "RATE --from 4/s --to 8/s --vary seed --from 1 --to 2 --vary service.workers --from 1 --to 2",
        SLO,
        2,
        "at most two keys",
    ),
];
const SLO: &str = "upload p(99) < 1s";

#[test]
fn a_question_that_makes_no_sense_is_refused_before_anything_runs() {
    for (question, slo, code, told) in SENSELESS {
        let folder = folder();
        let question = question.replace("RATE", "load.arrivals.rate");
        let slos: Vec<&str> = Some(slo)
            .filter(|slo| !slo.is_empty())
            .into_iter()
            .collect();
        let output = search(
            folder.path(),
            &format!("--out out --vary {question}"),
            &slos,
        );
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{question}: {said}");
        assert!(said.contains(told), "{question}: {said}");
        assert!(!folder.path().join("out").exists(), "{question}");
    }
}

/// A search that would take for ever, which is interrupted once it has decided about a value on each side.
fn interrupted(folder: &Path, more: &str) -> (Value, String) {
    let endless = "--within 0.001% --replications 1000000 --out out";
    let question = format!(
        "search queue.toml {more} --vary load.arrivals.rate --from 4/s --to 60/s {endless}"
    );
    let arguments: Vec<&str> = question.split_whitespace().chain(["--slo", SLO]).collect();
    let told = folder.join("told");
    let mut running = process::stormglass(&arguments)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&told).unwrap())
        .spawn();
    while !fs::read_to_string(&told)
        .unwrap()
        .contains("/s does not hold")
    {
        assert!(running.is_running());
        thread::sleep(Duration::from_millis(5));
    }
    running.signal("INT");
    let output = running.output();
    assert_eq!(output.status.code(), Some(105), "{}", stderr(&output));
    (document(folder), stdout(&output))
}

#[test]
fn an_interrupted_search_keeps_its_points() {
    let folder = folder();
    let (found, shown) = interrupted(folder.path(), "");
    assert_eq!(found["answer"], "unfinished");
    assert!(found["points"].as_array().unwrap().len() >= 2, "{found:#}");
    assert!(
        shown.starts_with("! interrupted: the demands hold with load.arrivals.rate at "),
        "{shown}"
    );
}

#[test]
fn an_interrupted_search_over_two_keys_says_between_which_values_it_was() {
    let folder = folder();
    let slots = "--vary service.store.slots --from 3 --to 8";
    let (found, shown) = interrupted(folder.path(), slots);
    assert_eq!(found["answer"], "unfinished");
    assert!(
        shown.starts_with("! interrupted with service.store.slots at 3; 0 of 6 values were done"),
        "{shown}"
    );
    let row = shown
        .lines()
        .find(|line| line.trim_start().starts_with("3 "))
        .unwrap();
    assert!(
        row.contains("holds at ") && row.contains("/s, not at "),
        "{shown}"
    );
}

#[test]
fn a_violation_ends_the_search_and_comes_first() {
    let folder = folder();
    let defect = "--set service.defects=[\"lost-create\"]";
    let faulty = format!("{RATE} {defect}");
    let output = search(folder.path(), &faulty, &["upload p(99) < 1s"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(90), "{said}{}", stdout(&output));
    assert!(stdout(&output).starts_with("✗ the search ended: invalid with `load.arrivals.rate="));
    let found = document(folder.path());
    assert_eq!(found["answer"], "failed");
}
