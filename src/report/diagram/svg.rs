//! The picture. Its layout is fixed: a lifecycle that people compare from page to page must not move.
//!
//! The bar of `deleted` lies under everything, so that each delete is one straight line down.

use super::{subject_edges, task_edges, title};
use std::fmt::{Display, Write as _};
use stormglass_model::lifecycle::{Profile, SubjectStatus, TaskStatus};

pub const WIDTH: i32 = 1240;
/// From the row of `queued` to the lower edge of `deleted`.
const SUBJECT_DEPTH: i32 = 346;
const TASK_HEIGHT: i32 = 210;

/// Where a label's given point is in it.
const START: &str = "start";
const MIDDLE: &str = "middle";
const END: &str = "end";

/// How an edge runs: an SVG path relative to its row, where its name stands, and which point of the name that is.
pub struct Route(pub &'static str, pub i32, pub i32, pub &'static str);

/// The middle of a status, how wide it is drawn, and its colour.
pub struct StatusBox(pub i32, pub i32, pub i32, pub &'static str);

pub const BOX_HEIGHT: i32 = 48;

pub const GREY: &str = "#64748b";
pub const BLUE: &str = "#2563eb";
pub const GREEN: &str = "#15803d";
pub const AMBER: &str = "#b45309";
pub const RED: &str = "#b91c1c";
const PURPLE: &str = "#7c3aed";
pub const INK: &str = "#334155";
pub const FONT: &str = "Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif";

pub fn subject_box(status: SubjectStatus) -> StatusBox {
    match status {
        SubjectStatus::Queued => StatusBox(190, 0, 110, GREY),
        SubjectStatus::Saving => StatusBox(500, 0, 130, BLUE),
        SubjectStatus::Active => StatusBox(850, 0, 130, GREEN),
        SubjectStatus::Deactivated => StatusBox(1125, 0, 140, AMBER),
        SubjectStatus::Killed => StatusBox(640, 170, 120, RED),
        SubjectStatus::PendingDelete => StatusBox(985, 170, 160, AMBER),
        SubjectStatus::Deleted => StatusBox(655, 322, 1080, INK),
        SubjectStatus::Uploading => StatusBox(340, -190, 130, PURPLE),
        SubjectStatus::Importing => StatusBox(690, -190, 130, PURPLE),
    }
}

pub fn subject_route(from: Option<SubjectStatus>, to: SubjectStatus) -> Option<Route> {
    use SubjectStatus::*;
    Some(match (from, to) {
        (None, Queued) => Route("M31,0 H135", 80, -10, MIDDLE),
        (Some(Queued), Active) => Route("M238,-24 C330,-96 700,-96 815,-24", 500, -86, MIDDLE),
        (Some(Queued), Saving) => Route("M245,0 H435", 318, -9, MIDDLE),
        (Some(Queued), Deleted) => Route("M170,24 V298", 180, 175, START),
        (Some(Saving), Active) => Route("M565,0 H785", 640, -9, MIDDLE),
        (Some(Saving), Deleted) => Route("M490,24 V298", 500, 175, START),
        (Some(Saving), Killed) => Route("M530,24 C536,96 624,80 634,146", 614, 86, START),
        (Some(Saving), Queued) => Route("M455,24 C440,88 270,88 232,24", 318, 92, MIDDLE),
        (Some(Active), Deleted) => Route("M825,24 V298", 815, 175, END),
        (Some(Active), PendingDelete) => Route("M865,24 C866,96 950,84 962,146", 930, 116, END),
        (Some(Active), Deactivated) => Route("M915,-9 C960,-24 1010,-24 1055,-9", 985, -30, MIDDLE),
        (Some(Deactivated), Active) => Route("M1055,9 C1010,24 960,24 915,9", 985, 38, MIDDLE),
        (Some(Deactivated), Deleted) => Route("M1145,24 V298", 1155, 175, START),
        (Some(Killed), Deleted) => Route("M640,194 V298", 650, 252, START),
        (Some(PendingDelete), Deleted) => Route("M985,194 V298", 995, 252, START),
        (Some(PendingDelete), Active) => {
            Route("M1012,146 C1006,84 902,104 892,24", 1004, 100, START)
        }
        (Some(Queued), Uploading) => {
            Route("M178,-24 C178,-120 200,-190 275,-190", 236, -199, MIDDLE)
        }
        (Some(Queued), Importing) => {
            Route("M145,-24 C120,-320 560,-330 678,-214", 430, -292, MIDDLE)
        }
        (Some(Uploading), Importing) => Route("M405,-190 H625", 515, -199, MIDDLE),
        (Some(Uploading), Queued) => {
            Route("M305,-166 C300,-110 220,-120 208,-24", 298, -122, START)
        }
        (Some(Uploading), Deleted) => Route("M388,-166 V298", 398, 175, START),
        (Some(Importing), Active) => {
            Route("M755,-190 C830,-190 850,-120 850,-24", 846, -130, START)
        }
        (Some(Importing), Queued) => {
            Route("M650,-166 C620,-110 320,-150 228,-24", 600, -122, MIDDLE)
        }
        (Some(Importing), Deleted) => Route("M735,-166 V298", 725, 105, END),
        _ => return None,
    })
}

pub fn task_box(status: TaskStatus) -> StatusBox {
    match status {
        TaskStatus::Pending => StatusBox(190, 0, 110, GREY),
        TaskStatus::Processing => StatusBox(500, 0, 130, BLUE),
        TaskStatus::Success => StatusBox(850, -36, 130, GREEN),
        TaskStatus::Failure => StatusBox(850, 36, 130, RED),
    }
}

pub fn task_route(from: Option<TaskStatus>, to: TaskStatus) -> Option<Route> {
    use TaskStatus::*;
    Some(match (from, to) {
        (None, Pending) => Route("M31,0 H135", 80, -10, MIDDLE),
        (Some(Pending), Processing) => Route("M245,0 H435", 345, -9, MIDDLE),
        (Some(Processing), Success) => Route("M565,-8 C650,-8 690,-36 785,-36", 650, -40, MIDDLE),
        (Some(Processing), Failure) => Route("M565,8 C650,8 690,36 785,36", 650, 48, MIDDLE),
        (Some(Pending), Failure) => Route("M200,24 C230,106 690,106 818,61", 430, 70, MIDDLE),
        _ => return None,
    })
}

/// The picture under one profile.
pub fn draw(profile: Option<Profile>) -> String {
    let shows =
        |status| subject_edges(profile).any(|edge| edge.to == status || edge.from == Some(status));
    // The row of imports stands above that of `queued`, where there is one.
    let subject_y = if shows(SubjectStatus::Importing) {
        360
    } else {
        165
    };
    let task_y = subject_y + SUBJECT_DEPTH + TASK_HEIGHT / 2;
    let height = task_y + TASK_HEIGHT / 2 - 10;
    let title = title(profile);
    let mut svg = head(height, title, &definitions());
    let _ = writeln!(
        svg,
        "<text x=\"28\" y=\"38\" font-size=\"18\" font-weight=\"600\" fill=\"{INK}\">{title}</text>"
    );
    let drawn = |route: Option<Route>, name, deletes| Some((route?, name, style(name, deletes)));
    let subjects = subject_edges(profile).filter_map(|edge| {
        let deletes = edge.to == SubjectStatus::Deleted;
        drawn(subject_route(edge.from, edge.to), edge.name, deletes)
    });
    let statuses = SubjectStatus::ALL.iter().filter(|status| shows(**status));
    let boxes = statuses.map(|&status| (subject_box(status), status.name()));
    graph(&mut svg, subject_y, subjects.collect(), boxes);
    let tasks = task_edges(profile)
        .filter_map(|edge| drawn(task_route(edge.from, edge.to), edge.name, false));
    let boxes = TaskStatus::ALL.map(|status| (task_box(status), status.name()));
    graph(&mut svg, task_y, tasks.collect(), boxes.into_iter());
    svg.push_str("</svg>\n");
    svg
}

/// How an edge runs, its name and its style.
type DrawnEdge = (Route, &'static str, &'static str);

/// Boxes and edges, the first row at `y`.
fn graph(
    svg: &mut String,
    y: i32,
    edges: Vec<DrawnEdge>,
    boxes: impl Iterator<Item = (StatusBox, &'static str)>,
) {
    let _ = writeln!(svg, "<g transform=\"translate(0,{y})\">");
    // Deletes first: where lines cross, what comes later runs over what came before.
    for away in [true, false] {
        for (route, _, style) in edges.iter().filter(|edge| (edge.2 == AWAY) == away) {
            line(svg, route, style);
        }
    }
    // The point from which everything begins.
    let _ = writeln!(svg, "<circle cx=\"27\" cy=\"0\" r=\"7\" fill=\"{INK}\"/>");
    for (place, name) in boxes {
        node(svg, &place, name);
    }
    for (route, name, style) in &edges {
        label(svg, route, name, style);
    }
    svg.push_str("</g>\n");
}

/// The style of an edge where something goes away.
const AWAY: &str = "away";

/// The style of an edge: something went wrong, something goes away, or neither.
fn style(name: &str, deletes: bool) -> &'static str {
    match (name.contains("fail") || name.contains("could not"), deletes) {
        (true, _) => "bad",
        (false, true) => AWAY,
        (false, false) => "on",
    }
}

/// What every picture begins with: its size, its title, what it defines, and a white ground so that it reads on a dark page too.
pub fn head(height: impl Display, title: &str, definitions: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" font-family=\"{FONT}\">\n<title>{title}</title>\n{definitions}\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"12\" fill=\"#fff\"/>\n"
    )
}

