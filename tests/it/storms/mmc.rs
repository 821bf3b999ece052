//! A short version of `cargo bench --bench mmc`.

use super::erlang::{mean_wait_s, measured_wait_s, settings};
use super::{read, run};

#[test]
fn the_formula_gives_what_a_pencil_gives() {
    // 2.8⁴ ÷ 4! × 4 ÷ 1.2 = 8.536889 customers find all busy for 11.378667 who do not; then 1 s ÷ 1.2 each.
    let exact = 8.536_889 / (11.378_667 + 8.536_889) / 1.2;
    assert!((mean_wait_s() - exact).abs() < 1e-6, "{}", mean_wait_s());
}

#[test]
fn a_queue_waits_as_long_as_erlang_says() {
    let mut settings = settings(20_000).to_vec();
    settings.push("replications=8".to_owned());
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let result = run(&read("mm-c", &settings), 2);
    let waits: Vec<f64> = result.runs.iter().map(measured_wait_s).collect();
    let runs = waits.len() as f64;
    let mean = waits.iter().sum::<f64>() / runs;
    let variance = waits.iter().map(|wait| (wait - mean).powi(2)).sum::<f64>() / (runs - 1.0);
    let error = (variance / runs).sqrt();
    // Student's t of eight runs exceeds 4.8 once in five hundred storms; this one has a fixed seed.
    assert!(
        (mean - mean_wait_s()).abs() < 4.8 * error && error < 0.05 * mean,
        "{mean} ± {error} s, Erlang C says {} s",
        mean_wait_s()
    );
}
