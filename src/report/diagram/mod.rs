//! The lifecycle, drawn from the one edge table: text, CSV, Graphviz, Mermaid and SVG.

pub(super) mod svg;

use std::fmt::Write as _;
use stormglass_model::lifecycle::{
    EDGES, Edge, Profile, SubjectStatus, TASK_EDGES, TaskEdge, TaskStatus,
};

/// How to draw it; the command line shows these words.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Format {
    /// Columns for people
    Table,
    /// from,to,name; `from` is empty for creation
    Csv,
    /// Graphviz
    Dot,
    /// A Mermaid state diagram
    Mermaid,
    /// A picture
    Svg,
}

/// The lifecycle under one profile; without any, the specification with both of its upload rules.
pub fn lifecycle(profile: Option<Profile>, format: Format) -> String {
    match format {
        Format::Table => table(profile),
        Format::Csv => csv(profile),
        Format::Dot => dot(profile),
        Format::Mermaid => mermaid(profile),
        Format::Svg => svg::draw(profile),
    }
}

/// The edges of subjects under a profile.
pub fn subject_edges(profile: Option<Profile>) -> impl Iterator<Item = &'static Edge> {
    (EDGES.iter()).filter(move |edge| shows(profile, |profile| edge.allowed_by(profile)))
}

/// The edges of tasks under a profile.
pub fn task_edges(profile: Option<Profile>) -> impl Iterator<Item = &'static TaskEdge> {
    (TASK_EDGES.iter()).filter(move |edge| shows(profile, |profile| edge.allowed_by(profile)))
}

fn shows(profile: Option<Profile>, allowed_by: impl Fn(Profile) -> bool) -> bool {
    match profile {
        Some(profile) => allowed_by(profile),
        None => allowed_by(Profile::V1) || allowed_by(Profile::V2),
    }
}

/// What a drawing is headed by.
fn title(profile: Option<Profile>) -> &'static str {
    match profile {
        None => "The lifecycle: the specification, with the upload rules of v1 and v2",
        Some(Profile::V1) => "The lifecycle: the specification, v1 rules",
        Some(Profile::V2) => "The lifecycle: the specification, v2 rules",
        Some(Profile::Glance) => "The lifecycle: what OpenStack Glance 33 permits",
    }
}

/// An edge by the names of its statuses, `from` none for creation.
struct NamedEdge {
    from: Option<&'static str>,
    to: &'static str,
    name: &'static str,
}

/// The edges of subjects, and those of tasks.
fn lists(profile: Option<Profile>) -> [(&'static str, Vec<NamedEdge>); 2] {
    let subjects = subject_edges(profile).map(|edge| NamedEdge {
        from: edge.from.map(SubjectStatus::name),
        to: edge.to.name(),
        name: edge.name,
    });
    let tasks = task_edges(profile).map(|edge| NamedEdge {
        from: edge.from.map(TaskStatus::name),
        to: edge.to.name(),
        name: edge.name,
    });
    [("subject", subjects.collect()), ("task", tasks.collect())]
}

fn table(profile: Option<Profile>) -> String {
    let mut text = format!("{}\n", title(profile));
    for (kind, edges) in lists(profile) {
        let _ = writeln!(text, "\n{kind:<8} {:<15} {:<15} name", "from", "to");
        for edge in edges {
            let from = edge.from.unwrap_or("(none)");
            let _ = writeln!(text, "{:<8} {from:<15} {:<15} {}", "", edge.to, edge.name);
        }
    }
    text
}

fn csv(profile: Option<Profile>) -> String {
    let mut text = "from,to,name\n".to_owned();
    for edge in lists(profile).into_iter().flat_map(|(_, edges)| edges) {
        // No status and no name has a comma or a quote.
        let _ = writeln!(
            text,
            "{},{},{}",
            edge.from.unwrap_or(""),
            edge.to,
            edge.name
        );
    }
    text
}

fn dot(profile: Option<Profile>) -> String {
    let mut text = format!(
        "digraph lifecycle {{\n  label=\"{}\"; labelloc=t; rankdir=LR;\n  \
         node [shape=box, style=rounded, fontname=\"Helvetica\"]; edge [fontname=\"Helvetica\", fontsize=10];\n",
        title(profile)
    );
    for (kind, edges) in lists(profile) {
        let _ = writeln!(
            text,
            "  subgraph cluster_{kind} {{\n    label=\"{kind}\"; color=gray;"
        );
        let _ = writeln!(
            text,
            "    {kind}_none [shape=point, width=0.15, label=\"\"];"
        );
        for edge in edges {
            let from = edge
                .from
                .map_or_else(|| format!("{kind}_none"), |from| format!("\"{from}\""));
            let _ = writeln!(
                text,
                "    {from} -> \"{}\" [label=\"{}\"];",
                edge.to, edge.name
            );
        }
        text.push_str("  }\n");
    }
    text.push_str("}\n");
    text
}

/// Two state diagrams in one: Mermaid keeps names of composite states apart by itself.
fn mermaid(profile: Option<Profile>) -> String {
    let mut text = format!("---\ntitle: \"{}\"\n---\nstateDiagram-v2\n", title(profile));
    for (kind, edges) in lists(profile) {
        let _ = writeln!(text, "  state {kind} {{");
        for edge in edges {
            let from = edge.from.unwrap_or("[*]");
            let _ = writeln!(text, "    {from} --> {} : {}", edge.to, edge.name);
        }
        text.push_str("  }\n");
    }
    text
}
