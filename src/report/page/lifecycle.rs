//! The lifecycle with what happened on each edge: how often, how fast, how long it took.

use super::contents::{Contents, Replication};
use crate::report::diagram::svg::{
    BOX_HEIGHT, Route, StatusBox, WIDTH, subject_box, subject_route, task_box, task_route,
};
use crate::report::diagram::{subject_edges, task_edges};
use crate::report::number::{rate, thousands};
use maud::{Markup, html};
use std::collections::BTreeMap;
use stormglass_model::lifecycle::{Profile, SubjectStatus, TaskStatus};
use stormglass_model::units::Span;

/// What happened on one edge after warm-up.
pub struct Traffic {
    /// How often.
    pub count: u64,
    /// How often a second under load; zero where there was no load.
    pub per_second: f64,
    pub p50: Span,
    pub p99: Span,
    pub most: Span,
}

/// The traffic by the tags of `latencies.hlog`: `queued->saving`, `task:pending->processing`.
pub fn traffic(contents: &Contents) -> BTreeMap<&str, Traffic> {
    let load_s: f64 = (contents.run.runs.iter())
        .flat_map(|run| run.load().map(|phase| phase.to - phase.from))
        .sum();
    let under_load = |tag: &str| -> u64 {
        let lines = contents.transitions.iter().filter(|line| {
            let kind = if line.kind == "task" { "task:" } else { "" };
            let load = |run: &Replication| run.load().any(|phase| phase.name == line.phase);
            format!("{kind}{}->{}", line.from, line.to) == tag && contents.run.runs.iter().any(load)
        });
        lines.map(|line| line.count).sum()
    };
    let edges = contents
        .latencies
        .iter()
        .filter(|(tag, _)| tag.contains("->"));
    edges
        .map(|(tag, histogram)| {
            let quantile = |q| Span(histogram.value_at_quantile(q));
            let traffic = Traffic {
                count: histogram.len(),
                per_second: if load_s > 0.0 {
                    under_load(tag) as f64 / load_s
                } else {
                    0.0
                },
                p50: quantile(0.5),
                p99: quantile(0.99),
                most: quantile(1.0),
            };
            (tag.as_str(), traffic)
        })
        .collect()
}

/// Where the names of edges stand that run down to `deleted`: a name fits beside the boxes of the middle row, figures do not.
const BESIDE_BOXES: i32 = 175;

/// An edge that is drawn.
struct Drawn<'t> {
    route: Route,
    name: &'static str,
    traffic: Option<&'t Traffic>,
}

/// The edges of subjects, and those of tasks where there were any.
fn drawn<'t>(
    profile: Option<Profile>,
    traffic: &'t BTreeMap<&str, Traffic>,
) -> [Vec<Drawn<'t>>; 2] {
    let subjects = subject_edges(profile).filter_map(|edge| {
        let from = edge.from.map_or("", SubjectStatus::name);
        Some(Drawn {
            route: subject_route(edge.from, edge.to)?,
            name: edge.name,
            traffic: traffic.get(format!("{from}->{}", edge.to.name()).as_str()),
        })
    });
    let tasks = task_edges(profile).filter_map(|edge| {
        let from = edge.from.map_or("", TaskStatus::name);
        Some(Drawn {
            route: task_route(edge.from, edge.to)?,
            name: edge.name,
            traffic: traffic.get(format!("task:{from}->{}", edge.to.name()).as_str()),
        })
    });
    let any = traffic.keys().any(|tag| tag.starts_with("task:"));
    [subjects.collect(), tasks.filter(|_| any).collect()]
}

