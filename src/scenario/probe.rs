//! Where the server's database and store are: `[target.glance.probe]`.

use super::document::Node;
use super::identity::from_environment;
use super::reader::{Fields, Read, Reader, Written};
use std::path::PathBuf;
use stormglass_glance::auth::Secret;
use stormglass_glance::{BucketTarget, ProbeTarget, StoreTarget};

impl Read for ProbeTarget {
    fn read(reader: &mut Reader, node: &Node) -> Option<ProbeTarget> {
        let mut fields = Fields::of(reader, node, "[target.glance.probe]")?;
        let mut database = fields.optional::<String>(reader, "database");
        if let Some(variable) = fields.optional::<Written<String>>(reader, "database_env") {
            if database.is_some() {
                let message = "`database_env` says once more what `database` says";
                reader.wrong(variable.spot, message, "keep one of the two");
            }
            database = from_environment(reader, &variable.value, variable.spot);
        }
        let store = store(reader, &mut fields);
        let staging = fields.optional::<Written<String>>(reader, "staging");
        let staging = staging.and_then(|staging| folder(reader, staging));
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
            database: database.map(Secret::new),
            store,
            staging,
        })
    }
}

/// The folder or the bucket that `store` names.
fn store(reader: &mut Reader, fields: &mut Fields) -> Option<StoreTarget> {
    let place = fields.optional::<Written<String>>(reader, "store");
    let endpoint = fields.optional::<String>(reader, "endpoint");
    let region = fields.optional::<String>(reader, "region");
    let access_key = fields.optional::<Written<String>>(reader, "access_key_env");
    let secret_key = fields.optional::<Written<String>>(reader, "secret_key_env");
    let bucket = place.as_ref().and_then(|it| it.value.strip_prefix("s3://"));
    let Some(bucket) = bucket else {
        let keys = ["endpoint", "region", "access_key_env", "secret_key_env"];
        if let Some(at) = keys.iter().find_map(|key| fields.key_spot(key)) {
            let help = "write the bucket as well: `store = \"s3://BUCKET\"`";
            reader.wrong(at, "this is for a store in S3, and there is none", help);
        }
        return folder(reader, place?).map(StoreTarget::Folder);
    };
    let spot = place.as_ref()?.spot;
    if bucket.is_empty() || bucket.contains('/') {
        let help = "write it without a folder, `\"s3://BUCKET\"`: Glance has none in it";
        reader.wrong(spot, format!("`s3://{bucket}` is not a bucket"), help);
    }
    if endpoint.is_none() && fields.key_spot("endpoint").is_none() {
        let help = "write the URL that the server's settings have, `endpoint = \"https://HOST\"`";
        reader.wrong(spot, "a bucket needs an `endpoint`", help);
    }
    let mut secret = |name: Option<Written<String>>, usual: &str| {
        let (name, spot) = name.map_or((usual.to_owned(), spot), |it| (it.value, it.spot));
        from_environment(reader, &name, spot).map(Secret::new)
    };
    let access_key = secret(access_key, "AWS_ACCESS_KEY_ID");
    let secret_key = secret(secret_key, "AWS_SECRET_ACCESS_KEY");
    Some(StoreTarget::Bucket(BucketTarget {
        endpoint: endpoint?,
        region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        bucket: bucket.to_owned(),
        access_key: access_key?,
        secret_key: secret_key?,
        ca: None, // the target's, which knows it
    }))
}

/// An absolute path: it is compared with those that the server writes down.
fn folder(reader: &mut Reader, written: Written<String>) -> Option<PathBuf> {
    let path = PathBuf::from(written.value);
    if !path.is_absolute() {
        let message = format!("`{}` is not an absolute path", path.display());
        let help = "write it as the server's settings do, for example `\"/var/lib/glance/images\"`";
        reader.wrong(written.spot, message, help);
        return None;
    }
    Some(path)
}
