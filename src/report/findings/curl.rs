//! What went over the wire as commands that a person can paste into a shell.

use super::words::{clean, instant};
use crate::report::number::{counted, thousands};
use crate::report::origin::{quoted, single_quoted};
use crate::sweep::{Variant, races};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use stormglass_glance::Exchange;
use stormglass_model::lifecycle::Who;
use stormglass_model::script::{ClientFault, Point, Second};
use stormglass_model::units::Time;

/// The most requests that are written out; of more, the first and the last.
const MOST: usize = 16;

/// Draws a new identifier in bash alone.
const NEW_ID: &str = "\
$(printf '%04x%04x-%04x-4%03x-8%03x-%04x%04x%04x' $RANDOM $RANDOM $RANDOM \\
  $((RANDOM % 4096)) $((RANDOM % 4096)) $RANDOM $RANDOM $RANDOM)  # a new one every time
";

/// Identifiers of images, and the variables in their place.
type Names<'v> = Vec<(&'v str, &'static str)>;

/// Headers that curl writes itself.
const CURLS_OWN: [&str; 7] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "user-agent",
    "accept",
    "expect",
];

/// The commands, with what was answered as comments; empty where nothing went over a wire.
pub fn commands(target: &str, looks: &[String], variant: &Variant) -> String {
    let requests = &variant.example.exchanges;
    if requests.is_empty() {
        return String::new();
    }
    let pauses = pauses(variant);
    let names = names(variant);
    let slowed = pauses.iter().any(Option::is_some);
    let mut text = head(target, variant, slowed, &names);
    let mut open: Vec<usize> = Vec::new();
    let (mut waits, mut rest) = (false, false);
    let mut written = 0;
    for index in worth_writing(requests, variant.at) {
        let (request, pause) = (&requests[index], &pauses[index]);
        if index > written {
            let more = counted((index - written) as u64, "more request");
            let _ = writeln!(text, "\n# … {more} …");
        }
        written = index + 1;
        open.retain(|&before| overlaps(&requests[before], request.sent));
        if open.is_empty() && std::mem::take(&mut waits) {
            text.push_str("wait\n");
        }
        let meanwhile = match open.last() {
            Some(before) => format!(", while {} was open", before + 1),
            None => String::new(),
        };
        let at = instant(request.sent);
        let _ = writeln!(text, "\n# {}. at {at}{meanwhile}", index + 1);
        if rest {
            text.push_str("sleep 1\n");
        }
        rest = pause.as_ref().is_some_and(|pause| pause.command.is_none());
        let next = requests.get(index + 1);
        let background = pause.is_some() || next.is_some_and(|n| overlaps(request, n.sent));
        write_request(&mut text, request, &names, pause.as_ref(), background);
        if background {
            open.push(index);
            waits = true;
        }
    }
    if waits {
        text.push_str("wait\n");
    }
    if !looks.is_empty() {
        text.push_str("\n# What the server holds now:\n");
        text.extend(looks.iter().map(|look| format!("{look}\n")));
    }
    if written < requests.len() {
        let _ = writeln!(
            text,
            "\n# After that the sweep looked at it and deleted it."
        );
    }
    text
}

/// Which requests are written out: those until what cannot be true was seen, and of looks that are repeated the first and the last.
fn worth_writing(requests: &[Exchange], at: Time) -> Vec<usize> {
    let until = requests.partition_point(|request| request.sent <= at);
    let same = |one: usize, other: usize| {
        let of = |index: usize| {
            let one: &Exchange = &requests[index];
            (&one.method, &one.path, one.who, one.status)
        };
        requests[one].method == "GET" && of(one) == of(other)
    };
    let mut kept: Vec<usize> = (0..until)
        .filter(|&i| i == 0 || i + 1 >= until || !same(i - 1, i) || !same(i, i + 1))
        .collect();
    if kept.len() > MOST {
        kept.drain(MOST / 2..kept.len() - MOST / 2);
    }
    kept
}

/// Whether a request was still open at an instant.
fn overlaps(request: &Exchange, at: Time) -> bool {
    request.ended.is_none_or(|ended| ended > at)
}

