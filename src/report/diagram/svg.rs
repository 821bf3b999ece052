//! The picture. Its layout is fixed: a lifecycle that people compare from page to page must not move.
//!
//! The bar of `deleted` lies under everything, so that each delete is one straight line down.

use super::{subject_edges, task_edges, title};
use std::fmt::Write as _;
use stormglass_model::lifecycle::{Profile, SubjectStatus, TaskStatus};

const WIDTH: i32 = 1240;
/// From the row of `queued` to the lower edge of `deleted`.
const SUBJECT_DEPTH: i32 = 346;
const TASK_HEIGHT: i32 = 210;

/// Where a label's given point is in it.
#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
    End,
}
use Anchor::{End, Middle, Start};

/// How an edge runs: an SVG path relative to its row, and where its name stands.
struct Route {
    path: &'static str,
    x: i32,
    y: i32,
    anchor: Anchor,
}

const fn route(path: &'static str, x: i32, y: i32, anchor: Anchor) -> Route {
    Route { path, x, y, anchor }
}

/// The middle of a status, and its width and height.
struct Place {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    colour: &'static str,
}

/// A box of the usual height.
const fn place(x: i32, y: i32, width: i32, colour: &'static str) -> Place {
    Place {
        x,
        y,
        width,
        height: 48,
        colour,
    }
}

pub const GREY: &str = "#64748b";
pub const BLUE: &str = "#2563eb";
pub const GREEN: &str = "#15803d";
pub const AMBER: &str = "#b45309";
pub const RED: &str = "#b91c1c";
const PURPLE: &str = "#7c3aed";
pub const INK: &str = "#334155";
pub const FONT: &str = "Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif";

fn subject_place(status: SubjectStatus) -> Place {
    match status {
        SubjectStatus::Queued => place(190, 0, 110, GREY),
        SubjectStatus::Saving => place(500, 0, 130, BLUE),
        SubjectStatus::Active => place(850, 0, 130, GREEN),
        SubjectStatus::Deactivated => place(1125, 0, 140, AMBER),
        SubjectStatus::Killed => place(640, 170, 120, RED),
        SubjectStatus::PendingDelete => place(985, 170, 160, AMBER),
        SubjectStatus::Deleted => Place {
            x: 655,
            y: 322,
            width: 1080,
            height: 48,
            colour: INK,
        },
        SubjectStatus::Uploading => place(340, -190, 130, PURPLE),
        SubjectStatus::Importing => place(690, -190, 130, PURPLE),
    }
}

fn subject_route(from: Option<SubjectStatus>, to: SubjectStatus) -> Option<Route> {
    use SubjectStatus::*;
    Some(match (from, to) {
        (None, Queued) => route("M31,0 H135", 80, -10, Middle),
        (Some(Queued), Active) => route("M238,-24 C330,-96 700,-96 815,-24", 500, -86, Middle),
        (Some(Queued), Saving) => route("M245,0 H435", 318, -9, Middle),
        (Some(Queued), Deleted) => route("M170,24 V298", 180, 175, Start),
        (Some(Saving), Active) => route("M565,0 H785", 640, -9, Middle),
        (Some(Saving), Deleted) => route("M490,24 V298", 500, 175, Start),
        (Some(Saving), Killed) => route("M530,24 C536,96 624,80 634,146", 614, 86, Start),
        (Some(Saving), Queued) => route("M455,24 C440,88 270,88 232,24", 318, 92, Middle),
        (Some(Active), Deleted) => route("M825,24 V298", 815, 175, End),
        (Some(Active), PendingDelete) => route("M865,24 C866,96 950,84 962,146", 930, 116, End),
        (Some(Active), Deactivated) => route("M915,-9 C960,-24 1010,-24 1055,-9", 985, -30, Middle),
        (Some(Deactivated), Active) => route("M1055,9 C1010,24 960,24 915,9", 985, 38, Middle),
        (Some(Deactivated), Deleted) => route("M1145,24 V298", 1155, 175, Start),
        (Some(Killed), Deleted) => route("M640,194 V298", 650, 252, Start),
        (Some(PendingDelete), Deleted) => route("M985,194 V298", 995, 252, Start),
        (Some(PendingDelete), Active) => {
            route("M1012,146 C1006,84 902,104 892,24", 1004, 100, Start)
        }
        (Some(Queued), Uploading) => {
            route("M178,-24 C178,-120 200,-190 275,-190", 236, -199, Middle)
        }
        (Some(Queued), Importing) => {
            route("M145,-24 C120,-320 560,-330 678,-214", 430, -292, Middle)
        }
        (Some(Uploading), Importing) => route("M405,-190 H625", 515, -199, Middle),
        (Some(Uploading), Queued) => {
            route("M305,-166 C300,-110 220,-120 208,-24", 298, -122, Start)
        }
        (Some(Uploading), Deleted) => route("M388,-166 V298", 398, 175, Start),
        (Some(Importing), Active) => {
            route("M755,-190 C830,-190 850,-120 850,-24", 846, -130, Start)
        }
        (Some(Importing), Queued) => {
            route("M650,-166 C620,-110 320,-150 228,-24", 600, -122, Middle)
        }
        (Some(Importing), Deleted) => route("M735,-166 V298", 725, 105, End),
        _ => return None,
    })
}

