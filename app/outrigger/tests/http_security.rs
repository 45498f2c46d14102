//! Requests that the real program must refuse.

use outrigger_testapp::{Builder, Outrigger, raw_http};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("the server answers")
}

#[track_caller]
fn assert_problem(status: StatusCode, problem: &Value, expected: u16, code: &str) {
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (expected, &json!(code)),
        "{problem}"
    );
    for field in ["type", "title", "detail", "request_id"] {
        assert!(
            problem[field].as_str().is_some_and(|text| !text.is_empty()),
            "`{field}` in {problem}"
        );
    }
}

async fn problem_of(answer: Response) -> (StatusCode, Value) {
    let status = answer.status();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    (status, answer.json().await.expect("a problem is JSON"))
}

/// Signs the owner in with the printed link and returns the cookie.
async fn session(app: &Outrigger) -> String {
    let code = app.login_code().await;
    let answer = send(
        app.request(Method::POST, "/api/v1/access/login-link")
            .json(&json!({ "code": code })),
    )
    .await;
    let cookie = answer.headers()["set-cookie"]
        .to_str()
        .expect("the cookie is text");
    cookie
        .split(';')
        .next()
        .expect("a cookie begins with its pair")
        .to_owned()
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_response() {
    let app = app().start().await;
    let created = app
        .cli([
            "admin",
            "create",
            "--email",
            "ada@example.com",
            "--role",
            "admin",
            "--password-file",
            "-",
        ])
        .input("correct-horse-battery-staple-42\n")
        .run()
        .await;
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    let login = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        send(
            app.request(Method::POST, "/api/v1/access/login")
                .json(&body),
        )
        .await
    };

    let right = login("ada@example.com", "correct-horse-battery-staple-42").await;
    let (status, wrong) = problem_of(login("ada@example.com", "wrong").await).await;
    let (_, unknown) = problem_of(login("eve@example.com", "wrong").await).await;

    assert_eq!(right.status(), StatusCode::OK);
    assert_problem(status, &wrong, 401, "wrong_credentials");
    assert_eq!(
        (&wrong["code"], &wrong["detail"]),
        (&unknown["code"], &unknown["detail"])
    );
}

