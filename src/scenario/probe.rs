//! Where the server's own books are: `[target.glance.probe]`.

use super::ProbeTarget;
use super::document::Node;
use super::reader::{Fields, Read, Reader, Written};
use std::path::PathBuf;

impl Read for ProbeTarget {
    fn read(reader: &mut Reader, node: &Node) -> Option<ProbeTarget> {
        let mut fields = Fields::of(reader, node, "[target.glance.probe]")?;
        let mut database = fields.optional(reader, "database");
        if let Some(variable) = fields.optional::<Written<String>>(reader, "database_env") {
            if database.is_some() {
                let message = "`database_env` says once more what `database` says";
                reader.wrong(variable.spot, message, "keep one of the two");
            }
            database = std::env::var(&variable.value).ok();
            if database.is_none() {
                let message = format!("the environment variable `{}` is not set", variable.value);
                let help = format!("export {}=… before the run", variable.value);
                reader.wrong(variable.spot, message, help);
            }
        }
        let store = fields.optional::<Folder>(reader, "store");
        let staging = fields.optional::<Folder>(reader, "staging");
        let keys = ["database", "database_env", "store", "staging"];
        if keys.iter().all(|key| fields.key_spot(key).is_none()) {
            let help = "write `database` or `database_env`, or `store`, or more of them";
            reader.wrong(fields.spot, "the probe has nothing to read", help);
        } else if fields.key_spot("store").is_none()
            && let Some(at) = fields.key_spot("staging")
        {
            let help =
                "write the folder of the store as well: `store = \"/var/lib/glance/images\"`";
            reader.wrong(at, "`staging` is looked at only beside `store`", help);
        }
        fields.done(reader);
        Some(ProbeTarget {
            database,
            store: store.map(|store| store.0),
            staging: staging.map(|staging| staging.0),
        })
    }
}

/// An absolute path: it is compared with those that the server writes down.
struct Folder(PathBuf);

impl Read for Folder {
    fn read(reader: &mut Reader, node: &Node) -> Option<Folder> {
        let path = PathBuf::from(String::read(reader, node)?);
        if !path.is_absolute() {
            let message = format!("`{}` is not an absolute path", path.display());
            let help =
                "write it as the server's settings do, for example `\"/var/lib/glance/images\"`";
            reader.wrong(node.spot, message, help);
            return None;
        }
        Some(Folder(path))
    }
}
