//! The summary of a sweep for a terminal.

use super::words::{clean, found, monthly, of_tries, title, tried};
use super::{families, numbered};
use crate::report::number::counted;
use crate::report::terminal::{HEIGHT, Paint, clipped, closing, wrapped};
use crate::sweep::{Finding, SweepResult};
use std::fmt::Write as _;
use stormglass_model::checker::concurrent::Severity;

/// The summary, with the path of the results if they have one, in colour or plain. Only a command to copy may be longer than
/// a terminal is wide; findings are cut where a screen has no room for more.
pub fn summary(result: &SweepResult, results: Option<&str>, colour: bool) -> String {
    let paint = Paint { colour };
    let mut lines = vec![
        format!(
            "{}  {} · {} · seed {}",
            paint.verdict(result.verdict()),
            clean(&result.target),
            found(result),
            result.seed
        ),
        format!("  {}", tried(result)),
    ];
    if let Some(line) = families::line(result) {
        lines.push(paint.doubtful(&format!("  not tried: {line}")));
    }
    if result.interrupted {
        lines.push(paint.doubtful("  interrupted: this was found until then"));
    }
    if let Some(because) = result.unjudged_because() {
        lines.extend(wrapped(&paint.doubtful(&format!("  {}", clean(&because)))));
    }
    for note in &result.notes {
        lines.push(paint.doubtful(&format!("  {}", clean(note))));
    }
    if !result.left.is_empty() {
        let left = counted(result.left.len() as u64, "image");
        let left = format!("  {left} may still be there, listed in findings.md");
        lines.push(paint.doubtful(&left));
    }
    if !result.left_data.is_empty() {
        let left = counted(result.left_data.len() as u64, "file");
        let left = format!("  {left} of its images are left in the store, listed in left-data.txt");
        lines.push(paint.doubtful(&left));
    }
    if !result.findings.is_empty() {
        lines.push(String::new());
    }
    let room = HEIGHT.saturating_sub(lines.len() + 3).max(1);
    let all = result.findings.len();
    let priced = result.findings.iter().filter(|it| it.month.is_some());
    let roomy = 2 * all + priced.count() <= room;
    let shown = if all > room { room - 1 } else { all };
    for (number, finding) in numbered(result).take(shown) {
        lines.push(row(number, finding, paint));
        if roomy {
            lines.push(format!("     {}", clean(&finding.worst().sentence)));
            if let Some(month) = &finding.month {
                lines.push(format!("     {}", monthly(month, finding.severity())));
            }
        }
    }
    if shown < all {
        lines.push(format!("  … and {} more findings", all - shown));
    }
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(text, "{}", clipped(line).trim_end());
    }
    let repeat = result
        .fresh()
        .next()
        .map(|first| clean(&first.worst().repeat));
    let page = results.map(|results| format!("{results}/findings.md"));
    for line in closing(repeat, page) {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn row(number: usize, finding: &Finding, paint: Paint) -> String {
    let often = match finding.accepted {
        true => "accepted".to_owned(),
        false => of_tries(finding.worst().shortest()),
    };
    let severity = format!("{:<13}", finding.severity().name());
    let severity = match (finding.accepted, finding.severity()) {
        (true, _) => severity,
        (false, Severity::WrongAnswer) => paint.doubtful(&severity),
        (false, _) => paint.bad(&severity),
    };
    format!(
        "  {number:>2} {severity} {often:>9}  {}",
        title(finding.cause)
    )
}
