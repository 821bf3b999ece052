//! The part of a cloud's keys that says where its Glance is, and whom to trust there.

use super::environment::Environment;
use super::identity::Mistake;
use super::keys::{Keys, text};
use super::login::{CatalogEntry, Interface};
use super::yaml::Node;
use std::path::PathBuf;

impl Keys {
    /// Where the Glance is, if a key says so and not a catalog.
    pub(super) fn endpoint(&self) -> Result<Option<String>, Mistake> {
        let mut places = vec![("endpoint", self.option("endpoint"))];
        for key in ["image_endpoint", "image_endpoint_override"] {
            places.insert(0, (key, self.setting(key)?));
        }
        let said = places.into_iter().find_map(|(key, url)| Some((key, url?)));
        let url = said.map(|(key, url)| self.expanded(key, url)).transpose()?;
        Ok(url.map(|url| versionless(&url).to_owned()))
    }

    /// What is looked for in a catalog.
    pub(super) fn catalog_entry(&self) -> Result<CatalogEntry, Mistake> {
        Ok(CatalogEntry {
            kind: (self.setting("image_service_type")?.unwrap_or("image")).to_owned(),
            name: self.setting("image_service_name")?.map(str::to_owned),
            region: self.region()?,
            interfaces: self.interfaces()?,
        })
    }

    /// A URL with the name of the region filled in.
    pub(super) fn expanded(&self, key: &str, url: &str) -> Result<String, Mistake> {
        let region = self.beside.get("region_name").and_then(text);
        let url = url.replace("{region_name}", region.unwrap_or_default());
        match url.contains(['{', '}']) {
            true => Err(self.wrong(
                key,
                "holds braces",
                "only {region_name} is filled in; write the rest out",
            )),
            false => Ok(url),
        }
    }

    /// The region of the image service; one that is empty is any.
    fn region(&self) -> Result<Option<String>, Mistake> {
        let own = self.beside.get("image_region_name");
        let key = match own.is_some_and(|node| *node != Node::Null) {
            true => "image_region_name",
            false => "region_name",
        };
        self.setting(key).map(|region| region.map(str::to_owned))
    }

    /// The interfaces of the image service that will do, the best first.
    fn interfaces(&self) -> Result<Vec<Interface>, Mistake> {
        let get = |key: &'static str| Some((key, self.beside.get(key)?));
        let own = match (get("image_endpoint_type"), get("image_interface")) {
            (Some((key, older)), Some((_, newer))) if older != newer => {
                let what = "says something else than `image_interface`";
                return Err(self.wrong(key, what, "keep one of the two"));
            }
            (older, newer) => older.or(newer).filter(|(_, node)| **node != Node::Null),
        };
        // The older name of it counts.
        let general = || get("endpoint_type").or_else(|| get("interface"));
        let Some((key, node)) = own.or_else(general) else {
            return Ok(vec![Interface::Public]);
        };
        let nodes = match node {
            Node::List(nodes) => nodes.as_slice(),
            Node::Null => &[],
            Node::Text(text) if text.is_empty() => &[],
            node => std::slice::from_ref(node),
        };
        let one = |node: &Node| {
            let name = text(node).map(|name| name.strip_suffix("URL").unwrap_or(name));
            let help = "write `public`, `internal` or `admin`";
            (name.and_then(Interface::from_name))
                .ok_or_else(|| self.wrong(key, "is no interface", help))
        };
        let interfaces: Vec<Interface> = nodes.iter().map(one).collect::<Result<_, _>>()?;
        Ok(match interfaces.as_slice() {
            [] => vec![Interface::Public],
            _ => interfaces,
        })
    }

    /// Fails where it is not the image service's version 2 that is asked for.
    pub(super) fn check_service(&self) -> Result<(), Mistake> {
        match self.beside.get("has_image") {
            None | Some(Node::Flag(true)) => {}
            Some(_) => {
                let help = "leave it out, or write true";
                return Err(self.wrong("has_image", "says that there is no Glance", help));
            }
        }
        // openstacksdk passes over what is no number.
        let version = self.setting("image_api_version")?;
        let number = version.and_then(|version| version.parse::<f64>().ok());
        match number.is_none_or(|number| (2.0..3.0).contains(&number)) {
            true => Ok(()),
            false => Err(self.wrong("image_api_version", "is not spoken here", "write 2")),
        }
    }

    /// Certificates that are trusted beside the system's. A password sent to whoever answers is given away, so a source that asks
    /// for that is refused.
    pub(super) fn trust(&self, environment: &Environment) -> Result<Option<PathBuf>, Mistake> {
        let word = |key: &str| match self.beside.get(key) {
            None => String::new(),
            Some(Node::Null) => "null".to_owned(),
            Some(Node::Flag(flag)) => flag.to_string(),
            Some(node) => text(node).unwrap_or("?").to_ascii_lowercase(),
        };
        let (verify, insecure) = (word("verify"), word("insecure"));
        let unchecked = match () {
            () if matches!(verify.as_str(), "false" | "no" | "off" | "0" | "null" | "?") => {
                "verify"
            }
            () if matches!(insecure.as_str(), "true" | "yes" | "on" | "1" | "?") => "insecure",
            () => "",
        };
        if !unchecked.is_empty() {
            let help =
                "leave it out, and name the certificate of who signed the server's with `cacert`";
            let help = match self.variables {
                true => help.replace("cacert", "OS_CACERT"),
                false => help.to_owned(),
            };
            let what = "asks to trust any server, which is not done";
            return Err(self.wrong(unchecked, what, help));
        }
        let is_path = !matches!(verify.as_str(), "" | "true" | "yes" | "on" | "1");
        let file = match self.setting("cacert")? {
            None if is_path => self.setting("verify")?,
            file => file,
        };
        let others = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
        Ok(file
            .map(|file| environment.resolved(file))
            .or_else(|| others.iter().find_map(|name| environment.path(name))))
    }
}

/// A URL without the version of the API at its end, and without the project that some catalogs write behind it.
pub(super) fn versionless(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = authority + url[authority..].find('/').unwrap_or(url.len() - authority);
    let mut rest = url;
    for _ in 0..2 {
        let Some(at) = rest.rfind('/').filter(|at| *at >= path) else {
            break;
        };
        let (before, last) = rest.split_at(at);
        if is_version(&last[1..]) {
            return before.trim_end_matches('/');
        }
        rest = before;
    }
    url
}

/// `v2`, `v2.15`
fn is_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('v')
        .is_some_and(|number| number.split('.').all(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_and_a_project_at_the_end_of_a_url_go() {
        for (url, expected) in [
            ("http://glance:9292", "http://glance:9292"),
            ("http://glance:9292/", "http://glance:9292"),
            ("http://cloud/image/v2/", "http://cloud/image"),
            ("http://cloud/image/v2.15", "http://cloud/image"),
            ("http://cloud/v1", "http://cloud"),
            ("http://cloud/v2/610275", "http://cloud"),
            ("http://cloud/image/v2/610275/", "http://cloud/image"),
            ("http://v2/image/public", "http://v2/image/public"),
            ("http://v2", "http://v2"),
            ("http://cloud/versions", "http://cloud/versions"),
        ] {
            assert_eq!(versionless(url), expected, "{url}");
        }
    }
}