/// The image of the try, and another that was created beside it.
fn names(variant: &Variant) -> Names<'_> {
    let image = variant.example.image.as_str();
    let created = variant.example.exchanges.iter().filter_map(|request| {
        let body = request
            .text
            .strip_prefix('{')
            .filter(|_| request.path == "/v2/images")?;
        body.split_once("\"id\":\"")?.1.get(..36)
    });
    let mut others = created.filter(|id| *id != image);
    let named = [
        (image, "IMAGE"),
        (others.next().unwrap_or_default(), "OTHER"),
    ];
    named.into_iter().filter(|(id, _)| !id.is_empty()).collect()
}

fn head(target: &str, variant: &Variant, slowed: bool, names: &Names) -> String {
    let who: BTreeSet<Who> = variant
        .example
        .exchanges
        .iter()
        .map(|one| one.who)
        .collect();
    let tokens: Vec<String> = (who.into_iter().map(token))
        .map(|(variable, owner)| format!("{variable} ({owner})"))
        .collect();
    let mut text = format!("# Set first: {}.\n", tokens.join(", "));
    if slowed {
        text.push_str("# Data is sent with a pause, at the end of which both sides go on at once. Try it some times.\n");
    }
    let _ = writeln!(text, "GLANCE={}", quoted(&clean(target)));
    for (_, name) in names {
        let _ = write!(text, "{name}={NEW_ID}");
    }
    text
}

/// The variable with a token, and whose that is.
fn token(who: Who) -> (&'static str, &'static str) {
    match who {
        Who::Member => ("TOKEN", "the member's"),
        Who::Admin => ("ADMIN_TOKEN", "an admin's"),
        Who::Reader => ("READER_TOKEN", "a reader's"),
        Who::OtherProject => ("STRANGER_TOKEN", "that of a member of another project"),
    }
}

/// Where a request pauses in the middle of its data for what happens there: the start of a process is too slow to hit it otherwise.
struct Pause {
    /// Bytes before it.
    before: u64,
    /// What to do in it; none: the next request does it.
    command: Option<String>,
}

impl Pause {
    /// A rival sleeps as long, so that both go on at the same instant; a person needs longer.
    fn seconds(&self) -> u32 {
        if self.command.is_some() { 3 } else { 1 }
    }
}

/// For each request, where it pauses: the script's races that are inside of data, in order.
fn pauses(variant: &Variant) -> Vec<Option<Pause>> {
    let requests = &variant.example.exchanges;
    let mut pauses: Vec<Option<Pause>> = requests.iter().map(|_| None).collect();
    let mut next = 0;
    for (first, at, second) in races(&variant.shortest().script) {
        let command = match second {
            Second::Rival(_) => None,
            Second::Command(name) => Some(format!("what the scenario's command `{name}` does")),
            Second::Fault(ClientFault::Revoke) => Some(format!(
                "`openstack token revoke`, with the token of {first}"
            )),
            Second::Fault(_) => continue,
        };
        let meets = |index: usize| {
            let after = requests.get(index + 1);
            command.is_some() || after.is_some_and(|after| overlaps(&requests[index], after.sent))
        };
        let race = (next..requests.len())
            .find_map(|index| Some((index, requests[index].data.filter(|_| meets(index))?)));
        let Some((index, size)) = race else {
            continue;
        };
        next = index + 1;
        let before = match at {
            Point::FirstByte => 0,
            Point::MidBody | Point::Enters(_) => size / 2,
            Point::LastByte => size.saturating_sub(1),
            Point::After(bytes) => bytes.0.min(size),
            Point::Before | Point::Answer => continue,
        };
        if first.operation.sends_data() {
            pauses[index] = Some(Pause { before, command });
        }
    }
    pauses
}

