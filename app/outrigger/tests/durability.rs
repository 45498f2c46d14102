//! Acknowledged changes survive SIGKILL, and a change is completed if its client disconnects.

use outrigger_api_types::access::{NewLoginLink, NewToken};
use outrigger_testapp::{Builder, Outrigger, eventually};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::watch};

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

/// Creates tokens until the server is gone, and counts the acknowledged ones. Returns these.
async fn create_until_killed(
    app: &Outrigger,
    worker: usize,
    count: &watch::Sender<usize>,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let token = NewToken {
            name: format!("{worker}-{number}"),
            scopes: vec!["cache:read".to_owned()],
            expires_in: None,
        };
        match app.client().create_token(&token).await {
            Ok(created) => {
                acknowledged.push(created.token);
                count.send_modify(|count| *count += 1);
            }
            Err(_) => break,
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_token_works_after_a_kill_at_any_moment() {
    let mut app = app().start().await;

    // The moment differs in each round. The requests of the other workers are at any point of their execution.
    for acknowledgements in [1, 4, 15, 40] {
        let pid = app.pid();
        let (count, mut counted) = watch::channel(0);
        let killer = async {
            let reached = counted.wait_for(|count| *count >= acknowledgements).await;
            drop(reached.expect("the sender is in this scope"));
            app.signal(rustix::process::Signal::KILL);
        };
        let (first, second, third, ()) = tokio::join!(
            create_until_killed(&app, 1, &count),
            create_until_killed(&app, 2, &count),
            create_until_killed(&app, 3, &count),
            killer
        );
        app.wait().await;
        app.restart().await;
        assert_ne!(app.pid(), pid);

        let acknowledged = [first, second, third].concat();
        assert!(acknowledged.len() >= acknowledgements);
        for token in acknowledged {
            let answer = app
                .get("/api/v1/cache/stats")
                .bearer_auth(&token)
                .send()
                .await;
            assert_eq!(
                answer.expect("it answers").status(),
                StatusCode::OK,
                "after {acknowledgements} acknowledgements"
            );
        }
    }
}

#[tokio::test]
async fn a_session_survives_a_kill_and_a_used_link_stays_used() {
    let mut app = app().start().await;
    let code = app.login_code().await;
    let redeem = |app: &Outrigger| {
        app.request(Method::POST, "/api/v1/access/login-link")
            .json(&json!({ "code": code }))
            .send()
    };
    let login = redeem(&app).await.expect("it answers");
    let cookie = login.headers()["set-cookie"]
        .to_str()
        .expect("text")
        .to_owned();
    let cookie = cookie.split(';').next().expect("a pair").to_owned();

    app.kill9().await;
    app.restart().await;

    let me = app
        .get("/api/v1/access/me")
        .header("Cookie", cookie)
        .send()
        .await
        .expect("it answers");
    assert_eq!(me.status(), StatusCode::OK);
    assert_eq!(
        redeem(&app).await.expect("it answers").status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_acknowledged_login_link_works_after_a_kill() {
    let mut app = app().start().await;
    let link = app
        .client()
        .create_login_link(&NewLoginLink::default())
        .await
        .expect("it is made");
    let (_, code) = link
        .url
        .split_once('#')
        .expect("the code is behind the `#`");

    app.kill9().await;
    app.restart().await;

    let login = app
        .request(Method::POST, "/api/v1/access/login-link")
        .json(&json!({ "code": code }));
    assert_eq!(
        login.send().await.expect("it answers").status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_token_that_was_revoked_before_a_kill_stays_revoked() {
    let mut app = app().start().await;
    let token = app.token(&["cache:read"]).await;
    let revoked = app.cli(["token", "revoke", "test cache:read"]).run().await;
    assert_eq!(revoked.code, Some(0), "{}", revoked.stderr);

    app.kill9().await;
    app.restart().await;

    let answer = app
        .get("/api/v1/cache/stats")
        .bearer_auth(token)
        .send()
        .await
        .expect("it answers");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

/// Sends a request that creates a token, without waiting for the response.
async fn begin_to_create_token(app: &Outrigger, token: &str, name: &str) -> TcpStream {
    let body = json!({ "name": name, "scopes": ["cache:read"] }).to_string();
    let request = format!(
        "POST /api/v1/access/tokens HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {name}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        app.http_address(),
        body.len(),
    );
    let mut stream = TcpStream::connect(app.http_address())
        .await
        .expect("the server accepts connections");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the server reads");
    stream
}

#[tokio::test]
async fn a_change_whose_client_disconnects_is_made_once_and_its_response_is_stored() {
    const CLIENTS: u32 = 20;
    let app = app().start().await;
    let token = app.token(&["access:*", "cache:*"]).await;
    // The first use of a token is stored. After it, only the changes below wait for the database.
    let used = app.get("/api/v1/access/me").bearer_auth(&token).send();
    assert_eq!(used.await.expect("it answers").status(), StatusCode::OK);
    let names: Vec<_> = (0..CLIENTS)
        .map(|number| format!("left-{number}"))
        .collect();

    // While another program has locked the database, every change that was begun waits for it.
    let lock = app.database();
    lock.execute_batch("begin immediate")
        .expect("it can be locked");
    let mut clients = Vec::new();
    for name in &names {
        clients.push(begin_to_create_token(&app, &token, name).await);
    }
    eventually("the server has begun every change", async || {
        let queued = app
            .metric("outrigger_store_queued{database=\"state\"}")
            .await;
        // The writer has taken the first one from the queue.
        (queued >= f64::from(CLIENTS - 1)).then_some(())
    })
    .await;
    drop(clients);
    eventually("the server has closed the connections", async || {
        let open = app.metric("outrigger_http_connections").await;
        // The one of this request, and the idle one of the first use of the token.
        (open <= 2.0).then_some(())
    })
    .await;
    lock.execute_batch("rollback").expect("it is locked");

    for name in &names {
        let response = eventually("the response is stored", async || {
            let response = app
                .request(Method::POST, "/api/v1/access/tokens")
                .bearer_auth(&token)
                .header("Idempotency-Key", name)
                .json(&json!({ "name": name, "scopes": ["cache:read"] }))
                .send()
                .await
                .expect("it answers");
            // While the first request is running, this is a conflict.
            (response.status() != StatusCode::CONFLICT).then_some(response)
        })
        .await;
        assert_eq!(response.status(), StatusCode::CREATED, "{name}");
        assert!(
            response.headers().contains_key("idempotency-replayed"),
            "{name}: this request made the change"
        );
    }
    let made = count(&app, "access_tokens where name like 'left-%'");
    assert_eq!(made, CLIENTS);
    eventually("all of them and the first token are remembered", async || {
        let targets = "(select distinct target from audit_log where action = 'access.create_token' and target is not null)";
        (count(&app, targets) == CLIENTS + 1).then_some(())
    })
    .await;
}

/// Counts rows in the server's database.
fn count(app: &Outrigger, rows: &str) -> u32 {
    app.database()
        .query_row(&format!("select count(*) from {rows}"), [], |row| {
            row.get(0)
        })
        .expect("the table is there")
}