#[tokio::test]
async fn a_token_without_the_scope_is_refused_and_the_error_names_the_scope() {
    let app = app().start().await;
    let token = app.token(&["cache:read"]).await;

    let read = send(app.get("/api/v1/cache/stats").bearer_auth(&token)).await;
    let put = app
        .request(Method::PUT, "/api/v1/cache/entries/a")
        .bearer_auth(&token)
        .body("1");
    let (status, problem) = problem_of(send(put).await).await;

    assert_eq!(read.status(), StatusCode::OK);
    assert_problem(status, &problem, 403, "scope_missing");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("cache:write")),
        "{problem}"
    );
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let mut app = app().start().await;
    let token = app.token(&["cache:read"]).await;
    let ask = |app: &Outrigger| send(app.get("/api/v1/cache/stats").bearer_auth(&token));
    assert_eq!(ask(&app).await.status(), StatusCode::OK);
    app.stop().await;

    // No token expires during a test, so change its expiry in the database.
    let changed = app
        .database()
        .execute("update access_tokens set expires_at = 1", [])
        .expect("the table is there");
    app.restart().await;

    assert_eq!(changed, 1);
    let (status, problem) = problem_of(ask(&app).await).await;
    assert_problem(status, &problem, 401, "unauthenticated");
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let app = app().start().await;
    let token = app.token(&["cache:read"]).await;
    let ask = || send(app.get("/api/v1/cache/stats").bearer_auth(&token));
    assert_eq!(ask().await.status(), StatusCode::OK);

    let revoke = app.cli(["token", "revoke", "test cache:read"]).run().await;

    assert_eq!(revoke.code, Some(0), "{}", revoke.stderr);
    assert_eq!(ask().await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_modified_token_is_refused() {
    let app = app().start().await;
    let token = app.token(&["*"]).await;
    let mut tampered = token.clone();
    let last = if tampered.ends_with('a') { 'b' } else { 'a' };
    tampered.pop();
    tampered.push(last);

    for wrong in [
        tampered.as_str(),
        "otr_",
        "otr_x",
        "x",
        &token.to_uppercase(),
    ] {
        let (status, problem) =
            problem_of(send(app.get("/api/v1/status").bearer_auth(wrong)).await).await;
        assert_problem(status, &problem, 401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_write_from_a_page_of_another_site_is_refused() {
    let app = app().start().await;
    let cookie = session(&app).await;
    let clear = |site: &str| {
        app.request(Method::POST, "/api/v1/cache/clear")
            .header("Cookie", &cookie)
            .header("Sec-Fetch-Site", site)
            .json(&json!({}))
    };

    let own = send(clear("same-origin")).await;

    assert_eq!(own.status(), StatusCode::OK);
    for site in ["cross-site", "same-site"] {
        let (status, problem) = problem_of(send(clear(site)).await).await;
        assert_problem(status, &problem, 403, "cross_site");
    }
    let form = app
        .request(Method::POST, "/api/v1/cache/clear")
        .header("Cookie", &cookie);
    let form = form.header("Content-Type", "text/plain").body("{}");
    let (status, problem) = problem_of(send(form).await).await;
    assert_problem(status, &problem, 415, "unsupported_media_type");
}

#[tokio::test]
async fn a_foreign_host_is_refused() {
    let app = app().start().await;
    let token = app.token(&["*"]).await;
    let authorization = format!("Authorization: Bearer {token}");
    let ask = async |host: &str| {
        raw_http(
            app.http_address(),
            b"GET /api/v1/status",
            &[&format!("Host: {host}"), &authorization],
        )
        .await
    };

    assert_eq!(ask("localhost").await.status, 200);
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:7300",
        "",
    ] {
        let answer = ask(host).await;
        assert!(
            matches!(answer.status, 400 | 421),
            "`{host}` got {}: {}",
            answer.status,
            answer.body
        );
    }
}

#[tokio::test]
async fn metrics_are_open_on_this_machine_but_not_to_a_forwarded_request() {
    let app = app().start().await;
    let with = |header: &str, value: &str| app.get("/metrics").header(header, value);

    let direct = send(app.get("/metrics")).await;

    assert_eq!(direct.status(), StatusCode::OK);
    assert!(
        direct
            .text()
            .await
            .expect("it has a body")
            .contains("outrigger_")
    );
    for (header, value) in [
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("X-Forwarded-For", "garbage"),
    ] {
        let (status, problem) = problem_of(send(with(header, value)).await).await;
        assert_problem(status, &problem, 401, "unauthenticated");
    }
}

#[tokio::test]
async fn the_files_of_the_dashboard_and_its_polling_do_not_count_as_api_traffic() {
    let app = app().start().await;
    let login = app
        .request(Method::POST, "/api/v1/access/login-link")
        .json(&json!({ "code": app.login_code().await }));
    let cookie = send(login).await.headers()["set-cookie"].clone();
    let before = app.metric("outrigger_http_requests_total").await;

    for _ in 0..3 {
        let poll = app
            .get("/api/v1/status")
            .header("cookie", &cookie)
            .header("outrigger-background", "1");
        assert_eq!(send(poll).await.status(), StatusCode::OK);
        send(app.get("/admin/production/mark.svg")).await;
    }

    let polls = app.metric("outrigger_http_background_requests_total").await;
    let files = app.metric("outrigger_http_page_requests_total").await;
    let requests = app.metric("outrigger_http_requests_total").await - before;
    assert_eq!((polls, files), (3.0, 3.0));
    // The scrapes themselves: one before and two since.
    assert_eq!(requests, 3.0);
}

#[tokio::test]
async fn a_forged_forwarding_header_does_not_change_the_stored_address() {
    let app = app().start().await;
    let code = app.login_code().await;

    let login = app
        .request(Method::POST, "/api/v1/access/login-link")
        .header("X-Forwarded-For", "203.0.113.9");
    let login = send(login.json(&json!({ "code": code }))).await;

    assert_eq!(login.status(), StatusCode::OK);
    let token = app.token(&["*"]).await;
    let sessions: Value = send(app.get("/api/v1/access/sessions").bearer_auth(&token))
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(sessions["items"][0]["address"], "127.0.0.1", "{sessions}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_the_error_names_the_limit() {
    let app = app()
        .set("cache.value_max", "64KiB")
        .set("http.body_max", "16KiB")
        .start()
        .await;
    let token = app.token(&["*"]).await;

    let value = app
        .request(Method::PUT, "/api/v1/cache/entries/a")
        .bearer_auth(&token);
    let (status, problem) = problem_of(send(value.body(vec![b'x'; 65 * 1024])).await).await;
    let name = app
        .request(Method::POST, "/api/v1/access/tokens")
        .bearer_auth(&token);
    let name = name.json(&json!({ "name": "x".repeat(20_000), "scopes": ["cache:read"] }));
    let (json_status, json_problem) = problem_of(send(name).await).await;
    let fitting = app
        .request(Method::PUT, "/api/v1/cache/entries/a")
        .bearer_auth(&token);

    assert_problem(status, &problem, 413, "body_too_large");
    assert!(
        problem.to_string().contains("64KiB") || problem.to_string().contains("65536"),
        "{problem}"
    );
    assert_problem(json_status, &json_problem, 413, "body_too_large");
    assert_eq!(
        send(fitting.body(vec![b'x'; 64 * 1024])).await.status(),
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn paths_with_dots_and_nul_and_ten_thousand_characters_are_refused_and_do_no_harm() {
    let app = app().start().await;
    let token = app.token(&["*"]).await;
    let authorization = format!("Authorization: Bearer {token}");
    let long = format!("GET /api/v1/cache/entries/{}", "k".repeat(10_000));
    let lines: [&[u8]; 8] = [
        b"GET /../../../../etc/passwd",
        b"GET /admin/production/../../../../etc/passwd",
        b"GET /admin/production/%2e%2e/%2e%2e/etc/passwd",
        b"GET /admin/production/..%2f..%2f..%2fetc%2fpasswd",
        b"GET /api/v1/cache/entries/%00",
        b"GET /api/v1/cache/entries/a\0b",
        b"GET /api/v1/cache/entries/%zz%2e%2e",
        long.as_bytes(),
    ];

    for line in lines {
        let answer = raw_http(app.http_address(), line, &[&authorization]).await;

        let shown = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
        let refused = (400..500).contains(&answer.status);
        let page = answer.status == 200 && answer.head.contains("text/html");
        assert!(refused || page, "{shown}: {}", answer.status);
        assert!(!answer.body.contains("root:"), "{shown}");
    }
    app.client().readyz().await.expect("it still works");
}

#[tokio::test]
async fn a_key_of_the_cache_may_have_slashes_percent_signs_and_dots() {
    let app = app().start().await;

    for key in [
        &b"a/b"[..],
        b"../a",
        b"100%",
        b"%2F",
        b"a?b#c",
        b"..a",
        "\u{fc}ber".as_bytes(),
    ] {
        app.client()
            .put_entry(key, key.to_vec(), Some("60s"))
            .await
            .expect("the key is good");
        assert_eq!(
            app.client().entry(key).await.expect("the entry is there"),
            key
        );
    }
}

#[tokio::test]
async fn a_key_over_the_limit_is_refused_and_nothing_is_stored() {
    let app = app().set("cache.key_max", "1KiB").start().await;
    let long = vec![b'k'; 1025];

    let refused = app
        .client()
        .put_entry(&long, "1", None)
        .await
        .expect_err("the key is too long");

    let problem = refused.problem().expect("the server says why").clone();
    assert!((400..500).contains(&problem.status), "{problem:?}");
    assert!(
        problem.detail.contains("key_max")
            || problem.detail.contains("1024")
            || problem.detail.contains("1KiB"),
        "{problem:?}"
    );
    assert_eq!(
        app.client()
            .cache_stats()
            .await
            .expect("it answers")
            .entries,
        0
    );
}

#[tokio::test]
async fn every_response_forbids_loading_resources_and_content_sniffing() {
    let app = app().start().await;

    for path in ["/healthz", "/api/v1/status", "/nowhere"] {
        let answer = send(app.get(path)).await;
        assert_eq!(
            answer.headers()["x-content-type-options"],
            "nosniff",
            "{path}"
        );
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .expect("text")
            .to_owned();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(answer.headers().contains_key("x-request-id"), "{path}");
    }
}

#[tokio::test]
async fn data_after_the_json_of_a_body_is_refused() {
    let app = app().start().await;
    let token = app.token(&["access:*", "cache:*"]).await;

    let answer = send(
        app.request(Method::POST, "/api/v1/access/tokens")
            .bearer_auth(token)
            .header("Content-Type", "application/json")
            .body(r#"{"name":"a","scopes":["cache:read"]} or not"#),
    )
    .await;

    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let problem: Value = answer.json().await.expect("it is a problem");
    assert_eq!(problem["code"], "invalid_json");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_returns_the_allowed_methods() {
    let app = app().start().await;

    let answer = send(app.request(Method::DELETE, "/healthz")).await;

    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()["allow"], "GET,HEAD");
}

#[tokio::test]
async fn cache_values_are_not_compressed_and_json_is() {
    let app = app().start().await;
    let token = app.token(&["cache:write"]).await;
    let value = "v".repeat(10_000);
    let path = "/api/v1/cache/entries/a";
    let put = app.request(Method::PUT, path).bearer_auth(&token);
    assert_eq!(
        send(put.body(value.clone())).await.status(),
        StatusCode::NO_CONTENT
    );
    let get = async |path: &str| {
        let request = app.get(path).bearer_auth(&token);
        send(request.header("Accept-Encoding", "gzip")).await
    };

    let (entry, stats) = (get(path).await, get("/api/v1/cache/stats").await);

    assert!(!entry.headers().contains_key("content-encoding"));
    assert_eq!(stats.headers()["content-encoding"], "gzip");
    assert_eq!(entry.text().await.expect("it is text"), value);
}

#[tokio::test]
async fn an_ambiguous_head_is_refused() {
    let app = app().start().await;
    let address = app.http_address();
    let line = b"GET /healthz";
    let absolute = format!("GET http://evil.example:{}/api/v1/status", address.port());
    let encoded = |encoding: &'static str| ["Host: localhost", encoding];

    let two_hosts = raw_http(address, line, &["Host: localhost", "Host: evil.example"]).await;
    let two_targets = raw_http(address, absolute.as_bytes(), &["Host: localhost"]).await;
    let user = raw_http(
        address,
        b"GET /api/v1/status",
        &["Host: 127.0.0.1:1@evil.example"],
    )
    .await;
    let list = encoded("Transfer-Encoding: gzip, chunked");
    let list = raw_http(address, b"POST /api/v1/access/login", &list).await;
    let lines = [
        "Host: localhost",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked",
    ];
    let lines = raw_http(address, b"POST /api/v1/access/login", &lines).await;

    assert_eq!(two_hosts.status, 400, "{two_hosts:?}");
    assert_eq!(two_targets.status, 400, "{two_targets:?}");
    assert_eq!(user.status, 400, "{user:?}");
    for refused in [list, lines] {
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.head.contains("connection: close"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_dashboard_path_that_is_not_utf8_returns_a_problem() {
    let app = app().start().await;

    let answer = raw_http(
        app.http_address(),
        b"GET /admin/production/%c0%ae%c0%ae/",
        &[],
    )
    .await;

    assert_eq!(answer.status, 400);
    assert!(
        answer.head.contains("application/problem+json"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn browsers_are_told_to_use_https_if_the_public_url_is_https() {
    let plain = app().start().await;
    let public = app()
        .set("http.public_url", "https://ops.example.com")
        .start()
        .await;

    let plain = send(plain.get("/healthz")).await;
    let public = send(public.get("/healthz")).await;

    assert!(!plain.headers().contains_key("strict-transport-security"));
    assert_eq!(
        public.headers()["strict-transport-security"],
        "max-age=31536000"
    );
}

#[tokio::test]
async fn paths_are_not_logged_because_they_may_contain_a_secret() {
    let app = app().set("log.level", "debug").start().await;
    let token = app.token(&["cache:*"]).await;

    for path in ["/reset/hunter2", "/api/v1/cache/entries/hunter2"] {
        send(app.get(path).bearer_auth(&token)).await;
    }
    send(app.get("/api/v1/cache/stats").bearer_auth(&token)).await;

    let said = outrigger_testapp::eventually("the last request is in the log", async || {
        let said = app.stderr();
        said.contains("/api/v1/cache/stats").then_some(said)
    })
    .await;
    assert!(!said.contains("hunter2"), "{said}");
    assert!(said.contains("/api/v1/cache/entries/{key}"), "{said}");
}
