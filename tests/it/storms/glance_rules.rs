//! Storms on the embedded service by Glance's rules.

use std::path::Path;
use stormglass::{Scenario, StormResult};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Verdict};

const STORM: &str = r#"
schema = 1
name = "by Glance's rules"
[service]
profile = "glance"
workers = 16
[service.registry]
commit = { exponential = { mean = "2ms" } }
[service.store]
slots = 8
put = { exponential = { mean = "30ms" } }
delete = "2ms"
[load]
arrivals = { rate = "60/s" }
duration = "2m"
max_in_flight = 1000
[[story]]
name = "staged"
size = "1MiB"
steps = ["create", "stage", "import-staged", "download", "deactivate", "deactivate", "reactivate", "delete"]
[[story]]
name = "rivals"
size = "1MiB"
steps = ["create", { race = ["stage", "delete", "import"], jitter = "20ms" }]
[[story]]
name = "imports at once"
size = "1MiB"
steps = ["create", { race = ["import", "import", "upload"], jitter = "5ms" }, "delete"]
[[story]]
name = "staged rivals"
size = "1MiB"
steps = ["create", "stage", { race = ["import-staged", "delete", "import-staged"], jitter = "20ms" }]
"#;

const FAULTS: &str = r#"
[[fault]]
name = "registry"
at = "registry.commit"
kind = { error = { probability = 0.1 } }
window = { from = "20s", to = "50s" }
[[fault]]
name = "store"
at = "store.put"
kind = { error = { probability = 0.2 } }
window = { from = "70s", to = "100s" }
"#;

fn parse(text: &str) -> Scenario {
    stormglass::parse("a storm", text, Path::new("."), &[])
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.plain()))
}

fn run(text: &str) -> StormResult {
    super::run(&parse(text), 1)
}

#[test]
fn the_embedded_service_keeps_glances_rules() {
    let mut taken = std::collections::BTreeSet::new();
    for text in [STORM.to_owned(), format!("{STORM}{FAULTS}")] {
        let result = run(&text);
        let violations = &result.runs[0].violations;
        assert_eq!(result.verdict, Verdict::Valid, "{violations:#?}");
        let counted = |operation, outcome| {
            let rows = result.runs[0].operations.iter();
            rows.filter(|row| (row.operation, row.outcome) == (operation, outcome))
                .map(|row| row.response.count())
                .sum::<u64>()
        };
        assert!(counted(Operation::ImportStaged, Outcome::Ok) > 100);
        assert!(counted(Operation::Import, Outcome::Refused) > 10);
        taken.extend(super::taken(&result));
    }
    use SubjectStatus::*;
    for (from, to) in [
        (Queued, Uploading),
        (Queued, Importing),
        (Uploading, Importing),
        (Uploading, Queued),
        (Uploading, Deleted),
        (Importing, Active),
        (Importing, Queued),
        (Importing, Deleted),
    ] {
        let edge = ("subject".to_owned(), from.to_string(), to.to_string());
        assert!(taken.contains(&edge), "{from} to {to} was not taken");
    }
}

#[test]
fn what_only_a_glance_does_needs_its_rules() {
    let by_default = STORM.replace("profile = \"glance\"", "profile = \"v2\"");
    let mistakes = stormglass::parse("a storm", &by_default, Path::new("."), &[]).unwrap_err();
    let text = mistakes.plain();
    assert!(
        text.contains("the embedded service knows no `stage`"),
        "{text}"
    );
    assert!(
        text.contains("write `profile = \"glance\"` in [service]"),
        "{text}"
    );
}
