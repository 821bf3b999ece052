//! The last line of a saved history: what stands before it, so that nothing of that can be missing.

use super::Problem;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The lines of a file so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    count: u64,
    digest: Sha256,
}

impl Lines {
    /// Takes the bytes of a line, with its end; of no bytes it takes nothing.
    pub(super) fn add(&mut self, line: &[u8]) {
        self.count += u64::from(!line.is_empty());
        self.digest.update(line);
    }

    /// What the line after them says of them.
    pub(super) fn trailer(&self) -> Trailer {
        let digest = self.digest.clone().finalize();
        Trailer {
            end: End {
                lines: self.count,
                sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            },
        }
    }
}

/// `{"end":{"lines":…,"sha256":"…"}}`
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trailer {
    end: End,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    lines: u64,
    sha256: String,
}

impl Trailer {
    /// Whether these are the lines that it speaks of.
    pub(super) fn confirms(&self, lines: &Lines) -> Result<(), Problem> {
        let Trailer { end: found } = lines.trailer();
        if self.end.lines != found.lines {
            return Err(Problem::OtherCount(self.end.lines, found.lines));
        }
        match self.end == found {
            true => Ok(()),
            false => Err(Problem::OtherHash),
        }
    }
}
