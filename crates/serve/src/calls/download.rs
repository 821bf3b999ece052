//! Downloads, whole or in part.

use super::context::{Context, ask_of, done, wait};
use crate::answer::{Answer, Body, Result};
use crate::catalog::{Image, ImageId, Requester, Rights};
use crate::data::{Part, Range};
use crate::refusal::Refusal;
use crate::twin::Twin;
use stormglass_model::invocation::Failure;
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};

pub(crate) async fn download(context: &Context, requester: &Requester, id: ImageId) -> Result {
    let range = context.header("range");
    let answer = {
        let mut twin = context.shared.borrow_mut();
        let (image, status) = twin.image(requester, id)?;
        requester.may(Rights::Download, image)?;
        // What makes no sense is told before it is known whether there is data.
        let size = image.facts.size.unwrap_or(u64::MAX);
        if let Some(text) = range
            .as_deref()
            .filter(|_| status != SubjectStatus::Deactivated)
        {
            part(text, size)?;
        }
        let operation = match requester.is_admin() {
            true => Operation::DownloadAsAdmin,
            false => Operation::Download,
        };
        let ask = ask_of(image, requester, operation);
        twin.ask(ask, move |twin, completion| {
            let missing = completion.failure == Some(Failure::Missing);
            let status = twin.status(completion.invocation.subject);
            match completion.ending.outcome {
                // There is no data, or it is lost: Glance says so without a word.
                Outcome::Fail if missing => return Ok(Answer::empty(204)),
                Outcome::Refused if status == Some(SubjectStatus::Deactivated) => {
                    return Err(deactivated());
                }
                Outcome::Refused if status.is_some() => return Ok(Answer::empty(204)),
                _ => done(twin, completion, id, |_| Refusal::error())?,
            }
            data(twin, id, range.as_deref())
        })
        .answer
    };
    wait(answer).await
}

fn deactivated() -> Refusal {
    Refusal::forbidden(
        "The requested image has been deactivated. Image data download is forbidden.",
    )
}

/// The data of an image, or as much of it as was asked for.
fn data(twin: &mut Twin, id: ImageId, range: Option<&str>) -> Result {
    let missing = || crate::catalog::no_image(id);
    let image = twin.catalog.image(id).ok_or_else(missing)?;
    let own = image.locations.first().is_none_or(|it| it.own);
    let blob = twin.vault.get(id).filter(|_| own);
    let size = blob.map(|blob| blob.size).or(image.facts.size);
    let range = match (range, size) {
        (Some(text), Some(size)) => Some(part(text, size)?),
        _ => None,
    };
    let mut answer = match (blob, image.locations.iter().find(|it| !it.own)) {
        (Some(blob), _) => {
            let whole = Range {
                start: 0,
                end: blob.size,
            };
            let part = Part::new(blob, range.unwrap_or(whole)).map_err(|_| Refusal::error())?;
            Answer::new(200, Body::Data(part))
        }
        (None, Some(place)) => {
            if range.is_some() {
                // As Glance's store for such places.
                return Err(Refusal::bad(
                    "Getting random bytes from this location is not supported.",
                ));
            }
            let url = place.url.clone();
            Answer::new(200, Body::Elsewhere { url })
        }
        (None, None) => return Ok(Answer::empty(204)),
    };
    if let (Some(Range { start, end }), Some(size)) = (range, size) {
        let last = i128::from(end) - 1; // of nothing, the one before the first
        answer.status = 206;
        answer = answer.with("content-range", format!("bytes {start}-{last}/{size}"));
    }
    Ok(with_checksum(answer, image))
}

fn with_checksum(answer: Answer, image: &Image) -> Answer {
    match &image.facts.checksum {
        Some(checksum) => answer.with("content-md5", checksum),
        None => answer,
    }
}

/// The part that a header `Range` asks for.
pub(crate) fn part(text: &str, size: u64) -> Result<Range> {
    if text.contains(',') {
        return Err(Refusal::bad(
            "Requests with multiple ranges are not supported in Glance. You may make multiple single-range requests instead.",
        ));
    }
    let wrong = || Refusal::range("Invalid Range header.");
    let bounds = text.trim().strip_prefix("bytes").ok_or_else(wrong)?;
    let bounds = bounds.trim_start().strip_prefix('=').ok_or_else(wrong)?;
    let (first, last) = bounds.split_once('-').ok_or_else(wrong)?;
    let number = |text: &str| -> Result<Option<u64>> {
        match text.trim() {
            "" => Ok(None),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map(Some).map_err(|_| wrong())
            }
            _ => Err(wrong()),
        }
    };
    let range = match (number(first)?, number(last)?) {
        (None, None) => return Err(wrong()),
        (Some(start), Some(last)) if last < start => return Err(wrong()),
        (Some(start), last) => Range {
            start,
            end: last.map_or(size, |last| last.saturating_add(1).min(size)),
        },
        // The last so many bytes.
        (None, Some(count)) => Range {
            start: size.saturating_sub(count),
            end: size,
        },
    };
    let of_the_end = first.trim().is_empty();
    if range.start >= size && !of_the_end {
        return Err(Refusal::range(format!(
            "Invalid start position in Range header. Start position MUST be in the inclusive range [0, {}].",
            size.saturating_sub(1)
        )));
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_the_header_says() {
        for (text, start, end) in [
            ("bytes=0-4", 0, 5),
            ("bytes=4-", 4, 10),
            ("bytes=-3", 7, 10),
            ("bytes=-30", 0, 10),
            ("bytes = 2 - 99", 2, 10),
            ("bytes=9-9", 9, 10),
        ] {
            assert_eq!(part(text, 10), Ok(Range { start, end }), "{text}");
        }
        for (text, status) in [
            ("bytes=0-1,4-5", 400),
            ("bytes=-", 416),
            ("bytes=5-4", 416),
            ("bytes=10-", 416),
            ("lines=1-2", 416),
            ("bytes=a-b", 416),
            ("bytes=99999999999999999999-", 416),
        ] {
            assert_eq!(
                part(text, 10).map_err(|it| it.status),
                Err(status),
                "{text}"
            );
        }
        // Of nothing, the end is nothing.
        assert_eq!(part("bytes=-1", 0), Ok(Range { start: 0, end: 0 }));
        assert!(part("bytes=0-", 0).is_err());
    }
}
