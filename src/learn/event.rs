//! What happened to one image, from whichever sources tell of it.

use super::request::{Answer, Request};
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::{Bytes, Span, Time};

/// An operation on an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When it began; at most `resolution` later.
    pub at: Time,
    /// How finely that is told.
    pub resolution: Span,
    /// How long it took, if that is told.
    pub took: Option<Span>,
    /// What it was.
    pub operation: Operation,
    /// How it ended.
    pub answer: Answer,
    /// Whether a server's own error ended it.
    pub is_server_error: bool,
    /// Bytes of the image that it moved.
    pub bytes: Option<Bytes>,
    /// Whether it was for another project than the image's own.
    pub is_strange: bool,
    /// Where it comes from.
    pub told_by: Teller,
}

/// Who tells of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    /// A line of an access log, or a history.
    Access,
    /// A notification of the end of an operation.
    Notification,
    /// A notification that data begins to come in.
    Beginning,
}

impl Event {
    /// What a request did.
    pub fn of(request: &Request, operation: Operation, told_by: Teller) -> Event {
        Event {
            at: request.at,
            resolution: request.resolution,
            took: request.took,
            operation,
            answer: request.answer,
            is_server_error: request.is_server_error,
            bytes: request.bytes,
            is_strange: false,
            told_by,
        }
    }

    /// When it ended, as far as that is told.
    pub fn end(&self) -> Time {
        self.at + self.took.unwrap_or(Span::ZERO)
    }
}

/// How far apart two sources may date the same.
const SAME: Span = Span::from_secs(1);
/// A change of the record so soon after something else is a part of that, or so short before it.
const PART: (Span, Span) = (Span::from_secs(2), Span::from_millis(200));

/// The operations of an image in order. What a line and a notification both tell is one: the notification dates its end more finely.
pub fn merged(events: &[Event]) -> Vec<Event> {
    let told = |by: Teller| {
        events
            .iter()
            .copied()
            .filter(move |event| event.told_by == by)
    };
    let mut access: Vec<(Event, bool)> = told(Teller::Access).map(|event| (event, false)).collect();
    let mut begun: Vec<Event> = told(Teller::Beginning).collect();
    let mut notified: Vec<Event> = told(Teller::Notification).collect();
    begun.sort_by_key(|event| event.at);
    notified.sort_by_key(|event| event.at);
    let mut alone: Vec<Event> = Vec::new();
    for event in notified {
        let same = access.iter_mut().find(|(line, is_taken)| {
            let latest = line.end() + line.resolution + SAME;
            !is_taken
                && line.operation == event.operation
                && line.at <= event.at + SAME
                && event.at <= latest
        });
        match same {
            Some((line, is_taken)) => {
                *is_taken = true;
                line.bytes = line.bytes.or(event.bytes);
                refine(line, &event);
            }
            None => alone.push(event),
        }
    }
    add_alone(alone, &mut begun, &mut access, events);
    in_order(access.into_iter().map(|(event, _)| event))
}

/// Events in the order in which they began. They come in the order in which they ended, which holds among those that coarse dates do
/// not tell apart; a create is before all.
fn in_order(events: impl Iterator<Item = Event>) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    for event in events {
        let is_later = |it: &Event| it.at > event.at + event.resolution;
        let place = match event.operation {
            Operation::Create => 0,
            _ => all
                .iter()
                .rposition(|it| !is_later(it))
                .map_or(0, |at| at + 1),
        };
        all.insert(place, event);
    }
    all
}

/// Adds notifications of what no line tells. `begun` are those that data begins to come in.
fn add_alone(
    alone: Vec<Event>,
    begun: &mut Vec<Event>,
    access: &mut Vec<(Event, bool)>,
    events: &[Event],
) {
    let has_lines = !access.is_empty();
    for mut event in alone {
        match event.operation {
            // A task's upload of what an import brings in.
            Operation::Upload => {
                let import = access
                    .iter_mut()
                    .find(|(line, _)| line.operation == Operation::Import && line.at <= event.at);
                if let Some((import, _)) = import {
                    import.bytes = import.bytes.or(event.bytes);
                    continue;
                }
                if let Some(first) = begun.iter().rposition(|it| it.at <= event.at) {
                    let first = begun.remove(first);
                    event.took = Some(event.at.since(first.at));
                    event.at = first.at;
                }
            }
            // Its status is told again and again while it lasts.
            Operation::Stage | Operation::Import
                if has_lines || access.iter().any(|(it, _)| it.operation == event.operation) =>
            {
                continue;
            }
            // Every operation changes the record, and so notifies of a change.
            Operation::SetProperty => {
                let near = |it: &Event| {
                    let is_part =
                        it.at.since(event.at) < PART.1 && event.at.since(it.end()) < PART.0;
                    it.operation != Operation::SetProperty && is_part
                };
                if has_lines || events.iter().any(near) {
                    continue;
                }
            }
            _ => {}
        }
        access.push((event, true));
    }
}

