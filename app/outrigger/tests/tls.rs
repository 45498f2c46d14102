//! TLS on both listeners.

use std::{fs, sync::Arc};

use outrigger_testapp::{Builder, Outrigger, http_client, resp};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer},
};

struct Tls {
    pem: String,
    der: CertificateDer<'static>,
}

fn with_tls(mut builder: Builder, sections: &[&str]) -> (Builder, Tls) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(names).expect("a certificate can be made");
    let certificate = builder.directory().join("cert.pem").display().to_string();
    let key = builder.directory().join("key.pem").display().to_string();
    fs::write(&certificate, cert.pem()).expect("the file is written");
    fs::write(&key, signing_key.serialize_pem()).expect("the file is written");
    for section in sections {
        builder = builder
            .set(&format!("{section}.tls_cert"), &*certificate)
            .set(&format!("{section}.tls_key"), &*key);
    }
    (
        builder,
        Tls {
            pem: cert.pem(),
            der: cert.der().clone(),
        },
    )
}

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

#[tokio::test]
async fn http_is_served_over_tls_with_a_secure_cookie() {
    let (builder, tls) = with_tls(app(), &["http"]);
    let app = builder.start().await;
    let root = reqwest::Certificate::from_pem(tls.pem.as_bytes()).expect("it is a certificate");
    let client = http_client()
        .tls_certs_only([root])
        .build()
        .expect("a client");
    let url = |path: &str| format!("https://localhost:{}{path}", app.http_address().port());
    let code = app.login_code().await;

    let health = client
        .get(url("/healthz"))
        .send()
        .await
        .expect("it answers");
    let login = client
        .post(url("/api/v1/access/login-link"))
        .json(&serde_json::json!({ "code": code }))
        .send()
        .await;

    assert_eq!(health.status(), 200);
    let login = login.expect("it answers");
    let cookie = login.headers()["set-cookie"].to_str().expect("text");
    assert!(
        cookie.starts_with("__Host-outrigger=") && cookie.contains("Secure"),
        "{cookie}"
    );
    assert!(
        app.login_link().await.starts_with("https://"),
        "{}",
        app.stdout()
    );
}

#[tokio::test]
async fn plain_http_on_the_tls_port_gets_no_response_and_does_no_harm() {
    let (builder, _) = with_tls(app(), &["http"]);
    let app = builder.start().await;

    let answer = outrigger_testapp::raw_exchange(
        app.http_address(),
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    .await;

    assert!(!String::from_utf8_lossy(&answer).contains(" 200 "));
    app.client().healthz().await.expect("it still works");
}

#[tokio::test]
async fn the_redis_protocol_is_served_over_tls() {
    let (builder, tls) = with_tls(app(), &["redis"]);
    let app = builder.start().await;
    let mut roots = RootCertStore::empty();
    roots.add(tls.der).expect("it is a certificate");
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(app.redis_address())
        .await
        .expect("it connects");
    let name = "localhost".try_into().expect("it is a name");

    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .expect("a handshake");

    assert_eq!(
        resp(&mut stream, b"SET a 1\r\nGET a\r\n", "+OK\r\n$1\r\n1\r\n").await,
        "+OK\r\n$1\r\n1\r\n"
    );
    assert!(
        app.stdout()
            .contains(&format!("rediss://{}", app.redis_address())),
        "{}",
        app.stdout()
    );
}

#[tokio::test]
async fn with_tls_and_a_password_both_listeners_may_use_public_addresses() {
    let (builder, _) = with_tls(app(), &["http", "redis"]);

    let app = builder
        .set("http.listen", "0.0.0.0:0")
        .set("redis.listen", "0.0.0.0:0")
        .env("OUTRIGGER_REDIS__PASSWORD", "hunter2-and-a-long-tail")
        .start()
        .await;

    assert!(app.http_address().ip().is_unspecified());
    assert!(app.redis_address().ip().is_unspecified());
}

#[tokio::test]
async fn a_proxy_may_terminate_tls() {
    let app = app()
        .set("http.listen", "0.0.0.0:0")
        .set("http.allow_plaintext", "true")
        .start()
        .await;

    assert!(app.http_address().ip().is_unspecified());
}
