//! TLS with certificates made on the spot, for Glance and Keystone alike.

use super::{Cloud, asked, assert_line, soon};
use crate::glance::local;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use stormglass_glance::auth::Login;
use stormglass_glance::{Client, RunId, locate};
use stormglass_glance::{GlanceTarget, Identity};
use stormglass_model::lifecycle::{Operation, Outcome};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Who signs, with the PEM file that says whom to trust.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) pem: PathBuf,
}

impl Authority {
    pub(super) fn new(folder: &Path) -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        super::write(folder, "ca.pem", &params.self_signed(&key).unwrap().pem());
        Authority {
            issuer: Issuer::new(params, key),
            pem: folder.join("ca.pem"),
        }
    }

    /// A cloud whose certificate is for `name`, good until the end of that year.
    pub(super) async fn cloud(&self, name: &str, until: i32) -> Rc<Cloud> {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        serving(certificate.der().clone(), &key).await
    }
}

/// A cloud that shows this certificate.
async fn serving(certificate: CertificateDer<'static>, key: &KeyPair) -> Rc<Cloud> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Cloud::start_with(Some(TlsAcceptor::from(Arc::new(config)))).await
}

/// Errors of logging in there, and of greeting a Glance there with a plain token.
async fn errors(login: Login, url: &str, ca: Option<PathBuf>) -> [String; 2] {
    let keystone = GlanceTarget {
        ca: ca.clone(),
        ..super::target_of(login)
    };
    let token = Identity::Token("of-the-cloud".to_owned());
    let glance = GlanceTarget {
        ca,
        ..GlanceTarget::new(url.to_owned(), token.clone(), token)
    };
    let client = Client::new(&glance, RunId(1)).unwrap();
    let said = [
        soon(locate(&keystone)).await.unwrap_err().to_string(),
        soon(client.hello()).await.unwrap_err().to_string(),
    ];
    said.iter().for_each(|line| assert_line(line));
    said
}

async fn check(cloud: &Cloud, ca: Option<&Path>, expected: &str) {
    let login = cloud.login(super::SECRET);
    for said in errors(login, &cloud.url, ca.map(Path::to_owned)).await {
        assert!(
            said.ends_with(expected) && said.contains(&cloud.url),
            "{said}"
        );
    }
}

#[test]
fn a_storm_goes_over_tls() {
    local(async {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        for name in ["127.0.0.1", "localhost"] {
            let cloud = authority.cloud(name, 2999).await;
            let mut login = cloud.login(super::SECRET);
            login.auth_url = login.auth_url.replace("127.0.0.1", name);
            let mut target = super::target_of(login);
            target.ca = Some(authority.pem.clone());
            if name == "localhost" {
                target.url = Some(format!("{}/image", cloud.url.replace("127.0.0.1", name)));
            }
            let target = soon(locate(&target)).await.unwrap();
            let client = Client::new(&target, RunId(1)).unwrap();
            soon(client.hello()).await.unwrap();
            for operation in [Operation::Create, Operation::Upload, Operation::Delete] {
                let answer = soon(client.perform(&asked(operation, 1))).await;
                assert_eq!(answer.outcome, Outcome::Ok, "{answer:?}");
            }
            let protocols = cloud.protocols.borrow();
            assert!(
                protocols
                    .iter()
                    .all(|one| one.as_deref() == Some(b"http/1.1"))
            );
        }
    });
}

#[test]
fn who_is_not_trusted_is_told_why() {
    local(async {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let stranger = Authority::new(&folder.path().join("other"));
        let good = authority.cloud("127.0.0.1", 2999).await;
        let unknown = "its certificate is signed by nobody who is trusted here; name the certificate of who signed it with `ca`, or with OS_CACERT";
        check(&good, None, unknown).await;
        check(&good, Some(&stranger.pem), unknown).await;
        let expired = authority.cloud("127.0.0.1", 2001).await;
        check(
            &expired,
            Some(&authority.pem),
            "its certificate has expired",
        )
        .await;
        let other = authority.cloud("glance.example", 2999).await;
        let expected = "its certificate is not for 127.0.0.1, but for glance.example";
        check(&other, Some(&authority.pem), expected).await;
        assert_eq!(
            good.asked.get() + expired.asked.get() + other.asked.get(),
            0
        );
    });
}

/// A certificate that nobody else has signed, as `openssl req -x509` makes it or otherwise, and the file that names it.
async fn self_signed(folder: &Path, name: &str, until: i32, is_ca: IsCa) -> (Rc<Cloud>, PathBuf) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(until, 12, 31);
    params.is_ca = is_ca;
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    super::write(folder, "self.pem", &certificate.pem());
    let cloud = serving(certificate.der().clone(), &key).await;
    (cloud, folder.join("self.pem"))
}

