//! What a forecast is made for: `[forecast]`.

use super::Target;
use super::reader::Fields;
use stormglass_model::units::Bytes;

/// Reads `[forecast]`: the capacity of which the embedded service is to tell when it is full.
pub(super) fn read(root: &mut Fields, target: Option<&mut Target>) {
    let capacity = root.with("forecast", |input| {
        input.table("[forecast]", |t| {
            t.get::<Bytes>("capacity").map(|it| (it, input))
        })
    });
    let Some((capacity, input)) = capacity else {
        return;
    };
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