fn write_request(
    text: &mut String,
    request: &Exchange,
    names: &Names,
    pause: Option<&Pause>,
    background: bool,
) {
    let (source, curl, body) = data(request, pause);
    if let Some(note) = short(request).filter(|_| pause.is_none()) {
        let _ = writeln!(text, "# {note}");
    }
    let method = match request.method.as_str() {
        // Data is counted, and not shown.
        "GET" if request.path.ends_with("/file") => {
            " -o /dev/null -w '%{http_code}, %{size_download} bytes\\n'".to_owned()
        }
        "GET" => String::new(),
        "HEAD" => " -I".to_owned(),
        method => format!(" -X {}", quoted(&clean(method))),
    };
    let url = word("GLANCE", &clean(&request.path), names);
    let (token, _) = token(request.who);
    let _ = write!(
        text,
        "{source}{curl} -sS -i -w '\\n'{method} {url} \\\n  -H \"X-Auth-Token: ${token}\""
    );
    for (name, value) in &request.headers {
        if !CURLS_OWN.contains(&name.to_ascii_lowercase().as_str()) {
            let header = clean(&format!("{name}: {value}"));
            let _ = write!(text, " -H {}", word("", &header, names));
        }
    }
    if !request.text.is_empty() {
        let sent = word("", &clean(&request.text), names);
        let _ = write!(text, " \\\n  --data-raw {sent}");
    }
    text.push_str(body);
    text.push_str(if background { " &\n" } else { "\n" });
    if let Some(what) = pause.and_then(|pause| pause.command.as_ref()) {
        let _ = writeln!(text, "sleep 1  # and now, within two seconds, {what}");
    }
    let _ = writeln!(text, "# {}", reply(request));
}

/// What is piped into curl, curl itself, and how it takes the data.
fn data(request: &Exchange, pause: Option<&Pause>) -> (String, &'static str, &'static str) {
    let Some(size) = request.data else {
        return (String::new(), "curl", "");
    };
    let (before, seconds, after, curl) = match pause {
        Some(pause) => {
            let after = size.saturating_sub(pause.before);
            (pause.before, pause.seconds(), after, "curl")
        }
        // Killed while it waits for more: then it cannot end the request as if it were whole.
        None if stopped(request) => (request.data_sent, 3, 0, "curl --max-time 2"),
        None => {
            let source = format!("head -c {size} /dev/zero | ");
            return (source, "curl", " \\\n  --data-binary @-");
        }
    };
    let zeros = |bytes: u64| match bytes {
        0 => String::new(),
        n => format!("head -c {n} /dev/zero; "),
    };
    let (before, after) = (zeros(before), zeros(after));
    let source = format!("{{ {before}sleep {seconds}; {after}}} | ");
    (source, curl, " \\\n  -H 'Expect:' -T -")
}

/// Why less was sent than was declared.
fn short(request: &Exchange) -> Option<String> {
    let size = request.data.filter(|&size| request.data_sent < size)?;
    let (sent, size) = (thousands(request.data_sent), counted(size, "byte"));
    Some(match stopped(request) {
        true => format!("stopped half-way: {sent} of {size} were sent"),
        false => format!("answered when {sent} of {size} had been sent"),
    })
}

fn stopped(request: &Exchange) -> bool {
    request.status.is_none() && request.data.is_some_and(|size| request.data_sent < size)
}

fn reply(request: &Exchange) -> String {
    let took = match request.ended {
        Some(ended) => format!(" after {}", ended.since(request.sent)),
        None => String::new(),
    };
    let status = match request.status {
        Some(status) => format!("→ {status}{took}"),
        None => format!("→ no answer{took}"),
    };
    match clean(&request.reply) {
        reply if reply.trim().is_empty() => status,
        reply => format!("{status}: {reply}"),
    }
}

/// One word of a shell, with the variable in front of it and identifiers as theirs.
fn word(variable: &'static str, text: &str, names: &Names) -> String {
    // Pieces of the text, and the variable before each.
    let mut pieces = vec![(variable, text)];
    for (id, name) in names {
        let split = |(before, piece): (&'static str, _)| {
            let parts = str::split(piece, *id).enumerate();
            parts.map(move |(index, part)| (if index == 0 { before } else { *name }, part))
        };
        pieces = pieces.into_iter().flat_map(split).collect();
    }
    if let [("", text)] = pieces[..] {
        return quoted(text);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%?&;~ ".contains(c);
    let is_plain = pieces.iter().all(|(_, piece)| piece.chars().all(plain));
    let longer = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let shown = pieces.into_iter().map(|(variable, piece)| {
        let quoted = match (is_plain, piece) {
            (true, _) | (false, "") => piece.to_owned(),
            (false, piece) => single_quoted(piece),
        };
        match (variable, is_plain) {
            ("", _) => quoted,
            (name, true) if piece.starts_with(longer) => format!("${{{name}}}{quoted}"),
            (name, true) => format!("${name}{quoted}"),
            (name, false) => format!("\"${name}\"{quoted}"),
        }
    });
    let shown: String = shown.collect();
    if is_plain {
        format!("\"{shown}\"")
    } else {
        shown
    }
}