/// The picture. Edges that nothing took are faint, and have no figures.
pub fn picture(contents: &Contents, traffic: &BTreeMap<&str, Traffic>) -> Markup {
    let all = [Profile::V1, Profile::V2, Profile::Glance];
    let profile = all
        .into_iter()
        .find(|profile| profile.name() == contents.run.profile);
    let [subjects, tasks] = drawn(profile, traffic);
    let shows = |status: SubjectStatus| {
        subject_edges(profile).any(|edge| edge.to == status || edge.from == Some(status))
    };
    let boxes = SubjectStatus::ALL.iter().filter(|status| shows(**status));
    let boxes = boxes.map(|&status| (subject_box(status), status.name()));
    let task_boxes = (TaskStatus::ALL.iter()).map(|&status| (task_box(status), status.name()));
    // The row of imports stands above that of `queued`, where there is one.
    let top = if shows(SubjectStatus::Importing) {
        330
    } else {
        120
    };
    let depth = top + 346;
    let height = if tasks.is_empty() {
        depth + 20
    } else {
        depth + 215
    };
    let counts = traffic.values().map(|traffic| traffic.count);
    let most = counts.max().unwrap_or(1);
    html! {
        svg.lifecycle viewBox=(format!("0 0 {WIDTH} {height}")) role="img"
            aria-label="The lifecycle: how often each edge was taken; the table below has every figure" {
            defs {
                @for style in ["on", "away", "bad", "unused"] {
                    marker id=(format!("head-{style}")) class=(style) viewBox="0 0 10 10" refX="9" refY="5" markerWidth="10"
                        markerHeight="10" markerUnits="userSpaceOnUse" orient="auto" { path d="M0,1 L9.5,5 L0,9 z" {} }
                }
            }
            (graph(top, &subjects, boxes, most))
            @if !tasks.is_empty() { (graph(depth + 105, &tasks, task_boxes, most)) }
        }
    }
}

fn graph(
    y: i32,
    edges: &[Drawn],
    boxes: impl Iterator<Item = (StatusBox, &'static str)>,
    most: u64,
) -> Markup {
    // What nothing took comes first: where lines cross, what comes later runs over what came before.
    let (unused, taken): (Vec<&Drawn>, Vec<&Drawn>) =
        edges.iter().partition(|edge| edge.traffic.is_none());
    html! {
        g transform=(format!("translate(0,{y})")) {
            @for edge in unused.iter().chain(&taken) { (line(edge, most)) }
            circle.begin cx="27" cy="0" r="7" {}
            @for (StatusBox(x, y, width, _), name) in boxes {
                rect class=(format!("status s-{name}")) x=(x - width / 2) y=(y - BOX_HEIGHT / 2) width=(width) height=(BOX_HEIGHT) rx="14" {}
                text.status x=(x) y=(y + 6) { (name) }
            }
            @for edge in &taken { (label(edge)) }
        }
    }
}

fn line(edge: &Drawn, most: u64) -> Markup {
    let Route(path, ..) = edge.route;
    let style = match edge.traffic {
        None => "unused",
        Some(_) if edge.name.contains("fail") || edge.name.contains("could not") => "bad",
        Some(_) if edge.name.contains("delete") => "away",
        Some(_) => "on",
    };
    let title = match edge.traffic {
        None => format!("{}: never", edge.name),
        Some(traffic) => format!("{}: {}", edge.name, figures(traffic).join(", ")),
    };
    html! {
        path.halo d=(path) {}
        path class=(format!("edge {style}")) d=(path) stroke-width=(thickness(edge, most)) marker-end=(format!("url(#head-{style})")) {
            title { (title) }
        }
    }
}

/// From 1.2 to 7, by the square root of how often: a hundredth of the traffic is a tenth of the way.
fn thickness(edge: &Drawn, most: u64) -> String {
    let count = edge.traffic.map_or(0, |traffic| traffic.count);
    format!(
        "{:.1}",
        1.2 + 5.8 * (count as f64 / most.max(1) as f64).sqrt()
    )
}

fn label(edge: &Drawn) -> Markup {
    let Route(_, x, y, anchor) = edge.route;
    let Some(traffic) = edge.traffic else {
        return html! {};
    };
    let [count, p99] = figures(traffic);
    // Beside a line that runs all the way down, below the boxes of the middle row.
    let y = if y == BESIDE_BOXES {
        BESIDE_BOXES + 57
    } else {
        y
    };
    // Above a line the last row stands where the name would; below it, the first.
    let first = if y < 0 { y - 17 } else { y };
    html! {
        text.figure x=(x) y=(first) text-anchor=(anchor) { (count) }
        text.figure x=(x) y=(first + 14) text-anchor=(anchor) { (p99) }
    }
}

fn figures(traffic: &Traffic) -> [String; 2] {
    let often = match traffic.per_second > 0.0 {
        true => format!(
            "{} · {}",
            thousands(traffic.count),
            rate(traffic.per_second)
        ),
        false => thousands(traffic.count),
    };
    [often, format!("p99 {}", traffic.p99)]
}
