//! Hosts, pages of other sites, and the headers that handlers set themselves.

use axum::{Extension, response::IntoResponse};
use outrigger_access::Principal;
use outrigger_http_api::{Capability, RouteTable, Sites};
use utoipa_axum::routes;

use crate::fixture::{bearer, empty, request, with_routes};

const ERRORS: Capability = Capability::new("errors");
const FILES: Capability = Capability::new("files");

#[utoipa::path(post, path = "/own", responses((status = 200)))]
async fn own(Extension(principal): Extension<Principal>) -> String {
    principal.actor.label().to_owned()
}

#[utoipa::path(post, path = "/any", responses((status = 200)))]
async fn any(Extension(principal): Extension<Principal>) -> String {
    principal.actor.label().to_owned()
}

#[utoipa::path(post, path = "/shop", responses((status = 200)))]
async fn shop() -> &'static str {
    "ok"
}

#[utoipa::path(get, path = "/forwarded", responses((status = 200)))]
async fn forwarded() -> &'static str {
    "ok"
}

#[utoipa::path(get, path = "/image", responses((status = 200)))]
async fn image() -> impl IntoResponse {
    let headers = [
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-frame-options", "SAMEORIGIN"),
        ("content-security-policy", "default-src 'self'"),
    ];
    (headers, "image")
}

fn table() -> RouteTable {
    let shops = Sites::Only(|origin| origin == "https://shop.example");
    RouteTable::new()
        .add(ERRORS.signed_in(), routes!(own))
        .add(ERRORS.signed_in().from_sites(Sites::Any), routes!(any))
        .add(ERRORS.open().from_sites(shops), routes!(shop))
        .add(FILES.open().any_host(), routes!(forwarded))
        .add(FILES.open(), routes!(image))
}

#[tokio::test]
async fn pages_of_other_sites_can_make_changes_only_if_the_route_allows_it() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["*"]).await;
    let from = async |path: &str, headers: &[(&str, &str)]| {
        let builder = bearer(request("POST", path), &token);
        let builder = headers.iter().fold(builder, |builder, (name, value)| {
            builder.header(*name, *value)
        });
        fixture.send(empty(builder)).await
    };

    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://shop.example")],
        &[("origin", "null")],
    ] {
        let refused = from("/own", headers).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "cross_site")
        );
        assert_eq!(from("/any", headers).await.status, 200);
    }
    assert_eq!(
        from("/own", &[("origin", "http://localhost:7300")])
            .await
            .status,
        200
    );
    assert_eq!(
        from("/shop", &[("origin", "https://shop.example")])
            .await
            .status,
        200
    );
    assert_eq!(
        from("/shop", &[("origin", "https://other.example")])
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn the_cookie_of_a_request_from_another_site_is_ignored() {
    let fixture = with_routes(table()).await;
    let cookie = fixture.cookie().await;
    let call = async |site: &str| {
        let builder = request("POST", "/any")
            .header("cookie", &cookie)
            .header("sec-fetch-site", site);
        fixture.send(empty(builder)).await.status
    };

    assert_eq!(call("same-origin").await, 200);
    assert_eq!(call("cross-site").await, 401);
}

#[tokio::test]
async fn a_preflight_request_gets_the_sites_of_its_route() {
    let fixture = with_routes(table()).await;
    let ask = async |path: &str, origin: &str| {
        let builder = request("OPTIONS", path)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-sentry-auth");
        fixture.send(empty(builder)).await
    };

    let any = ask("/any", "https://a.example").await;
    let shop = ask("/shop", "https://shop.example").await;
    let other = ask("/shop", "https://other.example").await;
    let own = ask("/own", "https://a.example").await;

    assert_eq!(any.status, 204);
    assert_eq!(any.header("access-control-allow-origin"), Some("*"));
    assert_eq!(any.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(
        any.header("access-control-allow-headers"),
        Some("x-sentry-auth")
    );
    assert_eq!(any.header("access-control-allow-credentials"), None);
    assert_eq!(
        shop.header("access-control-allow-origin"),
        Some("https://shop.example")
    );
    assert_eq!(
        (other.status, other.header("access-control-allow-origin")),
        (403, None)
    );
    assert_eq!(
        (own.status, own.header("access-control-allow-origin")),
        (405, None)
    );
}

#[tokio::test]
async fn an_allowed_page_can_read_error_responses() {
    let fixture = with_routes(table()).await;
    let builder = request("POST", "/any").header("origin", "https://a.example");

    let refused = fixture.send(empty(builder)).await;

    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn an_unknown_host_reaches_only_routes_that_accept_any_host() {
    let fixture = with_routes(table()).await;
    let get = async |path: &str| {
        let builder = http::Request::get(path).header("host", "shop.example");
        fixture.send(empty(builder)).await.status
    };

    assert_eq!(get("/forwarded").await, 200);
    assert_eq!(get("/image").await, 421);
    assert_eq!(get("/nowhere").await, 421);
}

#[tokio::test]
async fn the_headers_of_a_handler_are_kept() {
    let fixture = with_routes(table()).await;

    let answer = fixture.send(empty(request("GET", "/image"))).await;

    assert_eq!(
        answer.header("cross-origin-resource-policy"),
        Some("cross-origin")
    );
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
    assert_eq!(
        answer.header("content-security-policy"),
        Some("default-src 'self'")
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}
