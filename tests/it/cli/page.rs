//! `stormglass report`: the page of a folder, from its files alone.

use super::{stderr, stdout, stormglass};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use stormglass_model::units::Span;

/// A folder of a small run, whose page is there.
pub fn results(at: &Path) -> PathBuf {
    let out = at.join("results");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments = [
        "run",
        "scenarios/smoke.toml",
        "--quiet",
        "--out",
        out.to_str().unwrap(),
    ];
    let output = stormglass(&arguments, root);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    out
}

pub fn report(folder: &Path, more: &[&str]) -> Output {
    let arguments = [&["report", folder.to_str().unwrap()], more].concat();
    stormglass(&arguments, folder.parent().unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// That no page comes of a folder, why, and that nothing in it changes.
pub fn refused(folder: &Path, why: &str) {
    let before = names(folder);
    let output = report(folder, &[]);
    assert_eq!(output.status.code(), Some(1), "{why}");
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(why), "{said} does not say: {why}");
    assert_eq!(stdout(&output), "");
    assert_eq!(names(folder), before, "{why}");
}

#[test]
fn a_page_is_made_again_from_files_alone() {
    let at = tempfile::tempdir().unwrap();
    let folder = results(at.path());
    let page = folder.join("report.html");
    let first = fs::read(&page).unwrap();
    assert!(first.len() < 2 << 20);
    let text = String::from_utf8(first.clone()).unwrap();
    assert!(text.contains("valid: no violation in "), "the verdict");

    let files = names(&folder);
    let output = report(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).ends_with("results/report.html\n"));
    assert_eq!(
        fs::read(&page).unwrap(),
        first,
        "in place of the one before"
    );
    assert_eq!(names(&folder), files);

    fs::remove_file(&page).unwrap();
    let elsewhere = at.path().join("smoke.html");
    let output = report(&folder, &["--out", elsewhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read(elsewhere).unwrap(), first);
    assert!(!page.exists());
}

#[test]
fn a_search_has_a_page_too() {
    let at = tempfile::tempdir().unwrap();
    let out = at.path().join("search");
    let vary = [
        "search",
        "scenarios/smoke.toml",
        "--vary",
        "load.arrivals.rate",
        "--from",
        "1/s",
        "--to",
        "2/s",
    ];
    let fast = [
        "--set",
        "load.duration=5s",
        "--set",
        "settle.for=5s",
        "--quiet",
        "--out",
        out.to_str().unwrap(),
    ];
    let output = stormglass(
        &[&vary[..], &fast].concat(),
        Path::new(env!("CARGO_MANIFEST_DIR")),
    );
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    let page = out.join("report.html");
    let first = fs::read_to_string(&page).unwrap();
    let json = fs::read(out.join("search.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let sentence = json["sentence"].as_str().unwrap();
    assert!(first.contains(sentence), "{sentence}");
    let output = report(&out, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&page).unwrap(), first);
    fs::write(out.join("search.json"), "{}").unwrap();
    refused(&out, "search.json is not as Stormglass writes it");
}

#[test]
fn what_is_no_folder_of_results_is_refused_in_a_line() {
    let at = tempfile::tempdir().unwrap();
    refused(
        at.path(),
        "holds no results: it has no run.json, search.json, sweep.json or compare.json",
    );

    let folder = results(at.path());
    let (timeline, run) = (folder.join("timeline.csv"), folder.join("run.json"));
    fs::remove_file(folder.join("report.html")).unwrap();
    let whole = fs::read(&timeline).unwrap();
    fs::remove_file(&timeline).unwrap();
    refused(&folder, "is not whole: it has no timeline.csv");
    fs::write(folder.join("partial"), "").unwrap();
    refused(&folder, "no timeline.csv, and it is marked as partial");
    // Cut in the middle of a line.
    fs::write(&timeline, &whole[..whole.len() * 2 / 3]).unwrap();
    refused(&folder, "timeline.csv is not as Stormglass writes it");
    fs::write(&timeline, &whole).unwrap();
    let json = fs::read(&run).unwrap();
    for part in [
        &json[..json.len() / 2],
        b"",
        b"[]",
        b"{\"version\": 1}",
        b"\xff\xfe",
    ] {
        fs::write(&run, part).unwrap();
        refused(&folder, "run.json is not as Stormglass writes it");
    }
    fs::write(&run, &json).unwrap();
    fs::write(
        folder.join("latencies.hlog"),
        "Tag=x,0.0,1.0,1.0,HISTnone\n",
    )
    .unwrap();
    refused(&folder, "latencies.hlog is not as Stormglass writes it");
    fs::remove_file(&run).unwrap();
    fs::create_dir(&run).unwrap();
    refused(&folder, "it is a folder, not a file");
}

#[test]
fn only_a_page_of_stormglass_is_replaced() {
    let at = tempfile::tempdir().unwrap();
    let folder = results(at.path());
    let page = folder.join("report.html");
    fs::write(&page, "<p>mine").unwrap();
    refused(&folder, "was not made by Stormglass");
    assert_eq!(fs::read_to_string(&page).unwrap(), "<p>mine");
    // Nor what a link leads to.
    fs::remove_file(&page).unwrap();
    let other = at.path().join("other");
    fs::write(&other, "<meta name=\"generator\" content=\"stormglass 0\">").unwrap();
    std::os::unix::fs::symlink(&other, &page).unwrap();
    refused(&folder, "was not made by Stormglass");
    assert!(fs::read_to_string(&other).unwrap().starts_with("<meta"));

    let output = report(&folder, &["results", "--out", "x.html"]);
    assert_eq!(output.status.code(), Some(2), "one file for two folders");
}

#[test]
fn foreign_text_in_a_folder_stays_text() {
    let at = tempfile::tempdir().unwrap();
    let folder = results(at.path());
    let run = folder.join("run.json");
    let foreign = "</script><script>alert(1)</script><!--";
    let json = fs::read_to_string(&run).unwrap();
    let json = json.replace("\"name\": \"load\"", &format!("\"name\": \"{foreign}\""));
    let json = json.replace(
        "\"scenario\": \"smoke\"",
        &format!("\"scenario\": \"{foreign}\""),
    );
    assert_eq!(json.matches(foreign).count(), 2);
    fs::write(&run, json).unwrap();
    let output = report(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(!page.contains("alert(1)</script>") && !page.contains("<script>alert"));
    assert!(
        page.contains("&lt;/script&gt;&lt;script&gt;alert(1)"),
        "in the markup"
    );
    assert!(
        page.contains("\\u003c/script\\u003e\\u003cscript\\u003ealert(1)"),
        "in the data"
    );
}

/// A capacity that a good part is used of is a line across the chart of bytes, which go by status.
#[test]
fn bytes_by_status_are_drawn_with_the_capacity() {
    let at = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = |name: &str, capacity: &str, stock: &str| {
        let out = at.path().join(name);
        let (shown, stock) = (out.to_str().unwrap(), format!("forecast.stock=\"{stock}\""));
        let scenario = [
            "run",
            "scenarios/smoke.toml",
            "--quiet",
            "--out",
            shown,
            "--set",
            &stock,
        ];
        let output = stormglass(&[&scenario[..], &["--capacity", capacity]].concat(), root);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let run = fs::read_to_string(out.join("run.json")).unwrap();
        let run: serde_json::Value = serde_json::from_str(&run).unwrap();
        let repeat = run["repeat"].as_str().unwrap();
        assert!(repeat.contains("forecast.capacity="), "{repeat}");
        fs::read_to_string(out.join("report.html")).unwrap()
    };
    let near = page("near", "2GiB", "0B");
    assert!(near.contains(r#""marks":[{"name":"capacity","value":2147483648.0}]"#));
    for series in ["stored", "active", "deleted and not yet scrubbed"] {
        assert!(
            near.contains(&format!(r#"{{"name":"{series}""#)),
            "{series}"
        );
    }
    // What was there already is in no line, and takes its part of the room.
    let taken = page("taken", "2TiB", "2046GiB");
    assert!(taken.contains(r#""marks":[{"name":"capacity less the stock","value":2147483648.0}]"#));
    for (name, stock) in [("far", "0B"), ("far-taken", "1000TiB")] {
        let far = page(name, "1PiB", stock);
        assert!(!far.contains(r#""name":"capacity"#), "{name}");
    }
}

/// What a threshold is about has its interval over runs, where there are several.
#[test]
fn thresholds_of_several_runs_have_intervals() {
    let at = tempfile::tempdir().unwrap();
    let page = |name: &str, runs: &str| {
        let out = at.path().join(name);
        let shown = out.to_str().unwrap();
        let arguments = [
            "run",
            "scenarios/smoke.toml",
            "--quiet",
            "--out",
            shown,
            "--replications",
            runs,
        ];
        let output = stormglass(&arguments, Path::new(env!("CARGO_MANIFEST_DIR")));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let run = fs::read_to_string(out.join("run.json")).unwrap();
        let page = fs::read_to_string(out.join("report.html")).unwrap();
        let (_, table) = page.split_once("aria-label=\"Thresholds\"").unwrap();
        let table = table.split("</table>").next().unwrap().to_owned();
        (
            serde_json::from_str::<serde_json::Value>(&run).unwrap(),
            table,
        )
    };
    let (run, table) = page("several", "3");
    let interval = &run["thresholds"][0]["interval"];
    let [low, mean, high] =
        ["low", "mean", "high"].map(|key| Span(interval[key].as_f64().unwrap().round() as u64));
    assert!(low < mean && mean < high, "{interval}");
    let cells = format!("<td>{mean}</td><td>{low} – {high}</td>");
    assert!(table.contains(&cells), "{table} lacks {cells}");
    assert!(table.contains("95 % interval"), "{table}");
    let (run, table) = page("one", "1");
    assert!(run["thresholds"][0]["interval"].is_null());
    assert!(
        !table.contains("interval") && !table.contains('–'),
        "{table}"
    );
}
