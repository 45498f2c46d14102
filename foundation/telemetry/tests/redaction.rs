//! Secrets are removed, and other text stays unchanged.

use outrigger_telemetry::{is_count_key, is_secret_key, redact};
use proptest::prelude::*;

#[test]
fn secrets_are_redacted_by_name_and_by_shape() {
    for (text, clean) in [
        ("password=hunter2", "password=[redacted]"),
        ("PASSWORD = hunter2, next", "PASSWORD = [redacted], next"),
        (
            r#"{"password":"hun ter2","a":1}"#,
            r#"{"password":"[redacted]","a":1}"#,
        ),
        (
            r#"{"password":"hun\"ter2","a":1}"#,
            r#"{"password":"[redacted]","a":1}"#,
        ),
        (
            r#""{\"token\":\"abc\",\"a\":1}""#,
            r#""{\"token\":\"[redacted]\",\"a\":1}""#,
        ),
        (
            r#"Login { password: "x y", user: "u" }"#,
            r#"Login { password: "[redacted]", user: "u" }"#,
        ),
        (
            r#"Config { secret: Some("x"), n: 1 }"#,
            r#"Config { secret: Some("[redacted]"), n: 1 }"#,
        ),
        (
            r#"Login { password: Password("hunter2"), n: 1 }"#,
            "Login { password: [redacted], n: 1 }",
        ),
        (
            r#"Login { token: Some(Token { text: "hunter2" }), n: 1 }"#,
            "Login { token: Some([redacted]), n: 1 }",
        ),
        (
            r#"Login { password: b"hunter2", n: 1 }"#,
            r#"Login { password: b"[redacted]", n: 1 }"#,
        ),
        ("smtp_pass=hunter2", "smtp_pass=[redacted]"),
        (
            r#"{"tokens":["a","b]"],"c":1}"#,
            r#"{"tokens":[redacted],"c":1}"#,
        ),
        (
            "GET /x?api_key=abc&page=2",
            "GET /x?api_key=[redacted]&page=2",
        ),
        (
            "Authorization: Digest username=\"x\"\nHost: y",
            "Authorization: [redacted]\nHost: y",
        ),
        ("Cookie: a=b; c=d", "Cookie: [redacted]"),
        (
            r#"{"cookie": "a=b; c=d", "host": "x"}"#,
            r#"{"cookie": "[redacted]", "host": "x"}"#,
        ),
        (
            "sent Bearer abc.def and left",
            "sent Bearer [redacted] and left",
        ),
        ("the api key: abc", "the api key: [redacted]"),
        ("used otr_0123_abc.", "used otr_[redacted]"),
        ("postgres://app:p4ss@db/x", "postgres://app:[redacted]@db/x"),
        (
            "redis://:p4ss@cache:6379/0",
            "redis://:[redacted]@cache:6379/0",
        ),
        ("https://token@host/", "https://[redacted]@host/"),
        (
            "postgres://app:p/4@s@db/x",
            "postgres://app:[redacted]@db/x",
        ),
        ("(eyJhbGciOi.eyJzdWIi.c2ln)", "([redacted])"),
        (
            "key -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end",
            "key [redacted] end",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "[redacted]"),
        (
            "host=db password='a b' user=app",
            "host=db password='[redacted]' user=app",
        ),
    ] {
        assert_eq!(redact(text), clean, "{text}");
    }
}

#[test]
fn text_without_secrets_is_unchanged() {
    for text in [
        "",
        "listening on http://127.0.0.1:7300/admin/production",
        "http://host:7300/@user/page",
        "see https://example.org/a@b",
        "cache key: products:1 ttl=60s",
        "token_id=018f password_rules=strength secret_count: 3",
        "in outrigger_access::token::parse",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "a bear at the basin: eyJ without dots, otr_",
        "ключ: значение = ёж",
    ] {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn counts_of_secrets_are_not_redacted() {
    let text = "deleted login_links=12 tokens=3, sessions=4";
    assert_eq!(redact(text), text);
    for (text, redacted) in [
        ("token=123456", "token=[redacted]"),
        ("tokens=123456789012345678", "tokens=[redacted]"),
        ("tokens=abc", "tokens=[redacted]"),
        ("pass=1234", "pass=[redacted]"),
    ] {
        assert_eq!(redact(text), redacted);
    }
    for (name, is_count) in [
        ("tokens", true),
        ("login_links", true),
        ("expired_tokens", true),
        ("token", false),
        ("pass", false),
        ("token_words", false),
    ] {
        assert_eq!(is_count_key(name), is_count, "{name}");
    }
}

#[test]
fn secret_names_are_recognised_in_every_spelling() {
    for name in [
        "password",
        "PASSWORD",
        "user.password",
        "clientSecret",
        "x-api-key",
        "API_KEY",
        "Set-Cookie",
        "proxy-authorization",
        "sentry_dsn",
        "refreshToken",
        "db_passwd",
        "private-key",
    ] {
        assert!(is_secret_key(name), "{name}");
    }
    for name in [
        "key",
        "author",
        "path",
        "token_id",
        "request_id",
        "passing",
        "compass",
        "cache_key",
    ] {
        assert!(!is_secret_key(name), "{name}");
    }
}

/// Long enough not to occur in the text by chance.
fn secret() -> impl Strategy<Value = String> {
    "[A-Za-z0-9]{16,40}"
}

/// A text that contains a secret; `§` is its placeholder.
fn form() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "password=§",
        "\"password\": \"§\"",
        "{\"a\":{\"Token\":\"§\"}}",
        "\\\"secret\\\":\\\"§\\\"",
        "Authorization: Basic §",
        "cookie: session=§; path=/",
        "Bearer §",
        "bearer\t§",
        "otr_§",
        "postgres://user:§@host/db",
        "redis://:§@host",
        "amqps://§@host",
        "eyJ§.eyJ§.§",
        "-----BEGIN EC PRIVATE KEY-----\n§\n-----END EC PRIVATE KEY-----",
        "api-key: §",
        "Some { secret: Some(\"§\") }",
        "Some { secret: Secret(\"§\") }",
        "Some { secret: Secret { text: \"§\" } }",
        "password: b\"§\"",
        "?access_token=§&x=1",
        "pwd = '§'",
        "dsn=https://§@host/1",
    ])
}

proptest! {
    #[test]
    fn a_secret_is_redacted_in_every_form_and_position(
        before in "\\PC{0,40}", secret in secret(), form in form(), after in "\\PC{0,40}",
    ) {
        let text = format!("{before} {} {after}", form.replace('§', &secret));
        let clean = redact(&text);
        prop_assert!(!clean.contains(&secret), "{clean}");
    }

    #[test]
    fn any_text_is_handled(text in "(?s).{0,200}") {
        let _ = redact(&text);
    }

    #[test]
    fn any_mix_of_markers_is_handled(
        parts in prop::collection::vec(prop::sample::select(vec![
            "password", "token", "=", ":", "=>", "://", "@", "/", "\"", "'", "\\", "[", "{", ")", "]", "Some(", "otr_", "eyJ", ".",
            "bearer ", "-----BEGIN ", "PRIVATE KEY-----", "-----END ", "-----", "ö", " ", "\n", "cookie", "key",
        ]), 0..24),
    ) {
        let _ = redact(&parts.concat());
    }
}
