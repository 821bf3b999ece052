//! The store in S3: which object an image has, by listing exactly its name. No object is read.

use super::error::ProbeError;
use crate::answer::{ImageId, line};
use crate::http::{
    Call, ConfigError, Connections, Endpoint, Payload, Reply, Routes, Times, Trouble,
};
use crate::target::BucketTarget;
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket as Signed, Credentials, S3Action, UrlStyle};
use std::time::Duration;
use stormglass_model::units::Span;

/// After which a silent service is given up.
const TIMEOUT: Span = Span::from_secs(10);
/// How long a signature holds. It may not be shorter than clocks are wrong.
const SIGNED: Duration = Duration::from_secs(900);

/// A bucket that is only ever listed.
pub(super) struct Bucket {
    name: String,
    signed: Signed,
    credentials: Credentials,
    connections: Connections,
}

impl Bucket {
    /// What the target names. Nothing is sent yet.
    pub fn new(target: &BucketTarget, routes: &Routes) -> Result<Bucket, ProbeError> {
        let bucket = line(&target.bucket);
        let wrong = |why: String| ProbeError::Bucket(format!("the bucket {bucket}"), why);
        let failed = |error: ConfigError| wrong(error.to_string());
        let endpoint = Endpoint::parse(&target.endpoint, "").map_err(failed)?;
        let no_url = || wrong("its endpoint is no URL".to_owned());
        let (url, region) = (target.endpoint.parse(), target.region.clone());
        let url = url.map_err(|_| no_url())?;
        // In the path, not in the host's name: every service understands that.
        let signed = Signed::new(url, UrlStyle::Path, target.bucket.clone(), region);
        Ok(Bucket {
            name: format!("the bucket {bucket} at {endpoint}"),
            signed: signed.map_err(|_| no_url())?,
            credentials: Credentials::new(target.access_key.reveal(), target.secret_key.reveal()),
            connections: Connections::new(endpoint, target.ca.as_deref(), routes, TIMEOUT, 1)
                .map_err(failed)?,
        })
    }

    /// The bytes of an image's object; none when it has none.
    pub async fn bytes(&self, id: ImageId) -> Result<Option<u64>, ProbeError> {
        let mut times = Times::default();
        let read = match self.connections.exchange(self.call(id), &mut times).await {
            Ok(reply) => size(&reply, &id.to_string()),
            Err(Trouble::Local(failure)) => return Err(ProbeError::Local(failure)),
            Err(trouble) => Err(line(trouble.text())),
        };
        read.map_err(|why| ProbeError::Bucket(self.name.clone(), why))
    }

    /// Whether a location's URL points into the bucket: `s3://host/bucket/key`. The host may have other names than ours.
    pub fn has(&self, location: &str) -> bool {
        let Some((scheme, path)) = location.split_once("://") else {
            return false;
        };
        let mut parts = path.rsplit('/').skip(1);
        matches!(scheme, "s3" | "s3+http" | "s3+https") && parts.next() == Some(self.signed.name())
    }

    fn call(&self, id: ImageId) -> Call {
        let mut list = ListObjectsV2::new(&self.signed, Some(&self.credentials));
        list.with_prefix(id.to_string());
        list.with_max_keys(1); // names come in order, and what is longer comes later
        let url = list.sign(SIGNED);
        let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        Call::new("GET", &target, url.authority(), None, Payload::text(""))
    }
}

/// What an answer says of the object with this name.
fn size(reply: &Reply, name: &str) -> Result<Option<u64>, String> {
    if let Some(cut) = &reply.cut {
        return Err(line(cut));
    }
    let foreign = || "no list of objects in the reply".to_owned();
    let text = std::str::from_utf8(&reply.text).map_err(|_| foreign())?;
    if reply.status != 200 {
        // Not the rest of what it says, which may repeat who has asked.
        let code = text.split("<Code>").nth(1).unwrap_or_default();
        let code = code.split('<').next().unwrap_or_default();
        return Err(line(&format!("HTTP {} {code}", reply.status)));
    }
    // The parser does not mind a list that breaks off, and one without the name would say that there is no object.
    if !text.trim_end().ends_with("</ListBucketResult>") {
        return Err(foreign());
    }
    let list = ListObjectsV2::parse_response(text).map_err(|_| foreign())?;
    if list.contents.is_empty() && list.next_continuation_token.is_some() {
        return Err("its list begins with nothing, and goes on".to_owned());
    }
    // Whoever lists all names may not have come to ours.
    if !(list.contents.iter()).all(|object| object.key.starts_with(name)) {
        return Err("it lists other names than the one that was asked for".to_owned());
    }
    let found = list.contents.iter().find(|object| object.key == name);
    Ok(found.map(|object| object.size))
}
