//! Which set-up to buy: queues whose answer theory knows, a server that is restarted, and all that can be wrong with the question.

use crate::capacity::QUEUE;
use crate::cli::{stderr, stdout, stormglass};
use crate::glance::served::Served;
use crate::schema::assert_results_fit;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;
use stormglass_model::random::Distribution;
use stormglass_serve::Config;

/// Customers who need a worker for an exponential time with a mean of 100 ms; 35 come in a second. Of five workers 0.43 % take longer
/// than 600 ms, of four 7.2 %.
fn folder(prices: &str) -> tempfile::TempDir {
    with_load(
        "arrivals = { rate = \"35/s\", spacing = \"poisson\" }",
        prices,
    )
}

fn with_load(load: &str, prices: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let queue = QUEUE
        .replace("arrivals = \"RATE\"", load)
        .replace("slots = 4", "slots = 1_000_000");
    fs::write(folder.path().join("queue.toml"), queue + prices).unwrap();
    folder
}

fn advise(folder: &Path, arguments: &str, slo: &str) -> Output {
    let mut all = vec!["advise", "queue.toml", "--out", "out"];
    all.extend(arguments.split_whitespace());
    if !slo.is_empty() {
        all.extend(["--slo", slo]);
    }
    let _ = fs::remove_dir_all(folder.join("out"));
    stormglass(&all, folder)
}

fn document(folder: &Path) -> Value {
    assert_results_fit(&folder.join("out"));
    serde_json::from_slice(&fs::read(folder.join("out/advice.json")).unwrap()).unwrap()
}

/// Processes and threads of each set-up that was looked at, and whether it is enough.
fn tried(document: &Value) -> Vec<(u64, u64, Option<bool>)> {
    let setups = document["setups"].as_array().unwrap().iter();
    let number = |it: &Value| it.as_u64().unwrap();
    setups
        .map(|it| {
            (
                number(&it["processes"]),
                number(&it["threads"]),
                it["forecast"]["holds"].as_bool(),
            )
        })
        .collect()
}

const SLO: &str = "upload p(99) < 600ms";
const GRID: &str = "--processes 1..3,5 --threads 1..4 --best 1";