fn task_place(status: TaskStatus) -> Place {
    match status {
        TaskStatus::Pending => place(190, 0, 110, GREY),
        TaskStatus::Processing => place(500, 0, 130, BLUE),
        TaskStatus::Success => place(850, -36, 130, GREEN),
        TaskStatus::Failure => place(850, 36, 130, RED),
    }
}

fn task_route(from: Option<TaskStatus>, to: TaskStatus) -> Option<Route> {
    use TaskStatus::*;
    Some(match (from, to) {
        (None, Pending) => route("M31,0 H135", 80, -10, Middle),
        (Some(Pending), Processing) => route("M245,0 H435", 345, -9, Middle),
        (Some(Processing), Success) => route("M565,-8 C650,-8 690,-36 785,-36", 650, -40, Middle),
        (Some(Processing), Failure) => route("M565,8 C650,8 690,36 785,36", 650, 48, Middle),
        (Some(Pending), Failure) => route("M200,24 C230,106 690,106 818,61", 430, 70, Middle),
        _ => return None,
    })
}

/// The picture under one profile, on a white ground so that it reads on a dark page too.
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
    let mut svg = head(height, title(profile));

    let _ = writeln!(svg, "<g transform=\"translate(0,{subject_y})\">");
    // Deletes first: where lines cross, what comes later runs over what came before.
    for deletes in [true, false] {
        for edge in
            subject_edges(profile).filter(|edge| (edge.to == SubjectStatus::Deleted) == deletes)
        {
            if let Some(route) = subject_route(edge.from, edge.to) {
                line(&mut svg, &route, kind(edge.name, deletes));
            }
        }
    }
    dot(&mut svg);
    for status in SubjectStatus::ALL
        .iter()
        .copied()
        .filter(|&status| shows(status))
    {
        node(&mut svg, &subject_place(status), status.name());
    }
    for edge in subject_edges(profile) {
        if let Some(route) = subject_route(edge.from, edge.to) {
            label(
                &mut svg,
                &route,
                edge.name,
                kind(edge.name, edge.to == SubjectStatus::Deleted),
            );
        }
    }
    svg.push_str("</g>\n");

    let _ = writeln!(svg, "<g transform=\"translate(0,{task_y})\">");
    let routes = || {
        task_edges(profile)
            .filter_map(|edge| task_route(edge.from, edge.to).map(|route| (edge.name, route)))
    };
    routes().for_each(|(name, route)| line(&mut svg, &route, kind(name, false)));
    dot(&mut svg);
    for status in *TaskStatus::ALL {
        node(&mut svg, &task_place(status), status.name());
    }
    routes().for_each(|(name, route)| label(&mut svg, &route, name, kind(name, false)));
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// The style of an edge: something went wrong, something goes away, or neither.
fn kind(name: &str, deletes: bool) -> &'static str {
    match (name.contains("fail") || name.contains("could not"), deletes) {
        (true, _) => "bad",
        (false, true) => "away",
        (false, false) => "on",
    }
}

