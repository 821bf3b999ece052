//! A story as a scenario writes it.

use super::written::{Beside, Unit, distribution, number};
use crate::learn::life::{Step, Way};
use crate::learn::stories::{Story, Waits};
use crate::report::number::{counted, interval, percent, thousands};
use crate::scenario;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::Span;

/// Stories under construction, and what was left out of them.
#[derive(Default)]
pub struct Stories {
    /// Files of measured values.
    pub files: Vec<Beside>,
    /// Steps that the embedded service does not do, with how often they were seen.
    pub left_out: BTreeMap<Operation, u64>,
    /// Steps that stand for others.
    pub stand_in: BTreeMap<(Operation, Operation), u64>,
    /// Whether a story has no sizes of its own, nor are there any.
    pub no_sizes: bool,
}

/// Sizes for stories of which none are known.
pub struct Sizes<'a> {
    /// A sample of them, in bytes.
    pub values: &'a [f64],
    /// How many there are.
    pub count: u64,
    /// What is said of them.
    pub whose: &'static str,
}

/// Waits that are shorter on average are the client's own time.
const SHORT: f64 = 50e6;

impl Stories {
    /// The table of a story. `number` is its place, from one; `sizes` are those of all stories.
    pub fn table(&mut self, place: usize, story: &Story, sizes: &Sizes) -> String {
        let name = match story.name() {
            name if name.len() <= 80 => name,
            _ => format!(
                "story {place}, {}",
                counted(story.steps.len() as u64, "step")
            ),
        };
        let share = story.share * 100.0;
        let effective = story.lives as f64 / story.share;
        let tries = effective.round().max(story.lives as f64) as u32;
        let (low, high) = interval(u32::try_from(story.lives).unwrap_or(u32::MAX), tries);
        let kept = match story.variant.kept {
            0 => String::new(),
            kept => format!("; {} of these were still there", thousands(kept)),
        };
        let mut text = format!(
            "[[story]]\nname = \"{name}\"\nweight = {}  # {} like this, {} to {} of all{kept}\n",
            number(share),
            lives(story.lives),
            percent(low),
            percent(high)
        );
        text += &self.size(place, story, sizes);
        text += "steps = [\n";
        for line in self.steps(place, story) {
            let _ = writeln!(text, "    {line}");
        }
        text + "]\n"
    }

    fn size(&mut self, place: usize, story: &Story, all: &Sizes) -> String {
        let own = &story.variant.sizes;
        if !story
            .steps
            .iter()
            .any(|(operation, _)| moves_data(*operation))
        {
            return String::new();
        }
        let (values, count, whose) = match own.count() {
            0 => (all.values, all.count, all.whose),
            count => (own.values(), count, ""),
        };
        if count == 0 {
            self.no_sizes = true;
            return "size = \"1MiB\"  # no source says how large the data is\n".to_owned();
        }
        let name = format!("sizes-{place}");
        let files = &mut self.files;
        let written = distribution(files, Unit::Sizes, &name, values, Span::ZERO, count);
        format!("size = {}  # {}{whose}\n", written.value, written.comment)
    }

