//! The TLS modes of the URL.

use outrigger_sql::SqlError;
use outrigger_testkit::{LazyPostgres, PostgresServer};

use crate::{open_with, options};

pub(crate) async fn the_server_certificate_is_verified_as_the_url_requires(_: LazyPostgres) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    let server = PostgresServer::start().expect("it starts");
    let folder = outrigger_testkit::TempDir::new();
    let trusted = folder.join("ca.pem");
    std::fs::write(&trusted, made.cert.pem()).expect("it is writable");
    server
        .enable_tls(&made.cert.pem(), &made.signing_key.serialize_pem())
        .expect("it is writable");

    let address = |host: &str, mode: &str| {
        let root = trusted.display();
        let port = server.port();
        format!("postgres://postgres@{host}:{port}/postgres?sslmode={mode}&sslrootcert={root}")
    };
    let is_encrypted = async |host: &str, mode: &str| {
        let (database, _) = open_with(options(&address(host, mode))).await?;
        let client = database.client().await?;
        let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
        Ok::<bool, SqlError>(client.query_one(sql, &[]).await?.try_get(0)?)
    };

    assert_eq!(is_encrypted("127.0.0.1", "disable").await, Ok(false));
    assert_eq!(is_encrypted("127.0.0.1", "prefer").await, Ok(true));
    assert_eq!(is_encrypted("127.0.0.1", "require").await, Ok(true));
    assert_eq!(is_encrypted("127.0.0.1", "verify-ca").await, Ok(true));
    assert_eq!(is_encrypted("localhost", "verify-full").await, Ok(true));
    let error = is_encrypted("127.0.0.1", "verify-full").await;
    let error = error.expect_err("the certificate names another host");
    assert!(error.to_string().contains("certificate"), "{error}");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    std::fs::write(&trusted, other.cert.pem()).expect("it is writable");
    for mode in ["require", "verify-ca"] {
        let error = is_encrypted("localhost", mode).await;
        let error = error.expect_err("no trusted certificate has signed the server's");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}
