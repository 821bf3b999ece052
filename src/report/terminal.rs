//! What fits a terminal: one screen, its width, and colours.

use stormglass_model::lifecycle::Verdict;

/// The most lines a summary has.
pub const HEIGHT: usize = 24;
/// The most columns it has; only a command to copy may be longer. Tables and figures of the usual size stay
/// within eighty.
pub const WIDTH: usize = 96;

/// Cut to [`WIDTH`] columns.
pub fn clipped(line: &str) -> String {
    cut(line, WIDTH)
}

/// On as many lines of [`WIDTH`] columns as it takes, those after the first indented; three at most.
pub fn wrapped(line: &str) -> Vec<String> {
    let text = line.trim_start();
    let indent = " ".repeat(line.len() - text.len());
    let mut lines = vec![indent.clone()];
    let mut words = 0;
    for word in text.split(' ') {
        let columns = lines.last().map_or(0, |line| line.chars().count());
        if columns + word.chars().count() >= WIDTH && lines.len() < 3 {
            lines.push(format!("{indent}  "));
            words = 0;
        }
        if let Some(last) = lines.last_mut() {
            if words > 0 {
                last.push(' ');
            }
            last.push_str(word);
        }
        words += 1;
    }
    lines.iter().map(|line| clipped(line)).collect()
}

/// One line, cut to so many columns, the last of them `…`; escape sequences of colours take none.
pub fn cut(line: &str, columns: usize) -> String {
    let line = line.replace(['\n', '\r', '\t'], " ");
    let mut escape = false;
    let mut visible = line.char_indices().filter(|&(_, c)| {
        let visible = !escape && c != '\x1b';
        escape = !visible && c != 'm';
        visible
    });
    match (visible.nth(columns - 1), visible.next()) {
        (Some((last, _)), Some(_)) => {
            let reset = if line.contains('\x1b') { "\x1b[0m" } else { "" };
            format!("{}…{reset}", &line[..last])
        }
        _ => line,
    }
}

/// The end of a summary: how to see again what is wrong, and where everything is.
pub fn closing(repeat: Option<String>, results: Option<String>) -> Vec<String> {
    let repeat = repeat.map(|command| format!("  repeat:  {command}"));
    let results = results.map(|path| format!("  results: {path}"));
    let lines: Vec<String> = repeat.into_iter().chain(results).collect();
    let blank = (!lines.is_empty()).then(String::new);
    blank.into_iter().chain(lines).collect()
}

/// A verdict with its mark.
pub fn marked(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "✓ valid",
        Verdict::Invalid => "✗ invalid",
        Verdict::Unknown => "? unknown",
    }
}

/// Colours, where they are wanted.
#[derive(Clone, Copy)]
pub struct Paint {
    /// Whether the reader wants any.
    pub colour: bool,
}

impl Paint {
    /// A verdict with its mark, in its colour.
    pub fn verdict(self, verdict: Verdict) -> String {
        match verdict {
            Verdict::Valid => self.good(marked(verdict)),
            Verdict::Invalid => self.bad(marked(verdict)),
            Verdict::Unknown => self.doubtful(marked(verdict)),
        }
    }

    /// Green.
    pub fn good(self, text: &str) -> String {
        self.painted("1;32", text)
    }

    /// Red.
    pub fn bad(self, text: &str) -> String {
        self.painted("1;31", text)
    }

    /// Yellow.
    pub fn doubtful(self, text: &str) -> String {
        self.painted("33", text)
    }

    fn painted(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}