#[test]
fn the_cheapest_is_that_of_theory() {
    // Without prices fewer processes are cheaper.
    let free = folder("");
    let output = advise(free.path(), GRID, SLO);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (no, yes) = (Some(false), Some(true));
    let first = [(1, 1, no), (1, 2, no), (1, 3, no), (1, 4, no)];
    let then = [(2, 1, no), (2, 2, no), (2, 3, yes)];
    assert_eq!(tried(&document(free.path())), [&first[..], &then].concat());
    assert!(
        stdout(&output).contains("take 2 × 3 threads"),
        "{}",
        stdout(&output)
    );
    // Where workers are paid for, five of one thread cost less than two of three.
    let paid = folder("\n[prices]\ncurrency = \"EUR\"\nworker_hour = 0.01\n");
    let output = advise(paid.path(), GRID, SLO);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told = document(paid.path());
    assert_eq!(told["advised"]["processes"], 5);
    assert_eq!(told["advised"]["threads"], 1);
    let costs = told["setups"].as_array().unwrap().iter();
    let costs: Vec<f64> = costs.map(|it| it["cost_month"].as_f64().unwrap()).collect();
    assert!(costs.is_sorted(), "{costs:?}");
    assert!((costs.last().unwrap() - 36.5).abs() < 1e-9, "{costs:?}");
    let csv = fs::read_to_string(paid.path().join("out/setups.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + costs.len());
    assert_eq!(csv.lines().last().unwrap().split(',').nth(5), Some("yes"));
}

#[test]
fn the_same_question_has_the_same_answer_and_its_command_repeats_it() {
    let folder = folder("");
    let told = || {
        let mut document = document(folder.path());
        // The seed that the command names is one setting more.
        for other in ["wall_s", "cpu_s", "scenario_sha256"] {
            document.as_object_mut().unwrap().remove(other);
        }
        document
    };
    advise(folder.path(), "--processes 2 --threads 3,4 --best 2", SLO);
    let first = told();
    let command = first["repeat"].as_str().unwrap();
    let repeats = "stormglass advise queue.toml --processes 2 --threads 3,4 --slo 'upload p(99) < 600ms' --best 2 --seed 42";
    assert_eq!(command, repeats);
    advise(
        folder.path(),
        "--processes 2 --threads 3,4 --best 2 --seed 42",
        SLO,
    );
    assert_eq!(told(), first);
}

#[test]
fn where_nothing_is_enough_that_is_said() {
    let folder = folder("");
    let output = advise(folder.path(), "--processes 1 --threads 1..3", SLO);
    assert_eq!(output.status.code(), Some(99), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("of 3 set-ups none is surely enough"),
        "{}",
        stdout(&output)
    );
    assert!(document(folder.path())["advised"].is_null());
}

#[test]
fn a_question_that_makes_no_sense_is_told_in_one_line() {
    let folder = folder("");
    let glance = "schema = 1\nname = \"g\"\n[target.glance]\nurl = \"http://127.0.0.1:9\"\n[load]\nusers = 1\nduration = \"1s\"\n\
         [[story]]\nname = \"a\"\nsteps = [\"create\"]\n";
    fs::write(folder.path().join("glance.toml"), glance).unwrap();
    for (arguments, slo, words) in [
        ("--processes 0", SLO, "write whole numbers from 1 to 10000"),
        ("--threads 4..2", SLO, "nothing lies between 4 and 2"),
        ("", "", "nothing is demanded"),
        ("", "upload", "is no demand"),
        ("--confirm glance.toml", SLO, "--allow-commands"),
        (
            "--confirm glance.toml --allow-commands",
            SLO,
            "has no [target.glance.commands.restart]",
        ),
        (
            "--confirm queue.toml --allow-commands",
            SLO,
            "has no [target.glance]",
        ),
    ] {
        let output = advise(folder.path(), arguments, slo);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {told}");
        assert!(told.contains(words), "{arguments}: {told}");
        assert!(!folder.path().join("out").exists(), "{arguments}");
    }
    let output = stormglass(
        &["advise", "glance.toml", "--slo", "create p(99) < 1s"],
        folder.path(),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("it is about a model"),
        "{}",
        stderr(&output)
    );
}

/// A server each of whose operations takes so long or longer, and a scenario by which it can be restarted.
fn real(folder: &Path, ms: u64) -> Served {
    let mut config = Config::default();
    config.service.registry.commit = Distribution::constant(ms * 1_000_000);
    let served = Served::start(config);
    let real = format!(
        "schema = 1\nname = \"real\"\n[target.glance]\nurl = \"http://{}\"\n[target.glance.commands.restart]\n\
         run = \"echo $STORMGLASS_PROCESSES $STORMGLASS_THREADS $STORMGLASS_CONNECTIONS >> restarts\"\n\
         undo = \"echo undone >> restarts\"\n[load]\nusers = 1\nduration = \"1s\"\n[[story]]\nname = \"a\"\nsteps = [\"create\"]\n",
        served.address
    );
    fs::write(folder.join("real.toml"), real).unwrap();
    served
}

/// For each set-up, whether it is enough on the real server, where it was measured there.
fn measured(document: &Value) -> Vec<Option<bool>> {
    let setups = document["setups"].as_array().unwrap().iter();
    setups.map(|it| it["measured"]["holds"].as_bool()).collect()
}

const CONFIRM: &str = "--processes 2 --threads 3..5 --best 3 --confirm real.toml --allow-commands \
     --confirm-for 1s --confirm-replications 3";

#[test]
fn the_best_two_are_measured_on_a_server_that_is_as_before_afterwards() {
    let folder = with_load("users = 3", "");
    let _server = real(folder.path(), 30);
    let output = advise(folder.path(), CONFIRM, SLO);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let restarts = fs::read_to_string(folder.path().join("restarts")).unwrap();
    assert_eq!(restarts, "2 3 6\n2 4 8\nundone\n");
    let told = document(folder.path());
    assert_eq!(measured(&told), [Some(true), Some(true), None]);
    assert!(
        stdout(&output).contains("the real server confirms it"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_forecast_that_the_real_server_refutes_is_no_advice() {
    let folder = with_load("users = 3", "");
    let _server = real(folder.path(), 700);
    let output = advise(folder.path(), CONFIRM, SLO);
    assert_eq!(output.status.code(), Some(99), "{}", stderr(&output));
    let told = document(folder.path());
    assert_eq!(measured(&told), [Some(false), Some(false), None]);
    assert!(told["advised"].is_null(), "{told:#}");
    let words = "the real server does not confirm what was forecast: 2 set-ups refuted";
    assert!(stdout(&output).contains(words), "{}", stdout(&output));
    let restarts = fs::read_to_string(folder.path().join("restarts")).unwrap();
    assert!(restarts.ends_with("undone\n"), "{restarts}");
}
