//! Which steps a target can be asked for.

use super::Target;
use super::mistake::Spot;
use super::reader::Reader;
use super::story::WrittenStory;
use stormglass_glance::{GlanceTarget, Identity};
use stormglass_model::lifecycle::Who;
use stormglass_model::operations::{Body, DataFrom, OperationKind};
use stormglass_model::script::{Act, ClientFault, Point, Second, Step};

/// Why a step cannot be, and what to write instead.
type Wrong = (String, String);

/// Notes the steps of a story that the target cannot be asked for.
pub(super) fn check(reader: &mut Reader, target: &Target, written: &WrittenStory) {
    for (step, spots) in written.story.steps.iter().zip(&written.steps) {
        let mut note = |at: Option<&Spot>, wrong: Option<Wrong>| {
            if let (Some(&at), Some((message, help))) = (at, wrong) {
                reader.wrong(at, message, help);
            }
        };
        match step {
            Step::Rivals { branches, .. } => {
                for (action, at) in branches.iter().flatten().zip(spots) {
                    note(Some(at), action.act().and_then(|act| unable(target, act)));
                }
            }
            Step::Act(action) => {
                note(
                    spots.first(),
                    action.act().and_then(|act| unable(target, act)),
                );
            }
            Step::Race { first, at, second } => {
                let wrong = unable(target, *first);
                note(
                    spots.first(),
                    wrong.or_else(|| no_race(target, *first, *at, second)),
                );
            }
            Step::Run(name) => note(spots.first(), Some(no_command(name))),
        }
    }
}

fn unable(target: &Target, act: Act) -> Option<Wrong> {
    match target {
        Target::Embedded(_) => embedded(act),
        Target::Glance(glance) => identity(glance, act.who).or_else(|| on_glance(glance, act)),
    }
}

fn embedded(act: Act) -> Option<Wrong> {
    let Act { operation, who } = act;
    if operation.row().only_glance {
        return Some((
            format!("the embedded service knows no `{operation}`"),
            "leave the step out, or run the story on [target.glance]".to_owned(),
        ));
    }
    (act != Act::usual(operation)).then(|| {
        (
            format!(
                "the embedded service does not ask its clients who they are, so not for a {who}"
            ),
            format!("write `{operation}`, or run the story on [target.glance]"),
        )
    })
}

fn identity(glance: &GlanceTarget, who: Who) -> Option<Wrong> {
    let known = match who {
        Who::Member => true,
        Who::Admin => glance.admin != Identity::Anonymous || glance.member == Identity::Anonymous,
        Who::Reader => glance.reader.is_some(),
        Who::OtherProject => glance.other_project.is_some(),
    };
    (!known).then(|| {
        (
            format!("nobody is named who acts as {who}"),
            format!("write `{who}_token_env`, `{who}_cloud` or `{who}` in [target.glance]"),
        )
    })
}

fn on_glance(glance: &GlanceTarget, act: Act) -> Option<Wrong> {
    let (operation, row) = (act.operation, act.operation.row());
    let has_location = glance.location.is_some() || glance.is_on_loopback();
    if row.kind == OperationKind::Upload(Body::TooLarge) && glance.too_large.is_none() {
        return Some((
            "`upload-too-large` needs a size that the server refuses".to_owned(),
            "write `too_large = \"2TiB\"` in [target.glance]".to_owned(),
        ));
    }
    (row.data == DataFrom::Location && !has_location).then(|| {
        (
            format!("`{operation}` needs to know where the data lies"),
            "write `location = \"http://…\"` in [target.glance]".to_owned(),
        )
    })
}

/// What was left of a race after [`Step::unwatched`].
fn no_race(target: &Target, first: Act, at: Point, second: &Second) -> Option<Wrong> {
    let operation = first.operation;
    let fault = match second {
        Second::Fault(fault) => *fault,
        Second::Rival(rival) => {
            return match target {
                Target::Embedded(_) => Some((
                    format!(
                        "the embedded service does not tell when `{operation}` has come to `{at}`"
                    ),
                    format!(
                        "write `{{{first} | {rival}}}~10ms`, or run it with `stormglass sweep --script`"
                    ),
                )),
                Target::Glance(_) => unable(target, *rival),
            };
        }
        Second::Command(name) => return Some(no_command(name)),
    };
    let whole = operation.kind() == OperationKind::Upload(Body::Whole);
    let known = match target {
        Target::Embedded(_) => whole && fault == ClientFault::Close,
        Target::Glance(_) => whole || operation.reads() || fault == ClientFault::CloseReply,
    };
    let inside = match at {
        Point::FirstByte | Point::MidBody | Point::LastByte | Point::After(_) => true,
        Point::Before | Point::Answer | Point::Enters(_) => false,
    };
    if !known {
        return Some((
            format!("no client of this target can `{fault}` in the middle of `{operation}`"),
            "write `[upload mid-body !close]`, or run it with `stormglass sweep --script`"
                .to_owned(),
        ));
    }
    (!inside).then(|| {
        (
            format!("a client does something wrong inside its data, and `{at}` is not inside"),
            format!("write `[{first} mid-body !{fault}]`"),
        )
    })
}

fn no_command(name: &str) -> Wrong {
    (
        format!("a story of a storm runs no command, and this one runs `!{name}`"),
        format!(
            "write a [[fault]] with `at = \"server\"` and `kind = {{ command = \"{name}\" }}`, or run it with `stormglass sweep --script`"
        ),
    )
}