    /// Its steps, a line each. What the embedded service cannot do is left out or stands as what is nearest to it.
    fn steps(&mut self, place: usize, story: &Story) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut legal: Vec<String> = Vec::new();
        for (at, &(operation, way)) in story.steps.iter().enumerate() {
            let name = format!("wait-{place}-{}", at + 1);
            lines.extend(
                story
                    .variant
                    .waits
                    .get(at)
                    .and_then(|waits| self.wait(&name, waits)),
            );
            let Some(step) = self.embedded(operation, way, story.lives, &legal) else {
                continue;
            };
            legal.push(step.clone());
            let times = story.times(at);
            let within = story
                .variant
                .within
                .get(at)
                .filter(|_| way == Way::Several && times > 1);
            lines.push(format!("{step},"));
            if let Some(waits) = within {
                let name = format!("{name}-between");
                let wait = self.wait(&name, waits);
                let (wait, comment) = wait.as_deref().map_or(("", ""), |line| {
                    let (wait, comment) = line.split_once("  # ").unwrap_or((line, ""));
                    (wait, comment)
                });
                let comment = match comment {
                    "" => String::new(),
                    comment => format!("  # {comment}"),
                };
                let wait = if wait.is_empty() {
                    String::new()
                } else {
                    format!("{wait} ")
                };
                lines.push(format!(
                    "{{ repeat = {}, steps = [{wait}{step}] }},{comment}",
                    times - 1
                ));
            }
        }
        lines
    }

    /// The wait before a step; none where it is too short to be told from none.
    fn wait(&mut self, name: &str, waits: &Waits) -> Option<String> {
        let values = waits.values.values();
        let n = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n;
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / n;
        let error = (variance / n).sqrt();
        // Coarse dates make a wait of none look like one that is as often below zero.
        let is_none = mean < SHORT || mean < waits.coarse.0 as f64 / 2.0 && mean < 2.0 * error;
        if is_none {
            return None;
        }
        let coarse = match (waits.coarse.0 as f64) < mean / 1e3 {
            true => Span::ZERO,
            false => waits.coarse,
        };
        let written = distribution(
            &mut self.files,
            Unit::Spans,
            name,
            values,
            coarse,
            waits.values.count(),
        );
        Some(format!(
            "{{ wait = {} }},  # {}",
            written.value, written.comment
        ))
    }

    /// The step on the embedded service.
    fn embedded(
        &mut self,
        operation: Operation,
        way: Way,
        lives: u64,
        before: &[String],
    ) -> Option<String> {
        let Some(step) = nearest(operation) else {
            *self.left_out.entry(operation).or_default() += lives;
            return None;
        };
        let plain = format!("\"{step}\"");
        let refused = format!("{{ refused = {plain} }}");
        let written = if way == Way::Refused { refused } else { plain };
        if !is_legal(before, &written) {
            *self.left_out.entry(operation).or_default() += lives;
            return None;
        }
        if step != operation {
            *self.stand_in.entry((operation, step)).or_default() += lives;
        }
        Some(written)
    }
}

/// So many lives.
pub fn lives(count: u64) -> String {
    match count {
        1 => "1 life".to_owned(),
        count => format!("{} lives", thousands(count)),
    }
}

/// Whether its story has data, whose size matters.
fn moves_data(operation: Operation) -> bool {
    nearest(operation).is_some_and(|it| {
        matches!(
            it,
            Operation::Upload
                | Operation::Import
                | Operation::AbortUpload
                | Operation::Download
                | Operation::CreateWithLocation
                | Operation::AddLocation
        )
    })
}

/// What does the most of it on the embedded service; none where nothing does.
fn nearest(operation: Operation) -> Option<Operation> {
    use Operation::*;
    Some(match operation {
        it if !it.row().only_glance => it,
        CreateWithoutFormat | CreateWithWrongFormat => Create,
        ImportStaged | ImportSlow | ImportToAllStores => Import,
        UploadChunked => Upload,
        RegisterLocation | RegisterLocationChecked | AddLocationChecked | AddLocationWrongHash => {
            AddLocation
        }
        Share | Unshare | Accept | Protect | Unprotect | ReplaceLocation => SetProperty,
        _ => return None,
    })
}

/// Whether the step makes sense after these: the scenario's reader says so.
fn is_legal(before: &[String], step: &str) -> bool {
    let steps: Vec<&str> = before.iter().map(String::as_str).chain([step]).collect();
    let text = format!(
        "schema = 1\nname = \"step\"\n[load]\nusers = 1\nsubjects = 1\n[[story]]\nname = \"step\"\nsteps = [{}]\n",
        steps.join(", ")
    );
    scenario::parse("step", &text, Path::new(""), &[]).is_ok()
}

/// Whether anything of a sequence is a step of a scenario.
pub fn begins(steps: &[Step]) -> bool {
    steps
        .first()
        .is_some_and(|(operation, _)| nearest(*operation).is_some_and(Operation::creates))
}