fn head(height: i32, title: &str) -> String {
    let markers: String = [("on", INK), ("away", GREY), ("bad", RED)]
        .map(|(kind, colour)| {
            format!(
                "<marker id=\"{kind}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" \
                 markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
                 <path d=\"M0,1 L9.5,5 L0,9 z\" fill=\"{colour}\"/></marker>\n"
            )
        })
        .concat();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" font-family=\"{FONT}\">\n\
         <title>{title}</title>\n<defs>\n{markers}</defs>\n<style>\n\
         path.edge {{ fill: none; stroke-width: 1.6 }}\n\
         path.halo {{ fill: none; stroke: #fff; stroke-width: 7 }}\n\
         path.on {{ stroke: {INK} }} path.away {{ stroke: {GREY} }} path.bad {{ stroke: {RED} }}\n\
         text.name {{ font-size: 13px; stroke: #fff; stroke-width: 4px; paint-order: stroke; stroke-linejoin: round }}\n\
         text.on {{ fill: {INK} }} text.away {{ fill: {GREY} }} text.bad {{ fill: {RED} }}\n\
         text.status {{ font-size: 16px; font-weight: 600; text-anchor: middle }}\n\
         </style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"12\" fill=\"#fff\"/>\n\
         <text x=\"28\" y=\"38\" font-size=\"18\" font-weight=\"600\" fill=\"{INK}\">{title}</text>\n"
    )
}

/// The point from which everything begins.
fn dot(svg: &mut String) {
    let _ = writeln!(svg, "<circle cx=\"27\" cy=\"0\" r=\"7\" fill=\"{INK}\"/>");
}

fn line(svg: &mut String, route: &Route, kind: &str) {
    let path = route.path;
    let _ = writeln!(svg, "<path class=\"halo\" d=\"{path}\"/>");
    let _ = writeln!(
        svg,
        "<path class=\"edge {kind}\" d=\"{path}\" marker-end=\"url(#{kind})\"/>"
    );
}

fn node(svg: &mut String, place: &Place, name: &str) {
    let Place {
        x,
        y,
        width,
        height,
        colour,
    } = place;
    let (left, top) = (x - width / 2, y - height / 2);
    let shape = format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"14\"");
    let _ = writeln!(svg, "<rect {shape} fill=\"#fff\"/>");
    let _ = writeln!(
        svg,
        "<rect {shape} fill=\"{colour}\" fill-opacity=\"0.1\" stroke=\"{colour}\" stroke-width=\"2\"/>"
    );
    let _ = writeln!(
        svg,
        "<text class=\"status\" x=\"{x}\" y=\"{}\" fill=\"{colour}\">{name}</text>",
        y + 6
    );
}

fn label(svg: &mut String, route: &Route, name: &str, kind: &str) {
    let anchor = match route.anchor {
        Start => "start",
        Middle => "middle",
        End => "end",
    };
    let _ = writeln!(
        svg,
        "<text class=\"name {kind}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{name}</text>",
        route.x, route.y
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use stormglass_model::lifecycle::{EDGES, TASK_EDGES};

    #[test]
    fn every_edge_has_a_way_to_run() {
        for edge in &EDGES {
            assert!(subject_route(edge.from, edge.to).is_some(), "{edge:?}");
        }
        for edge in &TASK_EDGES {
            assert!(task_route(edge.from, edge.to).is_some(), "{edge:?}");
        }
    }
}
