//! `stormglass stock`: how much a real server stores, to begin a forecast with.

use super::reach::wait_for;
use super::{Exit, Told};
use crate::report::number::thousands;
use crate::scenario::{self, Target};
use anyhow::bail;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use stormglass_glance::{Probe, Stock};
use stormglass_model::units::Bytes;

/// Reads from a real server's database how much it stores: the stock that a forecast begins with
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass stock my-glance.toml
  stormglass stock my-glance.toml --json
  stormglass run my-cloud.toml --set 'forecast.stock=\"118TiB\"' --capacity 200TiB

The scenario says where the database is ([target.glance.probe] database). It is only read, and of no image more
is read than its status and its size. The server itself is not asked anything.")]
pub struct Arguments {
    /// The scenario that says where the database is
    file: PathBuf,
    /// Sets a key over the file's, as KEY=VALUE
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Prints the stock.
pub fn stock(arguments: &Arguments) -> anyhow::Result<Exit> {
    let file = arguments.file.display();
    let scenario = scenario::read(&arguments.file, &arguments.settings);
    let scenario = scenario.map_err(|mistakes| super::told(&mistakes))?;
    let Target::Glance(target) = scenario.target else {
        return Err(unfit(&format!("{file} names no [target.glance]")).into());
    };
    let Some(declared) = &target.probe else {
        return Err(unfit(&format!("{file} names no [target.glance.probe]")).into());
    };
    let read = wait_for(async { Probe::open(declared, &target.routes).await?.stock().await })??;
    let Some(stock) = read else {
        return Err(unfit(&format!("the probe of {file} reads no database")).into());
    };
    let Some(bytes) = stock
        .iter()
        .try_fold(0_u64, |sum, it| sum.checked_add(it.bytes.0))
    else {
        bail!("the sizes in the database are no sizes: their sum is beyond all measure");
    };
    super::say(&match arguments.json {
        true => document(&stock, Bytes(bytes)),
        false => table(&stock, Bytes(bytes)),
    })?;
    Ok(Exit::Valid)
}

fn unfit(why: &str) -> Told {
    tell!("stormglass: {why}; a database of the server says what it stores");
    Told(Exit::Usage)
}

fn document(stock: &[Stock], bytes: Bytes) -> String {
    let by_status = stock
        .iter()
        .map(|it| json!({ "status": it.status.name(), "images": it.images, "bytes": it.bytes.0 }));
    let by_status: Vec<_> = by_status.collect();
    format!(
        "{:#}\n",
        json!({ "by_status": by_status, "bytes": bytes.0 })
    )
}

fn table(stock: &[Stock], bytes: Bytes) -> String {
    let mut lines = vec![format!(
        "{:<14}  {:>12}  {:>12}",
        "status", "images", "stored"
    )];
    lines.extend(stock.iter().map(|it| {
        let images = thousands(it.images);
        let bytes = it.bytes.to_string();
        format!("{:<14}  {images:>12}  {bytes:>12}", it.status.name())
    }));
    lines.push(String::new());
    lines.push("# for the scenario of a forecast".to_owned());
    lines.push("[forecast]".to_owned());
    lines.push(format!("stock = \"{}B\"  # {bytes}", bytes.0));
    lines.join("\n") + "\n"
}
