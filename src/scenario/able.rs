//! Which steps a target can be asked for.

use super::Target;
use super::fault::no_login;
use super::reader::Reader;
use super::story::WrittenStory;
use stormglass_glance::Identity;
use stormglass_model::config::{FailureRule, ServiceConfig};
use stormglass_model::operations::{Body, DataFrom, OperationKind, Source};
use stormglass_model::script::{Act, Action, ClientFault, Point, Second, Step};

/// Why a step cannot be, and what to write instead.
type Wrong = (String, String);

/// Notes the steps of a story that the target cannot be asked for.
pub(super) fn check(reader: &Reader, target: &Target, written: &WrittenStory) {
    for (step, spots) in written.steps() {
        let note = |(&at, (message, help))| reader.wrong(at, message, help);
        let acts = step.actions().map(Action::act);
        (spots.iter().zip(acts))
            .filter_map(|(at, act)| Some((at, unable(target, act?)?)))
            .for_each(note);
        let whole = match step {
            Step::Race { first, at, second } => {
                unable(target, *first).or_else(|| no_race(target, *first, *at, second))
            }
            Step::Run(name) => no_command(name),
            Step::Act(_) | Step::Rivals { .. } => None,
        };
        spots.first().zip(whole).into_iter().for_each(note);
    }
}

/// The text of both, where they are wrong.
fn wrong(message: impl Into<String>, help: impl Into<String>) -> Option<Wrong> {
    Some((message.into(), help.into()))
}

fn unable(target: &Target, act: Act) -> Option<Wrong> {
    let Act { operation, who } = act;
    let row = operation.row();
    match target {
        Target::Embedded(config) if row.only_glance && !knows(config, row.kind) => wrong(
            format!("the embedded service knows no `{operation}`"),
            match knows_by_glances_rules(row.kind) {
                true => {
                    "write `profile = \"glance\"` in [service], or run the story on [target.glance]"
                }
                false => "leave the step out, or run the story on [target.glance]",
            },
        ),
        Target::Embedded(_) if act != Act::usual(operation) => wrong(
            format!(
                "the embedded service does not ask its clients who they are, so not for a {who}"
            ),
            format!("write `{operation}`, or run the story on [target.glance]"),
        ),
        Target::Glance(glance) if glance.identity(who).is_none() => wrong(
            format!("nobody is named who acts as {who}"),
            format!("write `{who}_token_env`, `{who}_cloud` or `{who}` in [target.glance]"),
        ),
        Target::Glance(glance) if is_too_large(row.kind) && glance.too_large.is_none() => wrong(
            format!("`{operation}` needs a size that the server refuses"),
            "write `too_large = \"2TiB\"` in [target.glance]",
        ),
        Target::Glance(glance)
            if row.data == DataFrom::Location
                && glance.location.is_none()
                && !glance.is_on_loopback() =>
        {
            wrong(
                format!("`{operation}` needs to know where the data lies"),
                "write `location = \"http://…\"` in [target.glance]",
            )
        }
        Target::Glance(glance) if row.kind.needs_own_source() && !glance.is_on_loopback() => wrong(
            format!(
                "`{operation}` needs to know where the data lies, and serves it to a server on this machine only"
            ),
            "leave the step out",
        ),
        Target::Glance(glance) if row.kind.shares() && glance.project_to_share_with().is_none() => {
            wrong(
                format!("`{operation}` needs the id of the project to share with"),
                "write `stranger_project = \"…\"` in [target.glance]",
            )
        }
        Target::Embedded(_) | Target::Glance(_) => None,
    }
}

/// Whether the embedded service can do what only a Glance does.
fn knows(config: &ServiceConfig, kind: OperationKind) -> bool {
    config.rules == FailureRule::Glance && knows_by_glances_rules(kind)
}

fn knows_by_glances_rules(kind: OperationKind) -> bool {
    matches!(kind, OperationKind::Stage | OperationKind::ImportStaged)
}

fn is_too_large(kind: OperationKind) -> bool {
    matches!(
        kind,
        OperationKind::Upload(Body::TooLarge) | OperationKind::Import(Source::TooLarge)
    )
}

/// What was left of a race after [`Step::unwatched`].
fn no_race(target: &Target, first: Act, at: Point, second: &Second) -> Option<Wrong> {
    let operation = first.operation;
    let fault = match (second, target) {
        (Second::Fault(fault), _) => *fault,
        (Second::Command(name), _) => return no_command(name),
        (Second::Rival(rival), Target::Glance(_)) => return unable(target, *rival),
        (Second::Rival(rival), Target::Embedded(_)) => {
            return wrong(
                format!("the embedded service does not tell when `{operation}` has come to `{at}`"),
                format!(
                    "write `{{{first} | {rival}}}~10ms`, or run it with `stormglass sweep --script`"
                ),
            );
        }
    };
    let whole = operation.kind() == OperationKind::Upload(Body::Whole);
    let known = match target {
        Target::Embedded(_) => whole && fault == ClientFault::Close,
        Target::Glance(_) => whole || operation.reads() || fault == ClientFault::CloseReply,
    };
    if !known {
        return wrong(
            format!("no client of this target can `{fault}` in the middle of `{operation}`"),
            "write `[upload mid-body !close]`, or run it with `stormglass sweep --script`",
        );
    }
    if let Target::Glance(glance) = target
        && fault == ClientFault::Revoke
        && !glance.identity(first.who).is_some_and(Identity::can_revoke)
    {
        return Some(no_login(fault));
    }
    match at {
        Point::FirstByte | Point::MidBody | Point::LastByte | Point::After(_) => None,
        Point::Before | Point::Answer | Point::Enters(_) => wrong(
            format!("a client does something wrong inside its data, and `{at}` is not inside"),
            format!("write `[{first} mid-body !{fault}]`"),
        ),
    }
}

fn no_command(name: &str) -> Option<Wrong> {
    wrong(
        format!("a story of a storm runs no command, and this one runs `!{name}`"),
        format!(
            "write a [[fault]] with `at = \"server\"` and `kind = {{ command = \"{name}\" }}`, or run it with `stormglass sweep --script`"
        ),
    )
}
