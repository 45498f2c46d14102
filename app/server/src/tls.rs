//! Loads certificates and keys.

use std::{path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::StartError;

/// The protocols that the HTTP listener offers.
pub(crate) const HTTP_PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];

/// Creates a TLS configuration from PEM files. Returns `None` if one of the files is not configured.
pub(crate) fn load(
    certificate: Option<&Path>,
    key: Option<&Path>,
    protocols: &[&[u8]],
) -> Result<Option<Arc<ServerConfig>>, StartError> {
    let (Some(certificate), Some(key)) = (certificate, key) else {
        return Ok(None);
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refuse(certificate, &error))?;
    if chain.is_empty() {
        return Err(StartError::Tls {
            path: certificate.to_owned(),
            reason: "it contains no certificate".to_owned(),
        });
    }
    let private_key = PrivateKeyDer::from_pem_file(key).map_err(|error| refuse(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, private_key)
        })
        .map_err(|error| StartError::Tls {
            path: certificate.to_owned(),
            reason: error.to_string(),
        })?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Some(Arc::new(config)))
}

fn refuse(path: &Path, error: &rustls::pki_types::pem::Error) -> StartError {
    StartError::Tls {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