#[test]
fn a_certificate_that_nobody_else_signed_is_trusted_where_it_is_named() {
    const AUTHORITY: IsCa = IsCa::Ca(BasicConstraints::Unconstrained);
    local(async {
        let folder = tempfile::tempdir().unwrap();
        for is_ca in [AUTHORITY, IsCa::ExplicitNoCa, IsCa::NoCa] {
            let (cloud, pem) = self_signed(folder.path(), "127.0.0.1", 2999, is_ca).await;
            let mut target = cloud.target();
            target.ca = Some(pem);
            let target = soon(locate(&target)).await.unwrap();
            let client = Client::new(&target, RunId(1)).unwrap();
            soon(client.hello()).await.unwrap();
        }
        let (cloud, pem) = self_signed(folder.path(), "127.0.0.1", 2001, AUTHORITY).await;
        check(&cloud, Some(&pem), "its certificate has expired").await;
        let (cloud, pem) = self_signed(folder.path(), "glance.example", 2999, AUTHORITY).await;
        let expected = "its certificate is not for 127.0.0.1, but for glance.example";
        check(&cloud, Some(&pem), expected).await;
        let other = folder.path().join("other");
        let (_, pem) = self_signed(&other, "127.0.0.1", 2999, AUTHORITY).await;
        let (cloud, _) = self_signed(folder.path(), "127.0.0.1", 2999, AUTHORITY).await;
        let expected = "its certificate is an authority's, which counts only where `ca`, or OS_CACERT, names that very one";
        check(&cloud, Some(&pem), expected).await;
        assert_eq!(cloud.asked.get(), 0);
    });
}

#[test]
fn a_token_that_came_over_tls_does_not_go_on_in_clear() {
    local(async {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let cloud = authority.cloud("127.0.0.1", 2999).await;
        let mut login = cloud.login(super::SECRET);
        login.image.region = Some("Two".to_owned());
        let mut target = super::target_of(login);
        target.ca = Some(authority.pem.clone());
        let error = soon(locate(&target)).await.unwrap_err().to_string();
        assert_line(&error);
        let expected = "and its catalog names http://two, where the token would be sent in clear; if you want that, write `insecure_endpoint = true` in [target.glance]";
        assert!(
            error.starts_with(&cloud.url) && error.ends_with(expected),
            "{error}"
        );
        target.insecure_endpoint = true;
        let found = soon(locate(&target)).await.unwrap();
        assert_eq!(found.url.as_deref(), Some("http://two/image"));
        // It never had any cover.
        let plain = Cloud::start().await;
        let mut login = plain.login(super::SECRET);
        login.image.region = Some("Two".to_owned());
        let found = soon(locate(&super::target_of(login))).await.unwrap();
        assert_eq!(found.url.as_deref(), Some("http://two/image"));
    });
}

#[test]
fn tls_and_plain_http_are_told_apart() {
    local(async {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let plain = Cloud::start().await;
        let url = plain.url.replace("http:", "https:");
        let mut login = plain.login(super::SECRET);
        login.auth_url = login.auth_url.replace("http:", "https:");
        for said in errors(login, &url, Some(authority.pem.clone())).await {
            assert!(
                said.ends_with("it does not speak TLS; if it speaks plain HTTP, write http://"),
                "{said}"
            );
        }
        let secure = authority.cloud("127.0.0.1", 2999).await;
        let url = secure.url.replace("https:", "http:");
        let mut login = secure.login(super::SECRET);
        login.auth_url = login.auth_url.replace("https:", "http:");
        for said in errors(login, &url, None).await {
            assert!(
                said.ends_with("; if it speaks TLS, write https://"),
                "{said}"
            );
        }
    });
}

#[test]
fn a_file_of_certificates_is_read_or_refused() {
    local(async {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, expected: &str| {
            let identity = Identity::Anonymous;
            let target = GlanceTarget {
                ca: Some(folder.path().join(name)),
                ..GlanceTarget::new("https://127.0.0.1".to_owned(), identity.clone(), identity)
            };
            let error = Client::new(&target, RunId(1)).unwrap_err().to_string();
            let path = folder.path().join(name);
            let start = format!("cannot take certificates from {}: ", path.display());
            assert!(
                error.starts_with(&start) && error.contains(expected),
                "{error}"
            );
        };
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        super::write(folder.path(), "words.pem", "words");
        super::write(folder.path(), "open.pem", &pem[..40]);
        super::write(folder.path(), "odd.pem", pem);
        check("none.pem", "No such file");
        check("words.pem", "it holds none in PEM");
        check("open.pem", "it is not PEM");
        check("odd.pem", "one of them is not a certificate");
    });
}
