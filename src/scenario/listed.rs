//! Lists in files of their own, with one value a line.

use super::measured;
use super::mistake::{Source, Spot};
use super::reader::Input;

/// Mistakes of one list that are noted: nobody mends more at a time.
const NOTED: usize = 100;

/// What a list holds.
pub(super) struct List<'a> {
    /// What its first line may call it.
    pub header: &'a [&'a str],
    /// How many lines with values it has at most.
    pub most: usize,
    /// What would be right, in place of a line that is wrong.
    pub help: &'a str,
}

/// Reads the list in the file that is named, each line by `parse`; mistakes point into it. Empty lines and lines that begin
/// with `#` say nothing.
pub(super) fn read<T>(
    input: Input,
    list: &List,
    mut parse: impl FnMut(&str) -> Result<T, String>,
) -> Option<Vec<T>> {
    let reader = input.reader;
    let Source { name, text } = measured::file(input)?;
    let source = reader.sources.borrow().len();
    let (mut values, mut noted, mut start) = (Vec::new(), 0, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let value = line.trim();
        let at = start + (line.len() - line.trim_start().len());
        start += line.len();
        let named = |value: &str| list.header.contains(&value.to_ascii_lowercase().as_str());
        let bare = value.trim_matches('"').trim();
        if value.is_empty() || value.starts_with('#') || values.is_empty() && named(bare) {
            continue;
        }
        let spot = Spot {
            source,
            start: at,
            end: at + value.len(),
        };
        if values.len() == list.most {
            let message = format!(
                "a list has at most {} values, and this is one more",
                list.most
            );
            reader.wrong(spot, message, "leave out the rest, or use longer periods");
            noted += 1;
            break;
        }
        match parse(bare) {
            Ok(value) => values.push(value),
            Err(error) => {
                reader.wrong(spot, format!("line {}: {error}", index + 1), list.help);
                noted += 1;
            }
        }
        if noted == NOTED {
            break;
        }
    }
    reader.sources.borrow_mut().push(Source { name, text });
    (noted == 0).then_some(values)
}
