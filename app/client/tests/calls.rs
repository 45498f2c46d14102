//! The requests of calls and the parsing of responses, without a server.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use outrigger_api_types::access::NewToken;
use outrigger_client::{Client, ClientError, Pieces, Transport, TransportError};
use outrigger_stdx::{ErrorKind, Secret};
use serde_json::{Value, json};

/// A transport that returns scripted responses and records requests.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<(u16, Vec<u8>)>>,
    sent: Mutex<Vec<Request<Bytes>>>,
}

#[async_trait]
impl Transport for Script {
    fn address(&self) -> String {
        "the script".to_owned()
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.sent.lock().expect("no test panics here").push(request);
        let next = self
            .answers
            .lock()
            .expect("no test panics here")
            .pop_front();
        let (status, body) = next.expect("the script has an answer for every call");
        let mut answer = Response::new(body.into());
        *answer.status_mut() = status.try_into().expect("a status");
        Ok(answer)
    }

    async fn stream(&self, request: Request<Pieces>) -> Result<Response<Pieces>, TransportError> {
        let (head, pieces) = request.into_parts();
        let body = pieces.collect(usize::MAX).await?;
        let answer = self.send(Request::from_parts(head, body)).await?;
        Ok(answer.map(Pieces::from))
    }
}

fn scripted(answers: &[(u16, &[u8])]) -> (Client, Arc<Script>) {
    let script = Arc::new(Script::default());
    let answers = answers
        .iter()
        .map(|(status, body)| (*status, body.to_vec()));
    script
        .answers
        .lock()
        .expect("no other thread uses the lock")
        .extend(answers);
    (Client::over(Arc::<Script>::clone(&script)), script)
}

fn targets(script: &Script) -> Vec<String> {
    let sent = script.sent.lock().expect("no test panics here");
    sent.iter()
        .map(|request| format!("{} {}", request.method(), request.uri()))
        .collect()
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let page = |name: &str, next: Value| {
        let token = json!({ "id": name, "name": name, "hint": "otr_", "scopes": [], "created_by": "local",
            "account_id": "1", "created_at": "2026-01-01T12:00:00Z", "expires_at": null, "last_used_at": null });
        json!({ "items": [token], "next": next }).to_string()
    };
    let (first, last) = (page("a", json!("x/y")), page("b", json!(null)));
    let (client, script) = scripted(&[(200, first.as_bytes()), (200, last.as_bytes())]);

    let tokens = client.tokens().await.expect("both pages are good");

    let names: Vec<_> = tokens.iter().map(|token| token.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(
        targets(&script),
        [
            "GET /api/v1/access/tokens?limit=500",
            "GET /api/v1/access/tokens?limit=500&cursor=x%2Fy"
        ]
    );
}

#[tokio::test]
async fn a_value_is_sent_unchanged_and_its_key_as_one_segment() {
    let (client, script) = scripted(&[(204, b""), (200, b"a\0b")]);

    client
        .put_entry(b"a/b c", &b"a\0b"[..], Some("1m30s"))
        .await
        .expect("it is written");
    let value = client.entry(b"a/b c").await.expect("it is read");

    assert_eq!(value, &b"a\0b"[..]);
    assert_eq!(
        targets(&script),
        [
            "PUT /api/v1/cache/entries/a%2Fb%20c?ttl=1m30s",
            "GET /api/v1/cache/entries/a%2Fb%20c"
        ]
    );
    let sent = script.sent.lock().expect("no test panics here");
    assert_eq!(
        sent[0].headers()["content-type"],
        "application/octet-stream"
    );
    assert_eq!(sent[0].body(), &b"a\0b"[..]);
}

#[tokio::test]
async fn a_value_can_be_streamed_in_both_directions() {
    let (client, script) = scripted(&[(204, b""), (200, b"value")]);
    let pieces = [&b"a\0"[..], b"", b"b"].map(|piece| Ok(Bytes::from_static(piece)));

    let sent = Pieces::new(futures_util::stream::iter(pieces));
    client
        .write_entry(b"a/b", sent, Some("60s"))
        .await
        .expect("it is written");
    let mut value = client.read_entry(b"a/b").await.expect("it is read");

    let first = value.next().await.expect("it is whole");
    assert_eq!(first.as_deref(), Some(&b"value"[..]));
    assert_eq!(value.next().await.expect("it is whole"), None);
    let sent = script.sent.lock().expect("no test panics here");
    assert_eq!(sent[0].body(), &b"a\0b"[..]);
    assert_eq!(sent[0].uri(), "/api/v1/cache/entries/a%2Fb?ttl=60s");
}

#[tokio::test]
async fn a_refused_stream_returns_the_problem() {
    let problem = json!({ "type": "t", "title": "t", "status": 404, "code": "not_found", "detail": "there is none",
        "request_id": "r" });
    let (client, _) = scripted(&[(404, problem.to_string().as_bytes())]);

    let error = client.read_entry(b"a").await.expect_err("it is refused");

    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "there is none");
}

#[tokio::test]
async fn a_refusal_contains_the_detail_and_fix_of_the_server() {
    let problem = json!({ "type": "/docs#scope_missing", "title": "t", "status": 403, "code": "scope_missing",
        "detail": "this route needs the scope `access:write`", "fix": "ask an admin", "request_id": "r" });
    let (client, _) = scripted(&[(403, problem.to_string().as_bytes())]);
    let token = NewToken {
        name: "t".into(),
        scopes: vec!["*".into()],
        expires_in: None,
    };

    let error = client
        .create_token(&token)
        .await
        .map(drop)
        .expect_err("it is refused");

    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(
        error.to_string(),
        "this route needs the scope `access:write`"
    );
    assert_eq!(error.hint(), Some("ask an admin"));
    assert_eq!(
        error.problem().map(|problem| problem.code.as_str()),
        Some("scope_missing")
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_response_that_is_not_from_outrigger_has_an_error_of_its_own() {
    let (client, _) = scripted(&[(502, b"<html>Bad Gateway</html>")]);

    let error = client.healthz().await.expect_err("it is no answer of ours");

    assert!(
        matches!(error, ClientError::NotOutrigger { .. }),
        "{error:?}"
    );
    assert!(error.is_retryable(), "a proxy's 502 passes");
}

#[tokio::test]
async fn an_address_without_a_listener_returns_no_server() {
    let folder = tempfile::tempdir().expect("a temporary folder");

    let socket = Client::unix(folder.path().join("control.sock"))
        .healthz()
        .await;
    let port = Client::tcp("http://127.0.0.1:1", None)
        .expect("an address")
        .healthz()
        .await;

    for answer in [socket, port] {
        let error = answer.expect_err("there is no listener");
        assert!(matches!(error, ClientError::NoServer { .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}

#[tokio::test]
async fn a_key_that_a_url_cannot_contain_is_rejected_before_sending() {
    let client = Client::tcp("http://127.0.0.1:1", None).expect("an address");

    let error = client
        .delete_entry(b"..")
        .await
        .expect_err("it would be a step up");

    assert!(
        matches!(error, ClientError::UnsendableKey { .. }),
        "{error:?}"
    );
}

#[test]
fn a_client_does_not_print_its_token() {
    let token = Secret::new("otr_hunter2".to_owned());

    let client = Client::tcp("https://ops.example.com", Some(&token)).expect("an address");

    assert!(!format!("{client:?}").contains("hunter2"));
}
