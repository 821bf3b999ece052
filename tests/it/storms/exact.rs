//! A short version of `cargo bench --bench theory`.

use super::theory::{cases, erlang_b, erlang_c, mechanisms};

#[test]
fn the_formulas_give_what_a_pencil_gives() {
    // 2.8⁴ ÷ 4! × 4 ÷ 1.2 = 8.536889 customers find all busy for 11.378667 who do not.
    let exact = 8.536_889 / (11.378_667 + 8.536_889);
    assert!(
        (erlang_c(2.8, 4) - exact).abs() < 1e-6,
        "{}",
        erlang_c(2.8, 4)
    );
    // 4⁴ ÷ 4! of 1 + 4 + 8 + 10⅔ + 10⅔.
    assert!((erlang_b(4.0, 4) - 32.0 / 103.0).abs() < 1e-12);
}

/// How much theory may be missed by, as a share.
const WITHIN: f64 = 0.02;

#[test]
fn mechanisms_are_what_theory_says() {
    let mut wrong = Vec::new();
    for case in mechanisms::cases() {
        for (figure, reading) in case.figures.iter().zip(case.read(10, 1.0)) {
            let (mean, error, theory) = (reading.mean, reading.error, figure.theory);
            let right = (mean - theory).abs() < 4.8 * error + 1e-9;
            if !right || (mean / theory - 1.0).abs() > WITHIN {
                let (case, figure) = (&case.name, figure.name);
                wrong.push(format!(
                    "{case}, {figure}: {mean} ± {error}, theory {theory}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn queues_are_what_theory_says() {
    let mut wrong = Vec::new();
    for case in cases() {
        for (figure, reading) in case.figures.iter().zip(case.read(10, 0.3)) {
            let (mean, error, theory) = (reading.mean, reading.error, figure.theory);
            // Student's t of ten runs exceeds 4.8 once in a thousand figures; these have fixed seeds.
            let right = (mean - theory).abs() < 4.8 * error + 1e-9;
            // A wide error would say nothing.
            if !right || error > 0.1 * theory {
                let (case, figure) = (&case.name, figure.name);
                wrong.push(format!(
                    "{case}, {figure}: {mean} ± {error}, theory {theory}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
