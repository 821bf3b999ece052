//! How often a comparison is wrong: a hundred pairs of a cloud's day, with eight replications each.
//!
//! `cargo test --release --test it compare::acceptance -- --ignored --nocapture`, which takes a quarter of an hour on two cores.

use super::{compare, document};
use crate::cli::{stderr, stormglass};
use std::path::Path;

const PAIRS: u64 = 100;

/// A day of `steady-week`, of which six hours are a warm-up.
fn day(out: &Path, seed: u64, setting: &str) {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/steady-week.toml");
    let (out, seed) = (out.to_str().unwrap(), seed.to_string());
    let arguments = format!(
        "run {scenario} --quiet --out {out} --seed {seed} --replications 8 \
         --set load.duration=1d --set load.warm_up=6h --set thresholds={{}} {setting}"
    );
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let output = stormglass(&arguments, Path::new("."));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "who waits so long wants to see the counts"
)]
#[ignore = "takes a quarter of an hour"]
fn what_is_the_same_is_seldom_slower_and_what_is_slower_is_found() {
    let (mut same_worse, mut same_better, mut found) = (0, 0, 0);
    for pair in 0..PAIRS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        // Seeds of replications are one apart, so no two sets have one in common.
        day(&path.join("a"), 10_000 + 100 * pair, "");
        day(&path.join("b"), 50_000 + 100 * pair, "");
        day(
            &path.join("c"),
            90_000 + 100 * pair,
            // A tenth slower.
            "--set service.store.bandwidth=230.4MiB/s --set service.store.put=5.5ms \
             --set service.store.get=5.5ms --set service.store.delete=22ms",
        );
        let change =
            |other: &str| document(&compare(path, &format!("a {other} --json")))["change"].clone();
        let (same, slower) = (change("b"), change("c"));
        same_worse += u32::from(same == "worse");
        same_better += u32::from(same == "better");
        found += u32::from(slower == "worse");
        eprintln!(
            "{} pairs: of what is the same {same_worse} slower and {same_better} faster, of what is slower {found} found",
            pair + 1
        );
    }
    assert!(same_worse <= 5, "{same_worse}");
    assert!(found >= 95, "{found}");
}