/// Dates a line by its notification, which comes just before the end; but staging is told when it begins, and an import when a task has
/// begun, which says nothing of the request.
fn refine(line: &mut Event, event: &Event) {
    if event.resolution >= line.resolution || event.operation == Operation::Import {
        return;
    }
    let took = match event.operation {
        Operation::Stage => Span::ZERO,
        _ => line.took.unwrap_or(Span::ZERO),
    };
    let began = Time(event.at.0.saturating_sub(took.0));
    line.at = began.clamp(line.at, line.at + line.resolution);
    line.resolution = event.resolution;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(operation: Operation, at_ms: u64, took_ms: u64, told_by: Teller) -> Event {
        Event {
            at: Time(at_ms * 1_000_000),
            resolution: match told_by {
                Teller::Access => Span::from_secs(1),
                _ => Span(1_000),
            },
            took: (told_by == Teller::Access).then_some(Span::from_millis(took_ms)),
            operation,
            answer: Answer::Done,
            is_server_error: false,
            bytes: None,
            is_strange: false,
            told_by,
        }
    }

    fn told(events: &[Event]) -> Vec<(Operation, u64)> {
        let merged = merged(events);
        merged
            .iter()
            .map(|event| (event.operation, event.at.0 / 1_000_000))
            .collect()
    }

    #[test]
    fn a_line_and_its_notification_are_one_operation_and_the_finer_date_holds() {
        use Operation::*;
        use Teller::*;
        let events = [
            event(Create, 1_000, 20, Access),
            event(Create, 1_540, 0, Notification),
            event(Upload, 2_000, 300, Access),
            event(Upload, 2_050, 0, Beginning),
            event(SetProperty, 2_060, 0, Notification),
            event(Upload, 2_900, 0, Notification),
            event(Stage, 4_000, 300, Access),
            event(Stage, 4_010, 0, Notification),
            event(Import, 5_000, 20, Access),
            event(Import, 5_700, 0, Notification),
            event(Delete, 9_000, 30, Access),
        ];
        assert_eq!(
            told(&events),
            [
                (Create, 1_520),
                (Upload, 2_600),
                (Stage, 4_010),
                (Import, 5_000),
                (Delete, 9_000)
            ]
        );
    }

    /// A line of whole seconds is no earlier than what ended before it in that second, nor later than what began after it had.
    #[test]
    fn coarse_dates_do_not_change_an_order_that_is_known() {
        use Operation::*;
        use Teller::*;
        let events = [
            event(Create, 1_000, 20, Access),
            event(Stage, 5_000, 300, Access),
            event(Stage, 5_760, 0, Notification),
            event(Import, 5_000, 20, Access),
            event(Delete, 9_000, 20, Access),
            event(Download, 7_000, 4_000, Access),
        ];
        let expected = [
            (Create, 1_000),
            (Stage, 5_760),
            (Import, 5_000),
            (Download, 7_000),
            (Delete, 9_000),
        ];
        assert_eq!(told(&events), expected);
    }

    #[test]
    fn notifications_alone_tell_of_lives() {
        use Operation::*;
        use Teller::*;
        let events = [
            event(Create, 1_000, 0, Notification),
            event(Upload, 1_100, 0, Beginning),
            event(SetProperty, 1_110, 0, Notification),
            event(Upload, 1_900, 0, Notification),
            event(SetProperty, 8_000, 0, Notification),
            event(Delete, 9_900, 0, Notification),
        ];
        let expected = [
            (Create, 1_000),
            (Upload, 1_100),
            (SetProperty, 8_000),
            (Delete, 9_900),
        ];
        assert_eq!(
            told(&events),
            [expected[0], expected[1], expected[2], expected[3]]
        );
        assert_eq!(merged(&events)[1].took, Some(Span::from_millis(800)));
    }

    #[test]
    fn notifications_alone_tell_an_import_of_staged_data_by_its_statuses() {
        use Operation::*;
        use Teller::*;
        let events = [
            event(Create, 1_000, 0, Notification),
            event(Stage, 5_000, 0, Notification),
            event(Stage, 5_020, 0, Notification),
            event(Import, 9_000, 0, Notification),
            event(Upload, 9_500, 0, Beginning),
            event(Upload, 9_600, 0, Notification),
            event(SetProperty, 9_610, 0, Notification),
            event(Delete, 20_000, 0, Notification),
        ];
        assert_eq!(
            told(&events),
            [
                (Create, 1_000),
                (Stage, 5_000),
                (Import, 9_000),
                (Delete, 20_000)
            ]
        );
    }

    #[test]
    fn what_an_import_brings_in_is_no_upload_of_a_client() {
        use Operation::*;
        use Teller::*;
        let mut upload = event(Upload, 4_000, 0, Notification);
        upload.bytes = Some(Bytes(7));
        let events = [
            event(Create, 1_000, 20, Access),
            event(Import, 2_000, 20, Access),
            upload,
        ];
        assert_eq!(told(&events), [(Create, 1_000), (Import, 2_000)]);
        assert_eq!(merged(&events)[1].bytes, Some(Bytes(7)));
    }
}
