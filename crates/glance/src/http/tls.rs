//! TLS: whom to trust, and why a server was not trusted, in words.

use super::endpoint::ConfigError;
use crate::input;
use std::path::Path;
use std::sync::Arc;
use stormglass_model::units::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore};

/// TLS with one server. Certificates are always checked.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// With the server called `host`. The system's certificates are trusted, and those of `files`.
    pub(super) fn new<'a>(
        host: &str,
        files: impl IntoIterator<Item = &'a Path>,
    ) -> Result<Tls, ConfigError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ConfigError::Url("its host cannot be that of a certificate".to_owned()))?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::Trust(error.to_string()))?;
        let mut config = config
            .with_root_certificates(trusted(files)?)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    /// Speaks it over a connection; fails with a line for the user.
    pub(super) async fn over<S>(&self, stream: S) -> Result<TlsStream<S>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connected = self.connector.connect(self.name.clone(), stream).await;
        connected.map_err(|error| {
            let inner = error.get_ref();
            match inner.and_then(|inner| inner.downcast_ref::<Error>()) {
                Some(error) => explain(error),
                None => format!("the TLS handshake broke off: {error}"),
            }
        })
    }
}

/// No file of certificates is longer: a system's whole store has some 200 KiB.
const LONGEST: Bytes = Bytes(16 << 20);

fn trusted<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<RootCertStore, ConfigError> {
    let mut store = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    store.add_parsable_certificates(system.certs);
    for file in files {
        let wrong = |why: &str| {
            let why = format!("cannot take certificates from {}: {why}", file.display());
            ConfigError::Trust(why)
        };
        let pem = input::bytes(file, LONGEST).map_err(|error| wrong(&error.to_string()))?;
        let before = store.len();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|_| wrong("it is not PEM"))?;
            store
                .add(certificate)
                .map_err(|_| wrong("one of them is not a certificate"))?;
        }
        if store.len() == before {
            return Err(wrong("it holds none in PEM"));
        }
    }
    if store.is_empty() {
        let why = "this system has no certificates to trust; name a PEM file with `ca`, or with OS_CACERT";
        return Err(ConfigError::Trust(why.to_owned()));
    }
    Ok(store)
}

const CA: &str = "name the certificate of who signed it with `ca`, or with OS_CACERT";

fn explain(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::InvalidMessage(_) => {
            "it does not speak TLS; if it speaks plain HTTP, write http://".to_owned()
        }
        error => format!("the TLS handshake failed: {error}"),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        // The second is that of a namesake.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("its certificate is signed by nobody who is trusted here; {CA}")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; is the clock of this machine right?".to_owned()
        }
        CertificateError::NotValidForName => "its certificate is for another name".to_owned(),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let expected = expected.to_str();
            let presented = presented.join(", ");
            format!("its certificate is not for {expected}, but for {presented}")
        }
        error => format!("its certificate is not trusted: {error}"),
    }
}
