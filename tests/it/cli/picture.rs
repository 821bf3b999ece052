//! `report.svg`: the picture of a folder, from its files alone.

use super::page::{refused, report, results};
use super::{stderr, stdout, stormglass};
use crate::findings::files::well_formed;
use std::fs;
use std::path::Path;

#[test]
fn a_run_has_a_picture_that_is_made_again_from_files_alone() {
    let at = tempfile::tempdir().unwrap();
    let folder = results(at.path());
    let picture = folder.join("report.svg");
    let first = fs::read_to_string(&picture).unwrap();
    well_formed(&first);
    for text in [
        ">smoke<",
        "✓ valid: no violation in ",
        ">Throughput<",
        ">arrivals<",
        ">Response time of ",
        ">p99.9<",
        ">settle<",
    ] {
        assert!(first.contains(text), "{text}");
    }
    assert!(first.len() < 200_000, "{} bytes", first.len());
    for loaded in ["href", "url(", "<image", "<script", "@import"] {
        assert!(!first.contains(loaded), "{loaded}");
    }
    fs::remove_file(&picture).unwrap();
    let output = report(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert_eq!(
        said.lines()
            .map(|line| line.rsplit('/').next().unwrap())
            .collect::<Vec<_>>(),
        ["report.svg", "report.html"]
    );
    assert_eq!(fs::read_to_string(&picture).unwrap(), first);

    let elsewhere = at.path().join("smoke.svg");
    let output = report(&folder, &["--out", elsewhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), first);
}

/// Of a page and a picture, both are written or none.
#[test]
fn only_a_picture_of_stormglass_is_replaced() {
    let at = tempfile::tempdir().unwrap();
    let folder = results(at.path());
    let (page, picture) = (folder.join("report.html"), folder.join("report.svg"));
    fs::remove_file(&page).unwrap();
    fs::write(&picture, "<svg>mine</svg>").unwrap();
    refused(&folder, "was not made by Stormglass");
    assert_eq!(fs::read_to_string(&picture).unwrap(), "<svg>mine</svg>");
    assert!(!page.exists());
    fs::remove_file(&picture).unwrap();
    fs::write(&page, "<p>mine").unwrap();
    refused(&folder, "was not made by Stormglass");
    assert!(!picture.exists());
}

#[test]
fn foreign_text_in_a_folder_stays_text_in_its_picture() {
    let at = tempfile::tempdir().unwrap();
    let folder = results(at.path());
    let run = folder.join("run.json");
    let foreign = "</text><script>alert(1)</script>&<!--\\u202e";
    let json = fs::read_to_string(&run).unwrap();
    let phase = json.replace("\"name\": \"load\"", "\"name\": \"<b>\"");
    let named = phase.replace(
        "\"scenario\": \"smoke\"",
        &format!("\"scenario\": \"{foreign}\""),
    );
    let said = named.replace(
        "\"sentence\": \"valid",
        &format!("\"sentence\": \"{foreign}valid"),
    );
    fs::write(&run, said).unwrap();
    let output = report(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let picture = fs::read_to_string(folder.join("report.svg")).unwrap();
    well_formed(&picture);
    assert!(
        !picture.contains("<script") && !picture.contains("<!--") && !picture.contains('\u{202e}')
    );
    let escaped = "&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&lt;!--·";
    // Its name twice and its verdict twice: once for those who do not see the picture.
    assert_eq!(picture.matches(escaped).count(), 4, "{picture}");
    assert!(picture.contains(">&lt;b&gt;<"), "a phase");
}

#[test]
fn a_search_has_its_curve_its_bound_and_its_answer_in_a_picture() {
    let at = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let search = |name: &str, more: &[&str]| {
        let out = at.path().join(name);
        let one = [
            "search",
            "scenarios/mm-c.toml",
            "--slo",
            "upload p(99) < 10s",
            "--quiet",
        ];
        let small = [
            "--set",
            "load.subjects=2_000",
            "--out",
            out.to_str().unwrap(),
        ];
        let rate = [
            "--vary",
            "load.arrivals.rate",
            "--from",
            "1/s",
            "--to",
            "4/s",
        ];
        let output = stormglass(&[&one[..], &small, more, &rate].concat(), root);
        assert!(stderr(&output).is_empty(), "{}", stderr(&output));
        let picture = fs::read_to_string(out.join("report.svg")).unwrap();
        well_formed(&picture);
        picture
    };
    let one = search("one", &[]);
    for text in [
        ">load.arrivals.rate<",
        ">upload p(99) &lt; 10s</text>",
        "class=\"mark\"",
        ">answer<",
        "<circle ",
        ">Throughput<",
        "fill-opacity=\"0.18\"",
    ] {
        assert!(one.contains(text), "{text} is not in {one}");
    }
    let two = search(
        "two",
        &[
            "--vary",
            "service.store.slots",
            "--from",
            "2",
            "--to",
            "6",
            "--points",
            "2",
        ],
    );
    assert!(
        two.contains(">load.arrivals.rate over service.store.slots<"),
        "{two}"
    );
}

#[test]
fn a_sweep_has_no_picture_but_those_of_its_findings() {
    let at = tempfile::tempdir().unwrap();
    let arguments = [
        "sweep", "embedded", "--script", "create", "--tries", "1", "--quiet", "--out", "swept",
    ];
    let output = stormglass(&arguments, at.path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!at.path().join("swept/report.svg").exists());
    let output = report(&at.path().join("swept"), &["--out", "x.svg"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("swept has no picture"),
        "{}",
        stderr(&output)
    );
}
