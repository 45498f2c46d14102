//! Outgoing requests against a local listener and a name server that lies.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use http::{Method, StatusCode};
use outrigger_net::{
    Lookup, NetConfig, NetError, OutgoingClient, OutgoingRequest, OutgoingResponse,
};
use outrigger_stdx::{ByteSize, HumanDuration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};

/// Answers each question with the next list of addresses, and the last one for ever.
struct Answers(Vec<Vec<IpAddr>>, AtomicUsize);

#[async_trait]
impl Lookup for Answers {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let asked = self.1.fetch_add(1, Ordering::SeqCst);
        Ok(self.0[asked.min(self.0.len() - 1)].clone())
    }
}

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn client(config: &NetConfig, answers: &[&[IpAddr]]) -> OutgoingClient {
    let answers = answers.iter().map(|answer| answer.to_vec()).collect();
    OutgoingClient::with_lookup(config, Arc::new(Answers(answers, AtomicUsize::new(0))))
        .expect("the client can be made")
}

fn allowing(entries: &[&str]) -> NetConfig {
    NetConfig {
        allow: entries.iter().map(|entry| (*entry).to_owned()).collect(),
        ..NetConfig::default()
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

async fn get(client: &OutgoingClient, url: &str) -> Result<OutgoingResponse, NetError> {
    client.send(OutgoingRequest::new(Method::GET, url)?).await
}

/// Reads the head of one request and writes `answer`.
async fn answer_once(stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) -> String {
    let mut stream = stream;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    String::from_utf8(head).expect("a head is text")
}

async fn serve(listener: &TcpListener, answer: &str) -> String {
    let (stream, _) = listener.accept().await.expect("a client connects");
    answer_once(stream, answer).await
}

#[tokio::test]
async fn an_allow_listed_destination_is_called_and_its_answer_read() {
    let (listener, address) = listener().await;
    let client = client(&allowing(&["127.0.0.1"]), &[&[LOCAL]]);

    let url = format!("http://hooks.example:{}/x?y=1", address.port());
    let (response, head) = tokio::join!(
        get(&client, &url),
        serve(
            &listener,
            "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok"
        )
    );

    let response = response.expect("the request succeeds");
    assert_eq!(
        (response.status, &response.body[..]),
        (StatusCode::CREATED, &b"ok"[..])
    );
    assert!(head.starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("user-agent: outrigger/"), "{head}");
}

#[tokio::test]
async fn addresses_inside_are_refused_however_they_are_written() {
    let client = client(&NetConfig::default(), &[&[LOCAL]]);

    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://127.0.0.1./",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:7f00:1::]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1:8080/",
        "http://localhost/",
        "http://hooks.example/",
        "https://hooks.example/",
        "http://127。0。0。1/",
    ] {
        let refused = get(&client, url).await;
        assert!(
            matches!(refused, Err(NetError::NotPublic { .. })),
            "{url}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn only_http_is_requested() {
    let client = client(&NetConfig::default(), &[&[LOCAL]]);

    for url in [
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://x/",
        "data:,x",
    ] {
        let refused = get(&client, url).await;
        assert!(
            matches!(refused, Err(NetError::Url { .. })),
            "{url}: {refused:?}"
        );
    }
    assert!(matches!(
        get(&client, "/relative").await,
        Err(NetError::Url { .. })
    ));
}

#[tokio::test]
async fn an_address_that_is_not_requested_is_named_without_its_secrets() {
    let client = client(&NetConfig::default(), &[&[LOCAL]]);

    for url in [
        "https://ana:hunter2@host:99999/x?token=hunter2",
        "https://ana:hun@ter2@ho st/?hunter2",
        "ana:hunter2@host name",
        "https://?hunter2://",
    ] {
        let error = get(&client, url).await.expect_err("it is no address");
        let message = error.to_string();
        assert!(
            !message.contains("hunter2") && !message.contains("ter2@"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_name_that_turns_inside_between_two_requests_is_refused_the_second_time() {
    // The name server first names a place that is allowed, then one that is not: the trick of DNS rebinding.
    let (listener, address) = listener().await;
    let inside: IpAddr = "127.0.0.2".parse().expect("it is an address");
    let client = client(&allowing(&["127.0.0.1"]), &[&[LOCAL], &[inside]]);
    let url = format!("http://rebind.example:{}/", address.port());

    let (first, _) = tokio::join!(
        get(&client, &url),
        serve(
            &listener,
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    );
    let second = get(&client, &url).await;

    first.expect("the first answer is allowed");
    assert!(matches!(second, Err(NetError::NotPublic { address, .. }) if address == inside));
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_ones_are_called() {
    let (listener, address) = listener().await;
    let metadata: IpAddr = "169.254.169.254".parse().expect("it is an address");
    let client = client(&allowing(&["127.0.0.1"]), &[&[metadata, LOCAL]]);

    let url = format!("http://mixed.example:{}/", address.port());
    let (response, _) = tokio::join!(
        get(&client, &url),
        serve(&listener, "HTTP/1.1 204 No Content\r\n\r\n")
    );

    assert_eq!(
        response.expect("it succeeds").status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn a_name_can_be_allowed_and_does_not_open_the_network_to_others() {
    let (listener, address) = listener().await;
    let client = client(&allowing(&["hooks.internal"]), &[&[LOCAL]]);

    let url = format!("http://hooks.internal:{}/", address.port());
    let (response, _) = tokio::join!(
        get(&client, &url),
        serve(&listener, "HTTP/1.1 204 No Content\r\n\r\n")
    );
    let other = get(&client, "http://other.internal/").await;

    response.expect("the name is allowed");
    assert!(matches!(other, Err(NetError::NotPublic { .. })));
}

#[tokio::test]
async fn a_name_without_addresses_says_so() {
    let client = client(&NetConfig::default(), &[&[]]);

    let error = get(&client, "http://nowhere.example/")
        .await
        .expect_err("there is no address");

    assert!(matches!(error, NetError::NoAddress { .. }), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_redirect_inside_is_refused() {
    let (listener, address) = listener().await;
    let client = client(&allowing(&["hooks.internal"]), &[&[LOCAL]]);
    let url = format!("http://hooks.internal:{}/", address.port());

    for target in [
        "http://169.254.169.254/",
        "http://other.internal/",
        "http://127.0.0.1:1/",
    ] {
        let answer = format!(
            "HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let (refused, _) = tokio::join!(get(&client, &url), serve(&listener, &answer));
        assert!(
            matches!(refused, Err(NetError::NotPublic { .. })),
            "{target}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_configured() {
    let (listener, address) = listener().await;
    let mut config = allowing(&["127.0.0.1"]);
    config.redirects = 1;
    let client = client(&config, &[&[LOCAL]]);
    let url = format!("http://127.0.0.1:{}/", address.port());
    let away =
        "HTTP/1.1 301 Moved\r\nlocation: /next\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let here = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhere";

    let (response, second) = tokio::join!(get(&client, &url), async {
        serve(&listener, away).await;
        serve(&listener, here).await
    });
    let (refused, _) = tokio::join!(get(&client, &url), async {
        serve(&listener, away).await;
        serve(&listener, away).await
    });

    let response = response.expect("one redirect is followed");
    assert_eq!(
        (response.url.path(), &response.body[..]),
        ("/next", &b"here"[..])
    );
    assert!(second.starts_with("GET /next "), "{second}");
    assert!(
        matches!(refused, Err(NetError::Redirect { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_whether_it_says_its_length_or_not() {
    let (listener, address) = listener().await;
    let mut config = allowing(&["127.0.0.1"]);
    config.response_max = ByteSize::kib(1);
    let client = client(&config, &[&[LOCAL]]);
    let url = format!("http://127.0.0.1:{}/", address.port());
    let body = "x".repeat(1025);

    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 1025\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n",
    ] {
        let answer = format!("{head}{body}");
        let (refused, _) = tokio::join!(get(&client, &url), serve(&listener, &answer));
        assert!(
            matches!(refused, Err(NetError::TooLarge { .. })),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let (listener, address) = listener().await;
    let mut config = allowing(&["127.0.0.1"]);
    config.timeout = HumanDuration::new(Duration::from_millis(100));
    let client = client(&config, &[&[LOCAL]]);

    let url = format!("http://127.0.0.1:{}/", address.port());
    let (outcome, held) = tokio::join!(get(&client, &url), listener.accept());

    assert!(
        matches!(outcome, Err(NetError::Timeout { .. })),
        "{outcome:?}"
    );
    drop(held);
}

#[tokio::test]
async fn certificates_are_verified_and_a_private_authority_can_be_added() {
    let (listener, address) = listener().await;
    let issued = rcgen::generate_simple_self_signed(["hooks.internal".to_owned()])
        .expect("it can be issued");
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    std::fs::write(file.path(), issued.cert.pem()).expect("it can be written");
    let key = rustls::pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der())
        .expect("it is a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the versions are known")
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .expect("the key fits");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let mut trusting = allowing(&["hooks.internal"]);
    trusting.ca_file = Some(file.path().to_owned());
    let doubting = client(&allowing(&["hooks.internal"]), &[&[LOCAL]]);
    let trusting = client(&trusting, &[&[LOCAL]]);
    let url = format!("https://hooks.internal:{}/", address.port());
    let serve = async || {
        let (stream, _) = listener.accept().await.expect("a client connects");
        if let Ok(stream) = acceptor.accept(stream).await {
            answer_once(
                stream,
                "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
            )
            .await;
        }
    };

    let (refused, ()) = tokio::join!(get(&doubting, &url), serve());
    let (response, ()) = tokio::join!(get(&trusting, &url), serve());

    assert!(
        matches!(refused, Err(NetError::Transfer { .. })),
        "{refused:?}"
    );
    assert_eq!(
        response.expect("it is trusted").status,
        StatusCode::NO_CONTENT
    );
}