/// The arrow heads and the styles.
fn definitions() -> String {
    let markers: String = [("on", INK), (AWAY, GREY), ("bad", RED)]
        .map(|(style, colour)| {
            format!(
                "<marker id=\"{style}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" \
                 markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
                 <path d=\"M0,1 L9.5,5 L0,9 z\" fill=\"{colour}\"/></marker>\n"
            )
        })
        .concat();
    format!(
        "<defs>\n{markers}</defs>\n<style>\n\
         path.edge {{ fill: none; stroke-width: 1.6 }}\n\
         path.halo {{ fill: none; stroke: #fff; stroke-width: 7 }}\n\
         path.on {{ stroke: {INK} }} path.away {{ stroke: {GREY} }} path.bad {{ stroke: {RED} }}\n\
         text.name {{ font-size: 13px; stroke: #fff; stroke-width: 4px; paint-order: stroke; stroke-linejoin: round }}\n\
         text.on {{ fill: {INK} }} text.away {{ fill: {GREY} }} text.bad {{ fill: {RED} }}\n\
         text.status {{ font-size: 16px; font-weight: 600; text-anchor: middle }}\n\
         </style>\n"
    )
}

fn line(svg: &mut String, route: &Route, style: &str) {
    let Route(path, ..) = route;
    let _ = writeln!(
        svg,
        "<path class=\"halo\" d=\"{path}\"/>\n\
         <path class=\"edge {style}\" d=\"{path}\" marker-end=\"url(#{style})\"/>"
    );
}

fn node(svg: &mut String, place: &StatusBox, name: &str) {
    let StatusBox(x, y, width, colour) = place;
    let (left, top) = (x - width / 2, y - BOX_HEIGHT / 2);
    let shape =
        format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"14\"");
    let _ = writeln!(
        svg,
        "<rect {shape} fill=\"#fff\"/>\n\
         <rect {shape} fill=\"{colour}\" fill-opacity=\"0.1\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
         <text class=\"status\" x=\"{x}\" y=\"{}\" fill=\"{colour}\">{name}</text>",
        y + 6
    );
}

fn label(svg: &mut String, route: &Route, name: &str, style: &str) {
    let Route(_, x, y, anchor) = route;
    let _ = writeln!(
        svg,
        "<text class=\"name {style}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{name}</text>"
    );
}
