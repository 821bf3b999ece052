//! What a forecast is made for: `[forecast]` and `[prices]`.

use super::reader::{Fields, Input};
use super::{Prices, Target};
use stormglass_glance::shown::is_hidden;
use stormglass_model::units::Bytes;

/// Reads `[forecast]` and `[prices]`: what the store holds already, and what the plan is paid for with.
pub(super) fn read(root: &mut Fields, mut target: Option<&mut Target>) -> (Bytes, Option<Prices>) {
    let stock = forecast(root, target.as_deref_mut()).unwrap_or(Bytes(0));
    (stock, prices(root, target.as_deref()))
}

/// Reads the capacity of which the embedded service is to tell when it is full, and what of it is taken already.
fn forecast(root: &mut Fields, target: Option<&mut Target>) -> Option<Bytes> {
    let (capacity, stock, input) = root.with("forecast", |input| {
        input.table("[forecast]", |t| {
            let capacity = t.get::<Bytes>("capacity");
            Some((capacity, t.or("stock", Bytes(0)), input))
        })
    })?;
    if capacity == Some(Bytes(0)) {
        let help = "write for example `capacity = \"200TiB\"`";
        return input.refuse("a capacity of nothing is always full", help);
    }
    let config = match target? {
        Target::Glance(_) => {
            let help = "leave `[forecast]` out";
            return input.refuse("a real server does not tell how much it stores", help);
        }
        Target::Embedded(config) => config,
    };
    let store = &mut config.store;
    let enforced = store.capacity;
    if let (Some(capacity), Some(most)) = (capacity, enforced)
        && most < capacity
    {
        let message = format!("the store never holds so much: its capacity is {most}");
        let help = "leave out `service.store.capacity`, or lower `forecast.capacity`";
        input.wrong(message, help);
    }
    if let Some(least) = capacity.into_iter().chain(enforced).min()
        && least <= stock
    {
        let message = format!("{stock} of stock leaves no room in a capacity of {least}");
        return input.refuse(message, "lower `stock`, or raise the capacity");
    }
    // The storm's subjects have what the stock leaves.
    let left = |all: Bytes| Bytes(all.0 - stock.0);
    store.watched = capacity.map(left);
    store.capacity = enforced.map(left);
    Some(stock)
}

/// The longest name of a currency.
const LONGEST: usize = 16;

fn prices(root: &mut Fields, target: Option<&Target>) -> Option<Prices> {
    let input = root.input("prices")?;
    if matches!(target, Some(Target::Glance(_))) {
        let help = "leave `[prices]` out";
        return input.refuse("a real server does not tell what it has", help);
    }
    input.table("[prices]", |t| {
        let currency = t.need_with("currency", "\"EUR\"", currency);
        let priced = [
            "tib_month",
            "slot_month",
            "worker_hour",
            "process_hour",
            "connection_hour",
        ];
        let [
            tib_month,
            slot_month,
            worker_hour,
            process_hour,
            connection_hour,
        ] = priced.map(|key| t.or(key, 0.0));
        if !priced.iter().any(|key| t.has(key)) {
            let help = "write at least one of tib_month, slot_month, worker_hour, process_hour and connection_hour";
            return input.refuse("nothing has a price", help);
        }
        Some(Prices {
            currency: currency?,
            tib_month,
            slot_month,
            worker_hour,
            process_hour,
            connection_hour,
        })
    })
}

fn currency(input: Input) -> Option<String> {
    let text = input.text("the name of a currency", "\"EUR\"")?;
    let plain = |c: char| !c.is_whitespace() && !is_hidden(c);
    let is_word = !text.is_empty() && text.chars().all(plain) && text.chars().count() <= LONGEST;
    if !is_word {
        let message = "a currency is one word of at most 16 characters";
        return input.refuse(message, "write for example `\"EUR\"`");
    }
    Some(text.to_owned())
}
