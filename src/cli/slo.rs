//! `--slo`: demands of the command line, in place of the scenario's thresholds.

use std::collections::BTreeMap;

/// What sets the scenario's thresholds to these demands; nothing where there are none.
pub fn setting(slos: &[String]) -> Result<Option<String>, String> {
    if slos.is_empty() {
        return Ok(None);
    }
    let mut demands: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for slo in slos {
        let (key, demand) = split(slo)?;
        demands.entry(key).or_default().push(demand);
    }
    let quoted = |text: &str| format!("{text:?}");
    let demands = demands.iter().map(|(key, demands)| {
        let demands: Vec<String> = demands.iter().map(|it| quoted(it)).collect();
        format!("{} = [{}]", quoted(key), demands.join(", "))
    });
    let demands: Vec<String> = demands.collect();
    Ok(Some(format!("thresholds={{ {} }}", demands.join(", "))))
}

/// `saving->active p(99) < 20s`: what a demand is about, and the demand.
fn split(slo: &str) -> Result<(&str, &str), String> {
    let compared = slo.rfind(['<', '>']);
    let before = compared.map_or("", |at| slo[..at].trim_end());
    let start = before.rfind(char::is_whitespace);
    let parts = start.map(|at| (slo[..at].trim(), slo[at..].trim()));
    parts.filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
        format!("`{slo}` is no demand; write for example 'saving->active p(99) < 20s'")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_is_split_from_what_it_is_about() {
        for (slo, expected) in [
            (
                "saving->active p(99) < 20s",
                ("saving->active", "p(99) < 20s"),
            ),
            ("upload error_rate<1%", ("upload", "error_rate<1%")),
            (
                "recovery(store outage) time < 5m",
                ("recovery(store outage)", "time < 5m"),
            ),
            ("dropped count <= 3", ("dropped", "count <= 3")),
        ] {
            assert_eq!(split(slo), Ok(expected), "{slo}");
        }
        for slo in ["", "upload", "p(99) < 20s", "saving->active"] {
            assert!(split(slo).is_err(), "{slo}");
        }
    }
}
