//! Every endpoint refuses callers without credentials and callers without the scope. The endpoints are read from the served
//! OpenAPI document, so new ones are covered automatically.

use anyhow::{Context, Result};
use outrigger_testapp::Outrigger;
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// An operation of the document.
struct Endpoint {
    method: Method,
    path: String,
    /// `None` for an open endpoint.
    scope: Option<String>,
}

fn start() -> outrigger_testapp::Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

async fn endpoints(app: &Outrigger) -> Result<Vec<Endpoint>> {
    let token = app.token(&["*"]).await;
    let document: Value = app
        .get("/api/openapi.json")
        .bearer_auth(token)
        .send()
        .await?
        .json()
        .await?;
    let paths = document["paths"]
        .as_object()
        .context("the document has paths")?;
    let mut endpoints = Vec::new();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().context("a path has operations")? {
            let scope = operation
                .get("x-scope")
                .with_context(|| format!("{method} {path} has no x-scope"))?;
            anyhow::ensure!(
                operation["x-risk"].is_string(),
                "{method} {path} has no x-risk"
            );
            endpoints.push(Endpoint {
                method: method.to_ascii_uppercase().parse()?,
                path: with_parameters(path),
                scope: scope.as_str().map(str::to_owned),
            });
        }
    }
    Ok(endpoints)
}

/// A path with a value for every parameter. The value does not matter: a caller without the scope does not learn whether the
/// object exists.
fn with_parameters(path: &str) -> String {
    const ANY: &str = "0190a5c2-7d3e-7cc1-a5a1-111111111111";
    let segments = path.split('/').map(|segment| match segment {
        parameter if parameter.starts_with('{') => ANY,
        literal => literal,
    });
    segments.collect::<Vec<_>>().join("/")
}

async fn code_of(response: reqwest::Response) -> String {
    let problem: Value = response.json().await.unwrap_or_default();
    problem["code"].as_str().unwrap_or_default().to_owned()
}

/// Metrics are open to requests from this machine. A request with a forwarding header never counts as local.
fn as_stranger(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    request.header("X-Forwarded-For", "192.0.2.1")
}

#[tokio::test]
async fn every_endpoint_that_is_not_open_refuses_callers_without_credentials() -> Result<()> {
    let app = start().start().await;

    let guarded: Vec<_> = endpoints(&app)
        .await?
        .into_iter()
        .filter(|endpoint| endpoint.scope.is_some())
        .collect();

    assert!(
        guarded.len() > 20,
        "the document lists {} guarded endpoints",
        guarded.len()
    );
    for endpoint in guarded {
        let response = as_stranger(app.request(endpoint.method.clone(), &endpoint.path))
            .send()
            .await?;
        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "{} {}",
            endpoint.method,
            endpoint.path
        );
        assert_eq!(
            code_of(response).await,
            "unauthenticated",
            "{} {}",
            endpoint.method,
            endpoint.path
        );
    }
    Ok(())
}

#[tokio::test]
async fn every_endpoint_with_a_scope_refuses_a_token_without_it() -> Result<()> {
    let app = start().start().await;
    let cache_token = app.token(&["cache:*"]).await;
    let metrics_token = app.token(&["metrics:read"]).await;

    for endpoint in endpoints(&app).await? {
        let Some(scope) = endpoint.scope.filter(|scope| scope != "signed-in") else {
            continue;
        };
        let wrong = if scope.starts_with("cache:") {
            &metrics_token
        } else {
            &cache_token
        };
        let request =
            as_stranger(app.request(endpoint.method.clone(), &endpoint.path)).bearer_auth(wrong);
        let response = request.send().await?;
        assert_eq!(
            response.status(),
            StatusCode::FORBIDDEN,
            "{} {}",
            endpoint.method,
            endpoint.path
        );
        assert_eq!(
            code_of(response).await,
            "scope_missing",
            "{} {}",
            endpoint.method,
            endpoint.path
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_open_endpoints_are_these_and_no_others() -> Result<()> {
    let app = start().start().await;

    let open = endpoints(&app)
        .await?
        .into_iter()
        .filter(|endpoint| endpoint.scope.is_none());
    let mut open: Vec<_> = open
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    open.sort();

    assert_eq!(
        open,
        [
            "GET /healthz",
            "GET /readyz",
            "POST /api/v1/access/login",
            "POST /api/v1/access/login-link"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn metrics_are_open_to_this_machine_only() -> Result<()> {
    let app = start().start().await;

    let here = app.get("/metrics").send().await?;
    let forwarded = as_stranger(app.get("/metrics")).send().await?;

    assert_eq!(here.status(), StatusCode::OK);
    assert!(here.text().await?.contains("outrigger_build_info"));
    assert_eq!(forwarded.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}
