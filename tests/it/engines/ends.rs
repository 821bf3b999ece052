//! How loads end.

use crate::storms::run;
use std::collections::BTreeSet;
use std::path::Path;
use stormglass_model::lifecycle::Verdict;

/// Two and a half arrivals are expected, but Poisson decides: often the second one never comes.
#[test]
fn a_load_that_runs_dry_ends_with_its_last_story() {
    let text = r#"
schema = 1
name = "dry"
[load]
arrivals = { rate = "5/s" }
subjects = 2
ramp = [{ for = "1s", to = "0/s" }]
[[story]]
name = "a"
steps = ["create", { wait = "1h" }, "delete"]
"#;
    let mut scenario = stormglass::parse("dry.toml", text, Path::new(""), &[]).unwrap();
    let mut arrivals = BTreeSet::new();
    for seed in 0..40 {
        scenario.seed.0 = seed;
        let result = run(&scenario, 1);
        let end = &result.runs[0].end;
        // Where nobody came, there was nothing to judge.
        let expected = match end.arrivals {
            0 => Verdict::Unknown,
            _ => Verdict::Valid,
        };
        assert_eq!(result.verdict, expected);
        assert_eq!(
            end.arrivals,
            end.by_status()[6],
            "every story is told to its end"
        );
        arrivals.insert(end.arrivals);
    }
    assert_eq!(Vec::from_iter(arrivals), [0, 1, 2]);
}
