//! What a forecast is made for: `[forecast]` and `[prices]`.

use super::reader::{Fields, Input};
use super::{Prices, Target};
use stormglass_glance::shown::is_hidden;
use stormglass_model::units::Bytes;

/// Reads `[forecast]`, and gives `[prices]`.
pub(super) fn read(root: &mut Fields, mut target: Option<&mut Target>) -> Option<Prices> {
    capacity(root, target.as_deref_mut());
    prices(root, target.as_deref())
}

/// Reads the capacity of which the embedded service is to tell when it is full.
fn capacity(root: &mut Fields, target: Option<&mut Target>) {
    let capacity = root.with("forecast", |input| {
        input.table("[forecast]", |t| {
            t.get::<Bytes>("capacity").map(|it| (it, input))
        })
    });
    let Some((capacity, input)) = capacity else {
        return;
    };
    if capacity == Bytes(0) {
        let help = "write for example `capacity = \"200TiB\"`";
        return input.wrong("a capacity of nothing is always full", help);
    }
    match target {
        Some(Target::Glance(_)) => {
            let help = "leave `[forecast]` out";
            input.wrong("a real server does not tell how much it stores", help);
        }
        Some(Target::Embedded(config)) => {
            let store = &mut config.store;
            if let Some(most) = store.capacity.filter(|most| *most < capacity) {
                let message = format!("the store never holds so much: its capacity is {most}");
                let help = "leave out `service.store.capacity`, or lower `forecast.capacity`";
                input.wrong(message, help);
            }
            store.watched = Some(capacity);
        }
        None => {}
    }
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
        let priced = ["tib_month", "slot_month", "worker_hour"];
        let [tib_month, slot_month, worker_hour] = priced.map(|key| t.or(key, 0.0));
        if !priced.iter().any(|key| t.has(key)) {
            let help = "write at least one of tib_month, slot_month and worker_hour";
            return input.refuse("nothing has a price", help);
        }
        Some(Prices {
            currency: currency?,
            tib_month,
            slot_month,
            worker_hour,
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
