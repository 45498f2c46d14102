//! Outgoing requests to a local listener, with a controlled name server.

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
    Guard, Lookup, NetConfig, NetError, OutgoingClient, OutgoingRequest, OutgoingResponse,
    OutgoingStream,
};
use outrigger_stdx::{ByteSize, Clock, ManualClock, Secret, SystemClock};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};

/// A resolver that returns the next list of addresses for each lookup, and then repeats the last one.
struct ScriptedLookup(Vec<Vec<IpAddr>>, AtomicUsize);

#[async_trait]
impl Lookup for ScriptedLookup {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let asked = self.1.fetch_add(1, Ordering::SeqCst);
        Ok(self.0[asked.min(self.0.len() - 1)].clone())
    }
}

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn client(config: &NetConfig, answers: &[&[IpAddr]]) -> OutgoingClient {
    let answers = answers.iter().map(|answer| answer.to_vec()).collect();
    let guard = Guard::with_lookup(
        config,
        Arc::new(ScriptedLookup(answers, AtomicUsize::new(0))),
    );
    OutgoingClient::new(config, guard, SystemClock::shared()).expect("the client can be made")
}

/// Allows this machine's port under `host`.
fn allowing(host: &str, address: SocketAddr) -> NetConfig {
    NetConfig {
        allow: vec![format!("{host}:{}", address.port())],
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
async fn an_allowed_destination_is_requested_and_its_response_is_read() {
    let (listener, address) = listener().await;
    let client = client(&allowing("127.0.0.1", address), &[&[LOCAL]]);

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
async fn internal_addresses_are_rejected_in_every_notation() {
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
            matches!(
                refused,
                Err(NetError::NotPublic { .. } | NetError::OwnAddress { .. })
            ),
            "{url}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn only_http_and_https_are_accepted() {
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
async fn the_error_for_an_invalid_url_contains_no_secrets() {
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
async fn a_name_that_changes_to_an_internal_address_is_rejected() {
    // The name server first returns a permitted address, then another: DNS rebinding.
    let (listener, address) = listener().await;
    let inside: IpAddr = "127.0.0.2".parse().expect("it is an address");
    let client = client(&allowing("127.0.0.1", address), &[&[LOCAL], &[inside]]);
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
    assert!(matches!(second, Err(NetError::OwnAddress { address, .. }) if address == inside));
}

#[tokio::test]
async fn only_the_permitted_addresses_of_a_host_are_used() {
    let (listener, address) = listener().await;
    let metadata: IpAddr = "169.254.169.254".parse().expect("it is an address");
    let client = client(&allowing("127.0.0.1", address), &[&[metadata, LOCAL]]);

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
async fn allowing_a_name_does_not_allow_other_names_of_its_network() {
    let (listener, address) = listener().await;
    let client = client(&allowing("hooks.internal", address), &[&[LOCAL]]);

    let url = format!("http://hooks.internal:{}/", address.port());
    let (response, _) = tokio::join!(
        get(&client, &url),
        serve(&listener, "HTTP/1.1 204 No Content\r\n\r\n")
    );
    let other = get(&client, "http://other.internal/").await;

    response.expect("the name is allowed");
    assert!(matches!(other, Err(NetError::OwnAddress { .. })));
}

#[tokio::test]
async fn a_name_without_addresses_is_an_error() {
    let client = client(&NetConfig::default(), &[&[]]);

    let error = get(&client, "http://nowhere.example/")
        .await
        .expect_err("there is no address");

    assert!(matches!(error, NetError::NoAddress { .. }), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_redirect_to_an_internal_address_is_rejected() {
    let (listener, address) = listener().await;
    let client = client(&allowing("hooks.internal", address), &[&[LOCAL]]);
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
            matches!(
                refused,
                Err(NetError::NotPublic { .. } | NetError::OwnAddress { .. })
            ),
            "{target}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn redirects_are_followed_up_to_the_configured_number() {
    let (listener, address) = listener().await;
    let mut config = allowing("127.0.0.1", address);
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
async fn a_response_over_the_limit_is_rejected_with_and_without_a_declared_length() {
    let (listener, address) = listener().await;
    let mut config = allowing("127.0.0.1", address);
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
async fn a_request_to_a_silent_server_ends_at_its_time_limit() {
    let (listener, address) = listener().await;
    let config = allowing("127.0.0.1", address);
    let clock = Arc::new(ManualClock::new());
    let shared: Arc<dyn Clock> = clock.clone();
    let client = OutgoingClient::new(&config, Guard::new(&config), shared).expect("it is made");
    let url = format!("http://127.0.0.1:{}/", address.port());
    let mut request = OutgoingRequest::new(Method::GET, &url).expect("it is an address");
    request.limits.timeout = Some(Duration::from_secs(90));

    let passing = async {
        let held = listener.accept().await;
        clock.advance(Duration::from_secs(90));
        held
    };
    let (outcome, _held) = tokio::join!(client.send(request), passing);

    let limit = Duration::from_secs(90);
    assert!(
        matches!(outcome, Err(NetError::Timeout { step: "answer", limit: found, .. }) if found == limit),
        "{outcome:?}"
    );
}

/// Creates a TLS server for `name` with a self-signed certificate, and a file that makes a client trust it.
fn tls_server(name: &str) -> (tokio_rustls::TlsAcceptor, tempfile::NamedTempFile, Vec<u8>) {
    let issued = rcgen::generate_simple_self_signed([name.to_owned()]).expect("it can be issued");
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
    (acceptor, file, issued.cert.der().to_vec())
}

#[tokio::test]
async fn certificates_are_verified_and_a_private_authority_can_be_added() {
    let (listener, address) = listener().await;
    let (acceptor, file, certificate) = tls_server("hooks.internal");
    let mut trusting = allowing("hooks.internal", address);
    trusting.ca_file = Some(file.path().to_owned());
    let doubting = client(&allowing("hooks.internal", address), &[&[LOCAL]]);
    let trusting = client(&trusting, &[&[LOCAL]]);
    let url = format!("https://hooks.internal:{}/", address.port());
    let serve = async || {
        let (stream, _) = listener.accept().await.expect("a client connects");
        if let Ok(stream) = acceptor.accept(stream).await {
            answer_once(stream, "HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    };

    let (refused, ()) = tokio::join!(get(&doubting, &url), serve());
    let (response, ()) = tokio::join!(get(&trusting, &url), serve());

    assert!(
        matches!(refused, Err(NetError::Transfer { .. })),
        "{refused:?}"
    );
    let response = response.expect("it is trusted");
    assert_eq!(response.status, StatusCode::NO_CONTENT);
    assert_eq!(response.certificate.as_deref(), Some(&certificate[..]));
    assert!(response.timings.tls.is_some());
}

#[tokio::test]
async fn the_certificate_of_a_server_behind_a_proxy_is_verified() {
    let (listener, address) = listener().await;
    let (acceptor, file, certificate) = tls_server("hooks.example");
    let config = NetConfig {
        proxy: Some(Secret::new(format!("http://127.0.0.1:{}", address.port()))),
        ca_file: Some(file.path().to_owned()),
        ..NetConfig::default()
    };
    let client = client(&config, &[&[]]);
    let proxy = async {
        let (mut stream, _) = listener.accept().await.expect("a client connects");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("it is sent"));
        }
        let open = b"HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n";
        stream.write_all(open).await.expect("it is read");
        let stream = acceptor.accept(stream).await.expect("it is trusted");
        answer_once(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await
    };

    let (response, head) = tokio::join!(get(&client, "https://hooks.example/x"), proxy);

    let response = response.expect("it answers");
    assert_eq!(&response.body[..], b"ok");
    assert_eq!(response.certificate.as_deref(), Some(&certificate[..]));
    assert!(head.starts_with("GET /x HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("host: hooks.example\r\n"), "{head}");
}

#[tokio::test]
async fn a_stream_with_a_declared_length_must_match_it() {
    let (listener, address) = listener().await;
    let client = client(&allowing("127.0.0.1", address), &[&[LOCAL]]);
    let url = format!("http://127.0.0.1:{}/", address.port());
    let put = async |length| {
        let chunks = ["ab", "cd"].map(|chunk| Ok::<_, io::Error>(bytes::Bytes::from(chunk)));
        let stream = OutgoingStream::with_length(length, futures_util::stream::iter(chunks));
        let mut request = OutgoingRequest::new(Method::PUT, &url).expect("it is an address");
        request.body = outrigger_net::OutgoingBody::Stream(stream);
        client.send(request).await
    };
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    let (right, head) = tokio::join!(put(4), serve(&listener, answer));

    assert!(right.is_ok(), "{right:?}");
    assert!(head.contains("content-length: 4\r\n"), "{head}");
    for wrong in [3, 5] {
        let (outcome, _held) = tokio::join!(put(wrong), listener.accept());
        assert!(
            matches!(outcome, Err(NetError::Transfer { .. })),
            "{wrong}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn this_machine_s_public_address_is_rejected_unless_allowed_with_its_port() {
    struct Own;

    #[async_trait]
    impl Lookup for Own {
        async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(vec!["8.8.8.8".parse().expect("it is an address")])
        }

        fn own_addresses(&self) -> io::Result<Vec<IpAddr>> {
            Ok(vec!["8.8.8.8".parse().expect("it is an address")])
        }
    }
    let vet = async |allow: &str, host: &str, port| {
        let config = NetConfig {
            allow: vec![allow.to_owned()],
            ..NetConfig::default()
        };
        let guard = Guard::with_lookup(&config, Arc::new(Own));
        guard
            .vet(host, port)
            .await
            .map_err(|error| error.to_string())
    };

    let allowed = Ok(vec!["8.8.8.8:9090".parse().expect("it is an address")]);
    for (allow, host, expected) in [
        ("unrelated", "8.8.8.8", false),
        ("8.8.8.8", "8.8.8.8", false),
        ("self.example", "self.example", false),
        ("8.8.8.8:80", "8.8.8.8", false),
        ("8.8.8.8:9090", "8.8.8.8", true),
        ("8.8.8.8:9090", "self.example", true),
        ("self.example:9090", "self.example", true),
    ] {
        let outcome = vet(allow, host, 9090).await;
        assert_eq!(outcome == allowed, expected, "{allow} {host}: {outcome:?}");
    }
}

#[tokio::test]
async fn addresses_from_the_guard_can_be_used_without_http() {
    let (listener, address) = listener().await;
    let guard = Guard::new(&allowing("127.0.0.1", address));

    let vetted = guard.vet("127.0.0.1", address.port()).await;
    let other_port = guard.vet("127.0.0.1", address.port() ^ 1).await;
    let notation = guard.vet("0x7f000001", 25).await;

    assert_eq!(vetted.expect("it is listed"), [address]);
    assert!(matches!(other_port, Err(NetError::OwnAddress { .. })));
    assert!(matches!(notation, Err(NetError::OwnAddress { .. })));
    drop(listener);
}

/// Reads to the end of the chunked body and responds.
async fn read_upload(listener: &TcpListener) -> usize {
    let (mut stream, _) = listener.accept().await.expect("a client connects");
    let (mut read, mut buffer) = (0, vec![0; 64 * 1024]);
    let mut tail = Vec::new();
    while !tail.ends_with(b"0\r\n\r\n") {
        let got = stream.read(&mut buffer).await.expect("it is sent");
        read += got;
        tail.extend_from_slice(&buffer[..got]);
        tail.drain(..tail.len().saturating_sub(5));
    }
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer).await.expect("it is read");
    read
}

#[tokio::test]
async fn a_request_body_is_streamed_and_a_response_is_read_in_chunks() {
    const CHUNKS: usize = 64;
    let (listener, address) = listener().await;
    let mut config = allowing("127.0.0.1", address);
    config.response_max = ByteSize::kib(1);
    let client = client(&config, &[&[LOCAL]]);
    let url = format!("http://127.0.0.1:{}/", address.port());
    let chunk = bytes::Bytes::from(vec![7; 64 * 1024]);
    let chunks =
        futures_util::stream::iter((0..CHUNKS).map(move |_| Ok::<_, io::Error>(chunk.clone())));
    let mut upload = OutgoingRequest::new(Method::PUT, &url).expect("it is an address");
    upload.body = outrigger_net::OutgoingBody::Stream(OutgoingStream::new(chunks));
    let mut download = OutgoingRequest::new(Method::GET, &url).expect("it is an address");
    download.limits.response_max = Some(ByteSize::mib(1));
    let body = "x".repeat(100 * 1024);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );

    let (uploaded, received) = tokio::join!(client.send(upload), read_upload(&listener));
    let reading = async {
        let mut response = client.open(download).await.expect("it answers");
        let mut chunks = Vec::new();
        while let Some(chunk) = response.chunk().await.expect("it is within the limit") {
            chunks.push(chunk.len());
        }
        chunks
    };
    let (chunks, _) = tokio::join!(reading, serve(&listener, &answer));

    assert_eq!(uploaded.expect("it is taken").status, StatusCode::OK);
    assert!(received > CHUNKS * 64 * 1024, "{received}");
    assert_eq!(chunks.iter().sum::<usize>(), 100 * 1024);
    assert!(chunks.len() > 1, "it came in one chunk");
}

#[tokio::test]
async fn url_credentials_survive_only_redirects_within_the_origin() {
    let (listener, address) = listener().await;
    let client = client(&allowing("127.0.0.1", address), &[&[LOCAL]]);
    let url = format!("http://ana:hunter2@127.0.0.1:{}/", address.port());
    let away = "HTTP/1.1 302 Found\r\nlocation: /next\r\ncontent-length: 0\r\n\r\n";
    let here = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    let (response, heads) = tokio::join!(get(&client, &url), async {
        let first = serve(&listener, away).await;
        [first, serve(&listener, here).await]
    });

    let response = response.expect("the redirect is followed");
    assert_eq!(response.url.path(), "/next");
    assert!(!response.url.as_str().contains("hunter2"));
    for head in heads {
        assert!(
            head.contains("authorization: Basic YW5hOmh1bnRlcjI=\r\n"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn the_steps_of_a_request_are_measured() {
    let (listener, address) = listener().await;
    let config = allowing("127.0.0.1", address);
    let clock = Arc::new(ManualClock::new());
    let shared: Arc<dyn Clock> = clock.clone();
    let client = OutgoingClient::new(&config, Guard::new(&config), shared).expect("it is made");
    let url = format!("http://127.0.0.1:{}/", address.port());
    let request = OutgoingRequest::new(Method::GET, &url).expect("it is an address");
    let serving = async {
        let (mut stream, _) = listener.accept().await.expect("a client connects");
        let mut head = vec![0; 1024];
        assert!(stream.read(&mut head).await.expect("it is sent") > 0);
        clock.advance(Duration::from_millis(300));
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        stream.write_all(answer).await.expect("it is read");
    };

    let (response, ()) = tokio::join!(client.send(request), serving);

    let timings = response.expect("it answers").timings;
    assert_eq!(timings.first_byte, Duration::from_millis(300));
    assert_eq!(timings.total, Duration::from_millis(300));
    assert_eq!((timings.connect, timings.tls), (Duration::ZERO, None));
}

#[tokio::test]
async fn requests_beyond_the_limit_wait() {
    let (listener, address) = listener().await;
    let mut config = allowing("127.0.0.1", address);
    config.requests_max = 1;
    let client = client(&config, &[&[LOCAL]]);
    let url = format!("http://127.0.0.1:{}/", address.port());
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let open = async || {
        let request = OutgoingRequest::new(Method::GET, &url).expect("it is an address");
        client.open(request).await.expect("it answers")
    };

    let (first, _) = tokio::join!(open(), serve(&listener, ok));
    let mut second = std::pin::pin!(open());
    let waited = futures_util::FutureExt::now_or_never(second.as_mut()).is_none();
    let connected = futures_util::FutureExt::now_or_never(listener.accept()).is_some();
    drop(first);
    let (second, _) = tokio::join!(second, serve(&listener, ok));

    assert!(waited && !connected);
    assert_eq!(second.status, StatusCode::OK);
}

#[tokio::test]
async fn requests_go_through_the_proxy_unless_their_name_is_internal() {
    let (listener, address) = listener().await;
    let config = NetConfig {
        proxy: Some(Secret::new(format!(
            "http://ana:hunter2@127.0.0.1:{}",
            address.port()
        ))),
        ..NetConfig::default()
    };
    let proxied = client(&config, &[&[]]);
    let inside = client(&config, &[&["10.0.0.1".parse().expect("it is an address")]]);
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    let (plain, plain_head) = tokio::join!(
        get(&proxied, "http://hooks.example/x?y=1"),
        serve(&listener, ok)
    );
    let refusal = "HTTP/1.1 403 Forbidden\r\n\r\n";
    let (tunnel, tunnel_head) = tokio::join!(
        get(&proxied, "https://hooks.example/x"),
        serve(&listener, refusal)
    );
    let literal = get(&proxied, "http://169.254.169.254/").await;
    let named = get(&inside, "https://intranet.example/").await;

    assert_eq!(plain.expect("the proxy answers").status, StatusCode::OK);
    assert!(
        plain_head.starts_with("GET http://hooks.example/x?y=1 HTTP/1.1\r\n"),
        "{plain_head}"
    );
    assert!(
        tunnel_head.starts_with("CONNECT hooks.example:443 HTTP/1.1\r\n"),
        "{tunnel_head}"
    );
    for head in [plain_head, tunnel_head] {
        assert!(
            head.contains("proxy-authorization: Basic YW5hOmh1bnRlcjI=\r\n"),
            "{head}"
        );
    }
    let NetError::Transfer { source, .. } = tunnel.expect_err("the proxy refuses") else {
        panic!("it is another error");
    };
    assert!(source.to_string().contains("status 403"), "{source}");
    assert!(
        matches!(literal, Err(NetError::NotPublic { .. })),
        "{literal:?}"
    );
    assert!(
        matches!(named, Err(NetError::NotPublic { .. })),
        "{named:?}"
    );
}
