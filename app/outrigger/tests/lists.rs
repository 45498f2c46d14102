//! Lists are paginated. The lists are read from the OpenAPI document, so new ones are covered automatically.

use anyhow::{Context, Result};
use outrigger_testapp::Outrigger;
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn start() -> (Outrigger, String) {
    let app = Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
        .start()
        .await;
    let token = app.token(&["*"]).await;
    (app, token)
}

async fn get(app: &Outrigger, token: &str, path: &str) -> Result<(StatusCode, Value)> {
    let answer = app.get(path).bearer_auth(token).send().await?;
    Ok((answer.status(), answer.json().await?))
}

/// The paths of all lists that grow.
async fn lists(app: &Outrigger, token: &str) -> Result<Vec<String>> {
    let (_, document) = get(app, token, "/api/openapi.json").await?;
    let paths = document["paths"].as_object().context("there are paths")?;
    let is_list = |operations: &Value| {
        let schema =
            &operations["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        schema["$ref"]
            .as_str()
            .is_some_and(|name| name.starts_with("#/components/schemas/Page_"))
    };
    let found = paths.iter().filter(|(_, operations)| is_list(operations));
    Ok(found.map(|(path, _)| path.clone()).collect())
}

#[tokio::test]
async fn every_list_refuses_an_invalid_limit_or_cursor_and_names_it() -> Result<()> {
    let (app, token) = start().await;
    let lists = lists(&app, &token).await?;
    assert!(lists.len() >= 5, "{lists:?}");

    for list in lists {
        for (query, field, code) in [
            ("limit=0", "limit", "out_of_range"),
            ("limit=501", "limit", "out_of_range"),
            ("limit=-1", "limit", "invalid"),
            ("limit=many", "limit", "invalid"),
            ("limit=", "limit", "invalid"),
            ("cursor=nonsense", "cursor", "invalid"),
            ("cursor=", "cursor", "invalid"),
            ("page=2", "page", "invalid"),
        ] {
            let path = format!("{list}?{query}");
            let (status, problem) = get(&app, &token, &path).await?;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
            assert_eq!(problem["fields"][0]["field"], field, "{path}: {problem}");
            assert_eq!(problem["fields"][0]["code"], code, "{path}: {problem}");
        }
        let (status, page) = get(&app, &token, &format!("{list}?limit=500")).await?;
        assert_eq!(status, StatusCode::OK, "{list}");
        assert_eq!(page["next"], Value::Null, "{list}");
    }
    Ok(())
}

#[tokio::test]
async fn the_next_page_continues_where_the_page_before_ended() -> Result<()> {
    let (app, token) = start().await;
    for _ in 0..4 {
        app.token(&["cache:read"]).await;
    }
    let path = "/api/v1/access/tokens";
    let (_, whole) = get(&app, &token, path).await?;

    let mut ids = Vec::new();
    let mut next = String::new();
    let mut pages = 0;
    loop {
        let (_, page) = get(&app, &token, &format!("{path}?limit=2{next}")).await?;
        let items = page["items"].as_array().context("it is a list")?;
        ids.extend(items.iter().map(|item| item["id"].clone()));
        pages += 1;
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }

    let all = whole["items"].as_array().context("it is a list")?;
    let all: Vec<_> = all.iter().map(|item| item["id"].clone()).collect();
    assert_eq!((pages, ids.len()), (3, 5));
    assert_eq!(ids, all);
    assert_eq!(whole["count"], json!({ "value": 5, "relation": "eq" }));
    Ok(())
}

#[tokio::test]
async fn the_configuration_is_a_list_with_one_page() -> Result<()> {
    let (app, token) = start().await;

    let (_, page) = get(&app, &token, "/api/v1/config").await?;

    assert_eq!(page.get("next"), Some(&Value::Null));
    Ok(())
}
