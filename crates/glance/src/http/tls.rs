//! TLS: whom to trust, and why a server was not trusted, in words.

use super::endpoint::ConfigError;
use super::trouble::Trouble;
use crate::input;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stormglass_model::units::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{
    VerifierBuilderError, WebPkiServerVerifier, verify_server_name,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};

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
        let untrusted = |error: &dyn std::error::Error| ConfigError::Trust(error.to_string());
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new(trusted(files)?, Arc::clone(&provider));
        let verifier = verifier.map_err(|error| untrusted(&error))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| untrusted(&error))?;
        let mut config = config
            .dangerous() // is what rustls calls a verifier that is not its own
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    /// Speaks it over a connection; fails with a line for the user.
    pub(super) async fn over<S>(&self, stream: S) -> Result<TlsStream<S>, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connected = self.connector.connect(self.name.clone(), stream).await;
        connected.map_err(|error| {
            let inner = error.get_ref();
            match inner.and_then(|inner| inner.downcast_ref::<Error>()) {
                Some(error) => Trouble::NotSent(explain(error)),
                None => Trouble::unsent("the TLS handshake broke off", &error),
            }
        })
    }
}

/// Checks certificates as rustls does. One that was named with `ca` is trusted for its own server as well, though it says that it
/// is an authority's: that is how certificates are made that nobody else has signed.
#[derive(Debug)]
struct Verifier {
    usual: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl Verifier {
    fn new(
        (store, named): (RootCertStore, Vec<CertificateDer<'static>>),
        provider: Arc<CryptoProvider>,
    ) -> Result<Verifier, VerifierBuilderError> {
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider);
        let usual = usual.build()?;
        Ok(Verifier { usual, named })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usual = self
            .usual
            .verify_server_cert(certificate, others, name, ocsp, now);
        match usual {
            // The one thing that is wrong with it so far; its dates were looked at before.
            Err(Error::InvalidCertificate(CertificateError::Other(OtherError(error))))
                if error.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
                    && self.named.contains(certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            usual => usual,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// No file of certificates is longer: a system's whole store has some 200 KiB.
const LONGEST: Bytes = Bytes(16 << 20);

/// What is trusted, and which of it was named for that.
fn trusted<'a>(
    files: impl IntoIterator<Item = &'a Path>,
) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), ConfigError> {
    let mut store = RootCertStore::empty();
    let mut named = Vec::new();
    store.add_parsable_certificates(of_system()?);
    for file in files {
        let wrong = |why: &str| untaken(file, "", why);
        let pem = input::bytes(file, LONGEST).map_err(|error| wrong(&error.to_string()))?;
        let before = store.len();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|_| wrong("it is not PEM"))?;
            store
                .add(certificate.clone())
                .map_err(|_| wrong("one of them is not a certificate"))?;
            named.push(certificate);
        }
        if store.len() == before {
            return Err(wrong("it holds none in PEM"));
        }
    }
    if store.is_empty() {
        let why = "this system has no certificates to trust; name a PEM file with `ca`, or with OS_CACERT";
        return Err(ConfigError::Trust(why.to_owned()));
    }
    Ok((store, named))
}

/// What the system trusts. What stands for it by a variable is read to its end, and so must have one.
fn of_system() -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    const VARIABLE: &str = "SSL_CERT_FILE";
    for folder in std::env::var_os("SSL_CERT_DIR")
        .iter()
        .flat_map(std::env::split_paths)
    {
        check_folder(&folder)?;
    }
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    // One that is not there is passed over.
    if let Some(file) = named.filter(|file| file.exists()) {
        let why = format!(", which `{VARIABLE}` names");
        input::check(&file, LONGEST).map_err(|error| untaken(&file, &why, &error.to_string()))?;
    }
    Ok(rustls_native_certs::load_native_certs().certs)
}

/// That all files of a folder, which `SSL_CERT_DIR` names, are no longer together than one file may be. One that is not there is
/// passed over.
fn check_folder(folder: &Path) -> Result<(), ConfigError> {
    let files = folder.read_dir().into_iter().flatten().flatten();
    let lengths = files.filter_map(|file| fs::metadata(file.path()).ok());
    let mut sum = 0_u64;
    for about in lengths.filter(fs::Metadata::is_file) {
        sum = sum.saturating_add(about.len());
        if sum > LONGEST.0 {
            let why = format!("its files are longer than {LONGEST} together");
            return Err(untaken(folder, ", which `SSL_CERT_DIR` names", &why));
        }
    }
    Ok(())
}

fn untaken(file: &Path, named: &str, why: &str) -> ConfigError {
    let file = file.display();
    ConfigError::Trust(format!(
        "cannot take certificates from {file}{named}: {why}"
    ))
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
            // rustls says `DnsName("host")`.
            let name = |it: &String| it.split('"').nth(1).unwrap_or(it).to_owned();
            let presented = presented.iter().map(name).collect::<Vec<_>>().join(", ");
            format!("its certificate is not for {expected}, but for {presented}")
        }
        CertificateError::Other(OtherError(error)) => match error.downcast_ref() {
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "its certificate is an authority's, which counts only where `ca`, or OS_CACERT, names that very one".to_owned()
            }
            Some(webpki::Error::UnsupportedCertVersion) => {
                "its certificate is of a version before 3, which has no names in it; make a new one".to_owned()
            }
            Some(error) => format!("its certificate is not trusted: {error}"),
            None => "its certificate is not trusted".to_owned(),
        },
        CertificateError::BadEncoding => "what it shows is not a certificate that can be read".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is for another purpose than that of a server".to_owned()
        }
        CertificateError::UnhandledCriticalExtension => {
            "its certificate has a critical extension that is not known here".to_owned()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its certificate is signed in a way that is not trusted any more, or not known here".to_owned()
        }
        error => format!("its certificate is not trusted: {error}"),
    }
}
