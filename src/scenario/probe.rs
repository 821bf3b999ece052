//! Where the server's database and store are: `[target.glance.probe]`.

use super::document::Value;
use super::identity::from_environment;
use super::reader::{Fields, Input, Read as _};
use std::path::PathBuf;
use stormglass_glance::auth::Secret;
use stormglass_glance::{BucketTarget, ProbeTarget, Proxies, StoreTarget};

/// Reads `[target.glance.probe]`.
pub(super) fn read(input: Input) -> Option<ProbeTarget> {
    input.table("[target.glance.probe]", |t| {
        let mut database = t.get("database");
        if let Some(variable) = t.get::<String>("database_env") {
            if database.is_some() {
                let message = "`database_env` says once more what `database` says";
                t.wrong("database_env", message, "keep one of the two");
            }
            database = from_environment(t, "database_env", &variable);
        }
        let store = store(t);
        let staging = t.get("staging");
        let staging = staging.and_then(|path| folder(t, "staging", path));
        let keys = ["database", "database_env", "store", "staging"];
        if !keys.iter().any(|key| t.has(key)) {
            let help = "write `database` or `database_env`, or `store`, or more of them";
            input.wrong("the probe has nothing to read", help);
        } else if t.has("staging") && !t.has("store") {
            let message = "`staging` is looked at only beside `store`";
            let help =
                "write the folder of the store as well: `store = \"/var/lib/glance/images\"`";
            t.wrong_key("staging", message, help);
        }
        Some(ProbeTarget {
            database: database.map(Secret::new),
            store,
            staging,
        })
    })
}

/// One text, or a list of them.
fn several(input: Input) -> Option<Vec<String>> {
    if !matches!(input.node.value, Value::Array(_)) {
        return String::read(input).map(|one| vec![one]);
    }
    let example = "[\"/var/lib/glance/images\", \"/mnt/glance/images\"]";
    let stores = input.all("a folder or a list of folders", example, String::read)?;
    if stores.is_empty() {
        return input.refuse(
            "the list is empty",
            format!("write for example `{example}`"),
        );
    }
    let buckets = stores.iter().any(|store| store.starts_with("s3://"));
    if buckets && stores.len() > 1 {
        let message = "of several stores only folders are read";
        return input.refuse(message, "leave the bucket out, or write it alone");
    }
    Some(stores)
}

/// The folders or the bucket that `store` names.
fn store(t: &mut Fields) -> Option<StoreTarget> {
    let stores = t.with("store", several);
    let store = stores.as_ref().and_then(|stores| stores.first());
    let endpoint = t.get("endpoint");
    let region = t.get("region");
    let access_key = t.get("access_key_env");
    let secret_key = t.get("secret_key_env");
    let bucket = store.and_then(|it| it.strip_prefix("s3://"));
    let Some(bucket) = bucket else {
        let keys = ["endpoint", "region", "access_key_env", "secret_key_env"];
        let understood = stores.is_some() || !t.has("store");
        if let Some(key) = keys.iter().find(|key| t.has(key) && understood) {
            let help = "write the bucket as well: `store = \"s3://BUCKET\"`";
            t.wrong_key(key, "this is for a store in S3, and there is none", help);
        }
        let folders = stores?.into_iter().map(|path| folder(t, "store", path));
        let folders: Vec<Option<PathBuf>> = folders.collect();
        let folders: Option<Vec<PathBuf>> = folders.into_iter().collect();
        return folders.map(StoreTarget::Folders);
    };
    if bucket.is_empty() || bucket.contains('/') {
        let help = "write it without a folder, `\"s3://BUCKET\"`: Glance has none in it";
        t.wrong("store", format!("`s3://{bucket}` is not a bucket"), help);
    }
    if !t.has("endpoint") {
        let help = "write the URL that the server's settings have, `endpoint = \"https://HOST\"`";
        t.wrong("store", "a bucket needs an `endpoint`", help);
    }
    let secret = |key, variable: Option<String>, usual| {
        let value = match variable {
            Some(variable) => from_environment(t, key, &variable),
            None => from_environment(t, "store", usual),
        };
        value.map(Secret::new)
    };
    let access_key = secret("access_key_env", access_key, "AWS_ACCESS_KEY_ID");
    let secret_key = secret("secret_key_env", secret_key, "AWS_SECRET_ACCESS_KEY");
    Some(StoreTarget::Bucket(BucketTarget {
        endpoint: endpoint?,
        region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        bucket: bucket.to_owned(),
        access_key: access_key?,
        secret_key: secret_key?,
        // The target's, which knows them.
        ca: None,
        proxies: Proxies::default(),
    }))
}

/// An absolute path: it is compared with those that the server writes down.
fn folder(t: &Fields, key: &str, path: String) -> Option<PathBuf> {
    let path = PathBuf::from(path);
    if !path.is_absolute() {
        let message = format!("`{}` is not an absolute path", path.display());
        let help = "write it as the server's settings do, for example `\"/var/lib/glance/images\"`";
        t.wrong(key, message, help);
        return None;
    }
    Some(path)
}
