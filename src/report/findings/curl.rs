//! What went over the wire as commands that a person can paste into a shell.

use super::words::{clean, instant};
use crate::report::number::counted;
use crate::report::number::thousands;
use crate::report::origin::quoted;
use crate::sweep::Finding;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use stormglass_glance::Exchange;
use stormglass_model::lifecycle::Who;
use stormglass_model::script::{Point, Second, Step};
use stormglass_model::units::Time;

/// The most requests that are written out; of more, the first and the last.
const MOST: usize = 40;

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
pub fn commands(target: &str, finding: &Finding) -> String {
    let requests = &finding.exchanges;
    if requests.is_empty() {
        return String::new();
    }
    let holds = holds(finding);
    let mut text = head(target, finding, holds.iter().any(Option::is_some));
    let mut open: Vec<usize> = Vec::new();
    let (mut waits, mut rest) = (false, false);
    for (index, request) in requests.iter().enumerate() {
        if requests.len() > MOST && (MOST / 2..requests.len() - MOST / 2).contains(&index) {
            if index == MOST / 2 {
                let _ = writeln!(text, "\n# … {} more requests …", requests.len() - MOST);
            }
            continue;
        }
        open.retain(|&before| overlaps(&requests[before], request.sent));
        if open.is_empty() && waits {
            text.push_str("wait\n");
            waits = false;
        }
        let meanwhile = match open.last() {
            Some(before) => format!(", while {} was open", before + 1),
            None => String::new(),
        };
        let at = instant(request.sent);
        let _ = writeln!(text, "\n# {}. at {at}{meanwhile}", index + 1);
        let next = requests.get(index + 1);
        let background = holds[index].is_some() || next.is_some_and(|n| overlaps(request, n.sent));
        if std::mem::take(&mut rest) {
            text.push_str("sleep 1\n");
        }
        rest = holds[index]
            .as_ref()
            .is_some_and(|hold| hold.command.is_none());
        write_request(
            &mut text,
            request,
            &finding.image,
            holds[index].as_ref(),
            background,
        );
        if background {
            open.push(index);
            waits = true;
        }
    }
    if waits {
        text.push_str("wait\n");
    }
    text
}

/// Whether a request was still open at an instant.
fn overlaps(request: &Exchange, at: Time) -> bool {
    request.ended.is_none_or(|ended| ended > at)
}

fn head(target: &str, finding: &Finding, slowed: bool) -> String {
    let who: BTreeSet<Who> = finding
        .exchanges
        .iter()
        .map(|request| request.who)
        .collect();
    let tokens: Vec<String> = who
        .into_iter()
        .map(|who| format!("{} ({})", token(who), owner(who)))
        .collect();
    let mut text = format!("# Set first: {}.\n", tokens.join(", "));
    if slowed {
        text.push_str("# Data is sent with a pause, at the end of which both sides go on at once. Try it some times.\n");
    }
    let _ = writeln!(text, "GLANCE={}", quoted(&clean(target)));
    if !finding.image.is_empty() {
        text.push_str("IMAGE=$(uuidgen)  # a new one every time\n");
    }
    text
}

fn token(who: Who) -> &'static str {
    match who {
        Who::Member => "TOKEN",
        Who::Admin => "ADMIN_TOKEN",
        Who::Reader => "READER_TOKEN",
        Who::OtherProject => "STRANGER_TOKEN",
    }
}

fn owner(who: Who) -> &'static str {
    match who {
        Who::Member => "the member's",
        Who::Admin => "an admin's",
        Who::Reader => "a reader's",
        Who::OtherProject => "that of a member of another project",
    }
}

/// Where a request waits in the middle of its data for what happens there: the start of a process is too slow to hit it otherwise.
struct Hold {
    /// Bytes before the pause.
    before: u64,
    /// The command to run in the pause; none: the next request does it.
    command: Option<String>,
}

impl Hold {
    /// A rival sleeps as long, so that both go on at the same instant; a person needs longer.
    fn pause_s(&self) -> u32 {
        if self.command.is_some() { 3 } else { 1 }
    }
}

/// For each request, where it waits: the script's races that are inside of data, in order.
fn holds(finding: &Finding) -> Vec<Option<Hold>> {
    let requests = &finding.exchanges;
    let mut holds: Vec<Option<Hold>> = requests.iter().map(|_| None).collect();
    let mut next = 0;
    for step in finding.script.steps() {
        let Step::Race { first, at, second } = step else {
            continue;
        };
        let command = match second {
            Second::Rival(_) => None,
            Second::Command(name) => Some(name.clone()),
            Second::Fault(_) => continue,
        };
        let wanted = |&index: &usize| {
            let request: &Exchange = &requests[index];
            let after: Option<&Exchange> = requests.get(index + 1);
            request.data.is_some()
                && (command.is_some() || after.is_some_and(|after| overlaps(request, after.sent)))
        };
        let Some(index) = (next..requests.len()).find(wanted) else {
            continue;
        };
        next = index + 1;
        let size = requests[index].data.unwrap_or(0);
        let before = match at {
            Point::FirstByte => 0,
            Point::MidBody | Point::Enters(_) => size / 2,
            Point::LastByte => size.saturating_sub(1),
            Point::After(bytes) => bytes.0.min(size),
            Point::Before | Point::Answer => continue,
        };
        if first.operation.sends_data() {
            holds[index] = Some(Hold { before, command });
        }
    }
    holds
}

