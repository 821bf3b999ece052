//! The scenario reader: what it reads, and what it says of mistakes.

mod arrivals;
mod demands;
mod messages;
mod reading;
mod script;
mod secrets;
mod service;
pub(crate) mod shipped;
mod steps;

use std::path::Path;
use stormglass::{Mistakes, Scenario, parse_in};
use stormglass_glance::auth::Environment;

/// Reads a text, with overrides, as `test.toml`.
fn read(text: &str, overrides: &[&str]) -> Result<Scenario, Mistakes> {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    // Nothing of the machine that the tests run on.
    let environment = Environment::new([], Path::new("here"), Path::new("here/etc"));
    parse_in(
        &environment,
        "test.toml",
        text,
        Path::new("tests/it/scenario"),
        &overrides,
    )
}

/// A text with whatever is required put before and behind it.
pub fn complete(text: &str) -> String {
    let starts = |head: &str| text.lines().any(|line| line.starts_with(head));
    let top = text.split('[').next().unwrap_or("");
    let mut whole = String::new();
    if !top.contains("schema =") {
        whole += "schema = 1\n";
    }
    if !top.contains("name =") {
        whole += "name = \"test\"\n";
    }
    whole += text;
    if !starts("[load") && !starts("load") {
        whole += "\n[load]\narrivals = { rate = \"5/s\" }\nduration = \"1h\"\n";
    }
    if !starts("[[story]]") && !starts("story") {
        whole += "\n[[story]]\nname = \"a\"\nsteps = [\"create\", \"upload\", \"delete\"]\n";
    }
    whole
}

/// The full example of the design.
const EXAMPLE: &str = include_str!("example.toml");
