//! The OpenAPI document: what is said once for all routes, and what keeps the snapshot the same from build to build.

use http::StatusCode;
use outrigger_api_types::problem::{FieldProblem, Problem};
use serde_json::Value;
use utoipa::openapi::{
    Components, ComponentsBuilder, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    ResponseBuilder, SecurityRequirement,
    path::Operation,
    schema::{KnownFormat, Schema, SchemaFormat, SchemaType, Type},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

const BEARER: &str = "token";
const COOKIE: &str = "session";

/// The document without routes.
pub(crate) fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Outrigger")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The production companion of a web application. `x-scope` names the scope that a route needs (`signed-in`: any \
             session or token; null: nothing), `x-risk` what it can destroy, `x-audit` how the audit log calls it, and \
             `x-idempotency-key` that it takes an `Idempotency-Key` header.",
        ))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components()))
        .security(Some([
            SecurityRequirement::new(BEARER, Vec::<String>::new()),
            SecurityRequirement::new(COOKIE, Vec::<String>::new()),
        ]))
        .build()
}

fn components() -> Components {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("`Bearer otr_…`"))
        .build();
    let name = "`__Host-outrigger` on https, `outrigger_<port>` on plain loopback";
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description("__Host-outrigger", name));
    ComponentsBuilder::new()
        .schema_from::<Problem>()
        .schema_from::<FieldProblem>()
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .security_scheme(COOKIE, SecurityScheme::ApiKey(cookie))
        .build()
}

/// Says what the document format demands of every answer, that every error is a problem, and what an id looks like.
pub(crate) fn complete(operation: &mut Operation) {
    let parameters = operation.parameters.iter_mut().flatten();
    for parameter in parameters {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "id"
            && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
            && schema.schema_type == SchemaType::Type(Type::String)
        {
            schema.format = Some(SchemaFormat::KnownFormat(KnownFormat::Uuid));
        }
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        let reason = status
            .parse()
            .ok()
            .and_then(|code: u16| StatusCode::from_u16(code).ok()?.canonical_reason());
        if response.description.is_empty() {
            response.description = reason.unwrap_or("An answer").to_owned();
        }
    }
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    let any = ResponseBuilder::new()
        .description("Any error")
        .content("application/problem+json", problem)
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(any));
}

/// The document as JSON. Extensions come from a hash map, so everything is sorted to be the same each time.
pub(crate) fn to_json(document: &OpenApi) -> Value {
    let mut json = serde_json::to_value(document).expect("a document made from types serialises");
    json.sort_all_objects();
    json
}

#[cfg(test)]
mod tests {
    use crate::routes;

    #[test]
    fn every_answer_is_described_and_every_route_says_how_it_fails() {
        let document = super::to_json(&routes::table().into_parts().1);

        for (path, operations) in document["paths"].as_object().expect("there are paths") {
            for (method, operation) in operations.as_object().expect("there are operations") {
                let responses = operation["responses"]
                    .as_object()
                    .expect("there are responses");
                assert!(responses.contains_key("default"), "{method} {path}");
                for (status, response) in responses {
                    assert!(
                        response["description"].is_string(),
                        "{method} {path} {status}"
                    );
                }
                assert!(
                    operation["summary"].is_string(),
                    "{method} {path} has no summary"
                );
            }
        }
    }

    #[test]
    fn every_post_that_makes_something_takes_an_idempotency_key() {
        let document = super::to_json(&routes::table().into_parts().1);
        let paths = document["paths"].as_object().expect("there are paths");
        let makers: Vec<_> = paths
            .iter()
            .filter(|(_, operations)| operations["post"]["responses"]["201"].is_object())
            .collect();

        assert!(makers.len() >= 4, "{makers:?}");
        for (path, operations) in makers {
            assert_eq!(
                operations["post"]["x-idempotency-key"], true,
                "POST {path} answers 201; its guard lacks `.creates()`"
            );
        }
    }

    /// Method, path and operation of every route.
    fn operations() -> Vec<(String, String, serde_json::Value)> {
        let document = super::to_json(&routes::table().into_parts().1);
        let paths = document["paths"].as_object().expect("there are paths");
        let of_path = |(path, operations): (&String, &serde_json::Value)| {
            let operations = operations
                .as_object()
                .expect("there are operations")
                .clone();
            let path = path.clone();
            operations
                .into_iter()
                .map(move |(method, operation)| (method, path.clone(), operation))
        };
        paths.iter().flat_map(of_path).collect()
    }

    #[test]
    fn what_risks_something_is_in_the_audit_log_under_the_name_of_its_capability() {
        for (method, path, operation) in operations() {
            let tag = operation["tags"][0]
                .as_str()
                .expect("every route has a tag");
            let audit = operation["x-audit"].as_str();

            assert!(
                operation["x-risk"] == "safe" || audit.is_some(),
                "{method} {path} is {} and has no `x-audit`",
                operation["x-risk"]
            );
            assert!(
                audit.is_none_or(|action| action.starts_with(&format!("{tag}."))),
                "{method} {path} is tagged `{tag}` and audited as {audit:?}"
            );
        }
    }

    #[test]
    fn only_what_may_change_something_has_another_method_than_get() {
        const OPEN: [&str; 2] = ["/api/v1/access/login", "/api/v1/access/login-link"];
        for (method, path, operation) in operations() {
            let scope = operation["x-scope"].as_str();
            let may_change = match scope {
                Some("signed-in" | "ingest") => true,
                Some(scope) => [":write", ":*", ":work"]
                    .iter()
                    .any(|end| scope.ends_with(end)),
                None => OPEN.contains(&path.as_str()),
            };

            assert!(
                method == "get" || method == "head" || may_change,
                "{method} {path} needs {scope:?}, which changes nothing"
            );
        }
    }

    /// The schemas of what a request may hold, with where they stand.
    fn inputs() -> Vec<(String, serde_json::Value)> {
        let document = super::to_json(&routes::table().into_parts().1);
        let mut found = Vec::new();
        for (method, path, operation) in operations() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let place = format!("{method} {path} {}", parameter["name"]);
                found.push((place, parameter["schema"].clone()));
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let Some(name) = body.as_str().and_then(|name| name.rsplit('/').next()) else {
                continue;
            };
            let schema = &document["components"]["schemas"][name];
            for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
                found.push((format!("{name}.{field}"), schema.clone()));
            }
        }
        found
    }

    #[test]
    fn every_number_that_is_taken_has_a_range_and_every_id_is_one() {
        let inputs = inputs();

        assert!(inputs.len() > 20, "{inputs:?}");
        for (place, schema) in inputs {
            let is_number = schema["type"].to_string().contains("integer");
            assert!(
                !is_number || (schema["minimum"].is_number() && schema["maximum"].is_number()),
                "{place}: {schema}"
            );
            assert!(
                !place.ends_with("\"id\"") || schema["format"] == "uuid",
                "{place}: {schema}"
            );
        }
    }

    #[test]
    fn the_document_is_the_same_each_time() {
        let once = super::to_json(&routes::table().into_parts().1).to_string();

        assert_eq!(
            super::to_json(&routes::table().into_parts().1).to_string(),
            once
        );
    }
}