fn write_request(
    text: &mut String,
    request: &Exchange,
    image: &str,
    hold: Option<&Hold>,
    background: bool,
) {
    let (source, curl, body) = data(request, hold);
    if let Some(note) = short(request, hold) {
        let _ = writeln!(text, "# {note}");
    }
    let method = match request.method.as_str() {
        "GET" => String::new(),
        "HEAD" => " -I".to_owned(),
        method => format!(" -X {}", quoted(&clean(method))),
    };
    let url = word("$GLANCE", &clean(&request.path), image);
    let _ = write!(text, "{source}{curl} -sS -i -w '\\n'{method} {url}");
    let _ = write!(text, " \\\n  -H \"X-Auth-Token: ${}\"", token(request.who));
    for (name, value) in &request.headers {
        if !CURLS_OWN.contains(&name.to_ascii_lowercase().as_str()) {
            let header = clean(&format!("{name}: {value}"));
            let _ = write!(text, " -H {}", word("", &header, image));
        }
    }
    if !request.text.is_empty() {
        let _ = write!(
            text,
            " \\\n  --data-raw {}",
            word("", &clean(&request.text), image)
        );
    }
    text.push_str(body);
    text.push_str(if background { " &\n" } else { "\n" });
    if let Some(name) = hold.and_then(|hold| hold.command.as_ref()) {
        let _ = writeln!(
            text,
            "sleep 1  # and now, within two seconds, what the scenario's command `{name}` does"
        );
    }
    let _ = writeln!(text, "# {}", reply(request));
}

/// What is piped into curl, curl itself, and how it takes the data.
fn data(request: &Exchange, hold: Option<&Hold>) -> (String, &'static str, &'static str) {
    let Some(size) = request.data else {
        return (String::new(), "curl", "");
    };
    let zeros = |bytes: u64| match bytes {
        0 => String::new(),
        n => format!("head -c {n} /dev/zero; "),
    };
    let chunked = " \\\n  -H 'Expect:' -T -";
    if let Some(hold) = hold {
        let (before, after) = (zeros(hold.before), zeros(size.saturating_sub(hold.before)));
        let pause = hold.pause_s();
        return (
            format!("{{ {before}sleep {pause}; {after}}} | "),
            "curl",
            chunked,
        );
    }
    if stopped(request) {
        // Killed while it waits for more: then it cannot end the request as if it were whole.
        let sent = zeros(request.data_sent);
        return (
            format!("{{ {sent}sleep 3; }} | "),
            "timeout 2 curl",
            chunked,
        );
    }
    (
        format!("head -c {size} /dev/zero | "),
        "curl",
        " \\\n  --data-binary @-",
    )
}

/// Why less was sent than was declared.
fn short(request: &Exchange, hold: Option<&Hold>) -> Option<String> {
    let size = request.data?;
    if request.data_sent >= size || hold.is_some() {
        return None;
    }
    let sent = format!(
        "{} of {}",
        thousands(request.data_sent),
        counted(size, "byte")
    );
    Some(match stopped(request) {
        true => format!("stopped half-way: {sent} were sent"),
        false => format!("answered when {sent} had been sent"),
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

/// One word of a shell, with the variable in front of it and the image's identifier as `$IMAGE`.
fn word(variable: &str, text: &str, image: &str) -> String {
    let pieces: Vec<&str> = match image {
        "" => vec![text],
        image => text.split(image).collect(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%?&;~ ".contains(c);
    let variables = !variable.is_empty() || pieces.len() > 1;
    if !variables {
        return quoted(text);
    }
    if pieces.iter().all(|piece| piece.chars().all(plain)) {
        let longer = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut inside = variable.to_owned();
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                inside.push_str(if piece.starts_with(longer) {
                    "${IMAGE}"
                } else {
                    "$IMAGE"
                });
            }
            inside.push_str(piece);
        }
        return format!("\"{inside}\"");
    }
    let single = |piece: &&str| match *piece {
        "" => String::new(),
        piece => format!("'{}'", piece.replace('\'', r"'\''")),
    };
    let front = if variable.is_empty() {
        String::new()
    } else {
        format!("\"{variable}\"")
    };
    let rest: Vec<String> = pieces.iter().map(single).collect();
    front + &rest.join("\"$IMAGE\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_well() {
        assert_eq!(
            word("$GLANCE", "/v2/images/abc/file", "abc"),
            "\"$GLANCE/v2/images/$IMAGE/file\""
        );
        assert_eq!(word("$GLANCE", "/abcd", "abc"), "\"$GLANCE/${IMAGE}d\"");
        assert_eq!(
            word("", r#"{"id":"abc"}"#, "abc"),
            r#"'{"id":"'"$IMAGE"'"}'"#
        );
        assert_eq!(word("", "it's $HOME", ""), r"'it'\''s $HOME'");
    }

    /// Whatever a server or a scenario put into it, a shell takes a word for what it is, and runs nothing.
    #[test]
    fn a_shell_reads_a_word_as_it_was() {
        for text in [
            "`id` $(id) $HOME ${HOME} ~ * ? [a] {a,b} !! # ; & | < >",
            "'\"'\"\\' \\",
            "abc'abc\"abcabc_",
            "-n",
            "",
            "雷雨",
        ] {
            for variable in ["", "$GLANCE"] {
                let script = format!("printf '<%s>' {}", word(variable, text, "abc"));
                let shell = std::process::Command::new("sh")
                    .args(["-c", &script])
                    .env("GLANCE", "g")
                    .env("IMAGE", "abc")
                    .output()
                    .unwrap();
                let wanted = format!("<{}{text}>", variable.replace("$GLANCE", "g"));
                assert_eq!(String::from_utf8_lossy(&shell.stdout), wanted, "{script}");
            }
        }
    }
}
